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

// Holders are those who have one right, by the ids that the source has for them. The zero value is nobody. It is not safe for
// concurrent use.
type Holders struct{ users, groups map[string]struct{} }

// User adds a user; "" is none.
func (h *Holders) User(id string) { add(&h.users, id) }

// Group adds a group; "" is none.
func (h *Holders) Group(id string) { add(&h.groups, id) }

func add(to *map[string]struct{}, id string) {
	if id == "" {
		return
	}
	if *to == nil {
		*to = map[string]struct{}{}
	}
	(*to)[id] = struct{}{}
}

// Empty says that nobody has the right.
func (h Holders) Empty() bool { return len(h.users)+len(h.groups) == 0 }

// Or are those of both.
func (h Holders) Or(other Holders) Holders {
	var out Holders
	for _, from := range []Holders{h, other} {
		for id := range from.users {
			out.User(id)
		}
		for id := range from.groups {
			out.Group(id)
		}
	}
	return out
}

// And are those that both name. Members of a group that the other one names by themselves are not known here.
func (h Holders) And(other Holders) Holders {
	var out Holders
	for id := range h.users {
		if _, ok := other.users[id]; ok {
			out.User(id)
		}
	}
	for id := range h.groups {
		if _, ok := other.groups[id]; ok {
			out.Group(id)
		}
	}
	return out
}

func (h Holders) data() map[string]any {
	return map[string]any{"users": sorted(h.users), "groups": sorted(h.groups)}
}

func sorted(set map[string]struct{}) []any {
	out := []any{}
	for _, id := range slices.Sorted(maps.Keys(set)) {
		out = append(out, id)
	}
	return out
}

// Access is who may do what with a document. The zero value is nobody.
type Access struct{ Read, Update, Delete Holders }

func (a *Access) first(rights Rights) []*Holders {
	return []*Holders{&a.Read, &a.Update, &a.Delete}[:rights]
}

// User adds the rights of a user.
func (a *Access) User(id string, rights Rights) {
	for _, h := range a.first(rights) {
		h.User(id)
	}
}

// Group adds the rights of a group.
func (a *Access) Group(id string, rights Rights) {
	for _, h := range a.first(rights) {
		h.Group(id)
	}
}

// Data is metadata.data_source.permissions_data: for each right the ids of its users and groups, sorted, as JSON gives lists back.
func (a *Access) Data() []map[string]any {
	return []map[string]any{{"read": a.Read.data()}, {"update": a.Update.data()}, {"delete": a.Delete.data()}}
}
