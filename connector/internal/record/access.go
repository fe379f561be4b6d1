package record

import (
	"maps"
	"slices"
)

// Rights are what a grant lets somebody do, from less to more: each has those before it.
type Rights int

const (
	None      Rights = iota
	MayRead          // see it
	MayUpdate        // and change it
	MayDelete        // and remove it
)

// rightNames are the rights of metadata.data_source.permissions_data, in their order.
var rightNames = [MayDelete]string{"read", "update", "delete"}

// Access collects who may do what with a document. The zero value is nobody. It is not safe for concurrent use.
type Access struct {
	users, groups [MayDelete]map[string]struct{}
}

// User adds the rights of a user, by the id that the source has for it.
func (a *Access) User(id string, rights Rights) { grant(&a.users, id, rights) }

// Group adds the rights of a group.
func (a *Access) Group(id string, rights Rights) { grant(&a.groups, id, rights) }

func grant(to *[MayDelete]map[string]struct{}, id string, rights Rights) {
	if id == "" {
		return
	}
	for right := range rights {
		if to[right] == nil {
			to[right] = map[string]struct{}{}
		}
		to[right][id] = struct{}{}
	}
}

// Only leaves of a right's users and groups those that another access has, when that names any.
func (a *Access) Only(right Rights, other *Access) {
	at := right - 1
	if len(other.users[at])+len(other.groups[at]) > 0 {
		a.users[at], a.groups[at] = other.users[at], other.groups[at]
	}
}

// Data is permissions_data: for each right the ids of its users and groups, sorted, as JSON gives lists back.
func (a *Access) Data() []map[string]any {
	out := make([]map[string]any, MayDelete)
	for right, name := range rightNames {
		out[right] = map[string]any{name: map[string]any{"users": sorted(a.users[right]), "groups": sorted(a.groups[right])}}
	}
	return out
}

func sorted(set map[string]struct{}) []any {
	out := []any{}
	for _, id := range slices.Sorted(maps.Keys(set)) {
		out = append(out, id)
	}
	return out
}
