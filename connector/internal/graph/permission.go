package graph

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/connector/internal/record"
)

const (
	// batchesAtOnce is how many batches of permissions are asked for side by side.
	batchesAtOnce = 4
	// group is how many files are described at once.
	group = batchesAtOnce * batchSize
)

// permission is who may do what with an item.
type permission struct {
	Roles     []string   `json:"roles"`
	Grantee   *grantee   `json:"grantedToV2"`
	Grantees  []*grantee `json:"grantedToIdentitiesV2"`
	Grantee1  *grantee   `json:"grantedTo"` // the first version of both, which the service still sends
	Grantees1 []*grantee `json:"grantedToIdentities"`
}

// grantee is a user or a group of the directory. Groups of a SharePoint site are known to that site alone and left out.
type grantee struct {
	User  *identity `json:"user"`
	Group *identity `json:"group"`
}

type identity struct {
	ID string `json:"id"`
}

// rightsOf are those that a role gives. Roles of SharePoint itself come as "sp.role".
func rightsOf(role string) record.Rights {
	switch strings.TrimPrefix(strings.ToLower(strings.TrimSpace(role)), "sp.") {
	case "owner", "full control", "fullcontrol", "manage lists", "manage hierarchy":
		return record.MayDelete
	case "write", "member", "approve", "edit", "contribute":
		return record.MayUpdate
	case "read", "view only", "restricted read":
		return record.MayRead
	}
	return record.None
}

// permissionsData is what data_source says of who may do what.
func permissionsData(list []permission) []map[string]any {
	var access record.Access
	for _, p := range list {
		granted := record.None
		for _, role := range p.Roles {
			granted = max(granted, rightsOf(role))
		}
		all := append([]*grantee{p.Grantee}, p.Grantees...)
		if p.Grantee == nil && len(p.Grantees) == 0 {
			all = append([]*grantee{p.Grantee1}, p.Grantees1...)
		}
		for _, g := range all {
			if g != nil && g.User != nil {
				access.User(g.User.ID, granted)
			}
			if g != nil && g.Group != nil {
				access.Group(g.Group.ID, granted)
			}
		}
	}
	return access.Data()
}

// permissions reads who may do what with some items, at most a group of them. nil stands for an item whose permissions the app
// may not see, or that is gone.
func (f *Files) permissions(ctx context.Context, drive string, items []*Item) ([][]map[string]any, error) {
	const what = "read the permissions of files"
	out := make([][]map[string]any, len(items))
	errs := make([]error, len(items)/batchSize+1)
	var work sync.WaitGroup
	for n := 0; n*batchSize < len(items); n++ {
		work.Go(func() {
			from := n * batchSize
			some := items[from:min(from+batchSize, len(items))]
			paths := make([]string, len(some))
			for i, item := range some {
				paths[i] = ItemPath(drive, item.ID) + "/permissions"
			}
			parts, err := f.client.Batch(ctx, what, paths)
			if err != nil {
				errs[n] = err
				return
			}
			for i, part := range parts {
				if out[from+i], errs[n] = f.permissionsOf(ctx, what, part); errs[n] != nil {
					return
				}
			}
		})
	}
	work.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (f *Files) permissionsOf(ctx context.Context, what string, part Part) ([]map[string]any, error) {
	switch {
	case part.Status == http.StatusNotFound || part.Status == http.StatusGone:
		return nil, nil
	case part.Status == http.StatusForbidden:
		f.warned.Do(func() {
			if f.env.Log != nil {
				f.env.Log.WarnContext(ctx, "the app may not see the permissions of files: permissions_data stays empty", "needs", f.client.needs)
			}
		})
		return nil, nil
	case part.Status != http.StatusOK:
		return nil, f.client.Refusal(what, part)
	}
	var p Page[permission]
	if err := part.Into(what, &p); err != nil {
		return nil, err
	}
	list := p.Value
	if p.Next != "" {
		path, ok := strings.CutPrefix(p.Next, f.client.base+version)
		if !ok {
			return nil, f.client.Refusal(what, Part{Status: http.StatusBadGateway})
		}
		more, err := All[permission](ctx, f.client, what, path)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return permissionsData(list), nil
}
