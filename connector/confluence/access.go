package confluence

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
)

// maxAbove is how many pages may stand above another.
const maxAbove = 200

// restriction is who alone may see and change a page; empty is not restricted.
type restriction struct{ read, update record.Holders }

// rules knows who may do what in a space, and remembers what restricts its pages while the space is listed. It is safe for
// concurrent use.
type rules struct {
	site  *site
	space *record.Access // nil when the account may not see it

	mu     sync.Mutex
	parent map[string]string
	known  map[string]restriction
}

func (s *site) rules(ctx context.Context, in space) (*rules, error) {
	r := &rules{site: s, parent: map[string]string{}, known: map[string]restriction{}}
	var err error
	if s.Cloud {
		r.space, err = s.cloudAccess(ctx, in)
	} else {
		r.space, err = s.ownAccess(ctx, in)
	}
	return r, err
}

// allow adds what one permission of a space gives. Targets and operations have the same names in both interfaces.
func allow(a *record.Access, target, operation string, add func(*record.Holders)) {
	switch {
	case target == "space" && operation == "read":
		add(&a.Read)
	case target == "page" && (operation == "create" || operation == "update"):
		add(&a.Update)
	case target == "page" && operation == "delete":
		add(&a.Delete)
	}
}

func (s *site) cloudAccess(ctx context.Context, in space) (*record.Access, error) {
	type row struct {
		Principal struct {
			Type string `json:"type"`
			ID   string `json:"id"`
		} `json:"principal"`
		Operation struct {
			Key    string `json:"key"`
			Target string `json:"targetType"`
		} `json:"operation"`
	}
	var a record.Access
	err := list(ctx, s, fmt.Sprintf("read the permissions of space %q", in.Key), v2+"/spaces/"+url.PathEscape(in.ID)+"/permissions", url.Values{}, func(rows []row) (bool, error) {
		for _, r := range rows {
			allow(&a, r.Operation.Target, r.Operation.Key, func(h *record.Holders) {
				switch r.Principal.Type {
				case "user":
					h.User(r.Principal.ID)
				case "group":
					h.Group(r.Principal.ID)
				}
			})
		}
		return true, nil
	})
	return s.seen(ctx, in, &a, err)
}

// holder is a user or a group. Cloud users have account ids and groups ids; elsewhere users have keys and groups names.
type holder struct {
	Type      string `json:"type"`
	AccountID string `json:"accountId"`
	UserKey   string `json:"userKey"`
	Username  string `json:"username"`
	ID        string `json:"id"`
	Name      string `json:"name"`
}

func first(ids ...string) string {
	for _, id := range ids {
		if id != "" {
			return id
		}
	}
	return ""
}

func (h holder) user() string  { return first(h.AccountID, h.UserKey, h.Username) }
func (h holder) group() string { return first(h.ID, h.Name) }

func (s *site) ownAccess(ctx context.Context, in space) (*record.Access, error) {
	var rows []struct {
		Subject   holder `json:"subject"`
		Operation struct {
			Key    string `json:"operationKey"`
			Target string `json:"targetType"`
		} `json:"operation"`
	}
	status, err := s.Get(ctx, fmt.Sprintf("read the permissions of space %q", in.Key), v1+"/space/"+url.PathEscape(in.Key)+"/permissions", nil, &rows,
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented)
	if err == nil && status >= 300 {
		return nil, nil // an older site
	}
	var a record.Access
	for _, r := range rows {
		allow(&a, r.Operation.Target, r.Operation.Key, func(h *record.Holders) {
			switch r.Subject.Type {
			case "user", "known":
				h.User(r.Subject.user())
			case "group":
				h.Group(r.Subject.group())
			}
		})
	}
	return s.seen(ctx, in, &a, err)
}

// seen turns a refusal to show permissions into permissions that are not known.
func (s *site) seen(ctx context.Context, in space, a *record.Access, err error) (*record.Access, error) {
	if errors.Is(err, connector.ErrForbidden) || errors.Is(err, connector.ErrNotFound) {
		if s.Env.Log != nil {
			s.Env.Log.WarnContext(ctx, "the account may not see the permissions of a space: permissions_data has what restricts pages, and else nothing",
				"space", in.Key, "account", s.Who())
		}
		return nil, nil
	}
	return a, err
}

// restricted reads what restricts a page. One that is gone is not restricted.
func (r *rules) restricted(ctx context.Context, page string) (restriction, error) {
	r.mu.Lock()
	known, ok := r.known[page]
	r.mu.Unlock()
	if ok {
		return known, nil
	}
	type names struct {
		Restrictions struct {
			User struct {
				Results []holder `json:"results"`
			} `json:"user"`
			Group struct {
				Results []holder `json:"results"`
			} `json:"group"`
		} `json:"restrictions"`
	}
	var found struct {
		Read   names `json:"read"`
		Update names `json:"update"`
	}
	_, err := r.site.Get(ctx, "read the restrictions of a page", v1+"/content/"+url.PathEscape(page)+"/restriction/byOperation",
		url.Values{"expand": {"read.restrictions.user,read.restrictions.group,update.restrictions.user,update.restrictions.group"}}, &found, http.StatusNotFound)
	if err != nil {
		return restriction{}, err
	}
	var out restriction
	for _, part := range []struct {
		from names
		to   *record.Holders
	}{{found.Read, &out.read}, {found.Update, &out.update}} {
		for _, h := range part.from.Restrictions.User.Results {
			part.to.User(h.user())
		}
		for _, h := range part.from.Restrictions.Group.Results {
			part.to.Group(h.group())
		}
	}
	r.mu.Lock()
	r.known[page] = out
	r.mu.Unlock()
	return out, nil
}

// learn remembers which pages stand above others.
func (r *rules) learn(pages []entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range pages {
		r.parent[p.ID] = p.Parent
	}
}

// above is the page above another; "" for none.
func (r *rules) above(ctx context.Context, page string) (string, error) {
	r.mu.Lock()
	parent, ok := r.parent[page]
	r.mu.Unlock()
	if ok {
		return parent, nil
	}
	const what = "read the page above a page"
	var e entry
	var err error
	if r.site.Cloud {
		var row cloudRow
		_, err = r.site.Get(ctx, what, v2+"/pages/"+url.PathEscape(page), nil, &row, http.StatusNotFound)
		e = row.entry()
	} else {
		var row ownRow
		_, err = r.site.Get(ctx, what, v1+"/content/"+url.PathEscape(page), url.Values{"expand": {"ancestors"}}, &row, http.StatusNotFound)
		e = row.entry()
	}
	if err != nil {
		return "", err
	}
	e.ID = page
	r.learn([]entry{e})
	return e.Parent, nil
}

// access is who may do what with a page; nil when that is not known. Viewing is restricted by the page itself or by the nearest
// one above that restricts it, editing by the page alone.
func (r *rules) access(ctx context.Context, page string) ([]map[string]any, error) {
	own, err := r.restricted(ctx, page)
	if err != nil {
		return nil, err
	}
	read := own.read
	seen := map[string]bool{}
	for at := page; read.Empty() && len(seen) < maxAbove; {
		seen[at] = true
		if at, err = r.above(ctx, at); err != nil {
			return nil, err
		}
		if at == "" || seen[at] {
			break
		}
		above, err := r.restricted(ctx, at)
		if err != nil {
			return nil, err
		}
		read = above.read
	}
	if r.space == nil && read.Empty() && own.update.Empty() {
		return nil, nil
	}
	var a record.Access
	if r.space != nil {
		a = *r.space
	}
	if !read.Empty() {
		a.Read = read
	}
	if !own.update.Empty() {
		a.Update = own.update
		a.Read = a.Read.Or(own.update)
	}
	if !read.Empty() {
		a.Update = a.Update.And(a.Read)
	}
	if !read.Empty() || !own.update.Empty() {
		a.Delete = a.Delete.And(a.Update)
	}
	return a.Data(), nil
}
