package confluence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/atlassian"
)

const (
	v2 = "/api/v2"
	v1 = "/rest/api"
	// cloudPage and ownPage are how many entries a page of a listing has: the most that the cloud gives, and what other sites give
	// with the fields that are asked for.
	cloudPage = 250
	ownPage   = 200
)

// space is a space.
type space struct {
	ID  string // of the cloud
	Key string
}

// entry is a page or an attachment of a listing.
type entry struct {
	id       int64
	ID       string
	Title    string
	Parent   string // id of the page above; "" for none
	Version  string
	Created  time.Time
	Modified time.Time
	// of attachments
	MediaType string
	Size      int64
}

// site is the way to a site.
type site struct{ *atlassian.Site }

func open(config map[string]any, env connector.Env) (*site, error) {
	s, err := atlassian.Open("Confluence", config, []string{"password", "api_token", "token"}, env)
	if err != nil {
		return nil, err
	}
	if s.Cloud && !strings.HasSuffix(s.Address, "/wiki") {
		s.Client.Bases = []string{s.Address + "/wiki"}
	}
	return &site{s}, nil
}

// list walks the pages of a listing: those of the cloud's second interface by a mark, the others by an offset. Each gives its
// entries to visit, which ends the walk with false.
func list[T any](ctx context.Context, s *site, what, path string, q url.Values, visit func([]T) (bool, error)) error {
	mark := "start"
	size := ownPage
	if strings.HasPrefix(path, v2) {
		mark, size = "cursor", cloudPage
	}
	if !q.Has("limit") {
		q.Set("limit", strconv.Itoa(size))
	}
	for {
		var page struct {
			Results *[]T `json:"results"`
			Links   struct {
				Next string `json:"next"`
			} `json:"_links"`
		}
		if _, err := s.Get(ctx, what, path, q, &page); err != nil {
			return err
		}
		if page.Results == nil {
			return connector.Fail(nil, "%s: the answer is not that of Confluence; check url and cloud", what)
		}
		if more, err := visit(*page.Results); err != nil || !more || page.Links.Next == "" {
			return err
		}
		next := atlassian.Mark(page.Links.Next, mark)
		if next == "" || next == q.Get(mark) {
			return connector.Fail(nil, "%s: the service says that there is more and not where", what)
		}
		q.Set(mark, next)
	}
}

type spaceRow struct {
	ID  any    `json:"id"` // a text in the cloud, a number elsewhere
	Key string `json:"key"`
}

func (r spaceRow) space() space {
	id, _ := r.ID.(string)
	return space{ID: id, Key: r.Key}
}

// spaces are those to read, in the order of their keys. Those of names are looked up one by one; without any they are all that
// there are, at most most.
func (s *site) spaces(ctx context.Context, names []string, most int) ([]space, error) {
	var out []space
	for _, key := range names {
		found, err := s.space(ctx, key)
		if err != nil {
			return nil, err
		}
		out = append(out, found)
	}
	if len(names) == 0 {
		path, q := v1+"/space", url.Values{"status": {"current"}}
		if s.Cloud {
			path = v2 + "/spaces"
			q.Set("sort", "key")
		}
		err := list(ctx, s, "list spaces", path, q, func(rows []spaceRow) (bool, error) {
			for _, r := range rows {
				out = append(out, r.space())
			}
			return !s.Cloud || len(out) < most, nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b space) int { return strings.Compare(a.Key, b.Key) })
	out = slices.CompactFunc(out, func(a, b space) bool { return a.Key == b.Key })
	if len(names) == 0 && len(out) > most {
		out = out[:most]
	}
	return out, nil
}

func (s *site) space(ctx context.Context, key string) (space, error) {
	what := fmt.Sprintf("read space %q", key)
	missing := connector.Fail(connector.ErrNotFound, "%s: it does not exist, or %s may not view it; check spaces", what, s.Who())
	if !s.Cloud {
		var row spaceRow
		status, err := s.Get(ctx, what, v1+"/space/"+url.PathEscape(key), nil, &row, http.StatusNotFound)
		if err == nil && (status == http.StatusNotFound || row.Key == "") {
			err = missing
		}
		return row.space(), err
	}
	var found []space
	err := list(ctx, s, what, v2+"/spaces", url.Values{"keys": {key}, "limit": {"1"}}, func(rows []spaceRow) (bool, error) {
		for _, r := range rows {
			found = append(found, r.space())
		}
		return false, nil
	})
	if err == nil && len(found) == 0 {
		err = missing
	}
	return append(found, space{})[0], err
}

// cloudRow and ownRow are pages and attachments as the two interfaces have them.
type cloudRow struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Title     string    `json:"title"`
	ParentID  string    `json:"parentId"`
	Created   time.Time `json:"createdAt"`
	MediaType string    `json:"mediaType"`
	Size      int64     `json:"fileSize"`
	PageID    string    `json:"pageId"`
	Version   struct {
		Number  int64     `json:"number"`
		Created time.Time `json:"createdAt"`
	} `json:"version"`
	Body struct {
		View struct {
			Value string `json:"value"`
		} `json:"view"`
	} `json:"body"`
}

func (r cloudRow) entry() entry {
	return entry{id: number(r.ID), ID: r.ID, Title: r.Title, Parent: r.ParentID, Version: strconv.FormatInt(r.Version.Number, 10),
		Created: r.Created.UTC(), Modified: r.Version.Created.UTC(), MediaType: r.MediaType, Size: r.Size}
}

type ownRow struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Title   string `json:"title"`
	Version struct {
		Number int64     `json:"number"`
		When   time.Time `json:"when"`
	} `json:"version"`
	History struct {
		Created time.Time `json:"createdDate"`
	} `json:"history"`
	Ancestors []struct {
		ID string `json:"id"`
	} `json:"ancestors"`
	Container struct {
		ID string `json:"id"`
	} `json:"container"`
	Extensions struct {
		MediaType string `json:"mediaType"`
		Size      int64  `json:"fileSize"`
	} `json:"extensions"`
	Links struct {
		Download string `json:"download"`
	} `json:"_links"`
	Body struct {
		View struct {
			Value string `json:"value"`
		} `json:"view"`
	} `json:"body"`
}

func (r ownRow) entry() entry {
	e := entry{id: number(r.ID), ID: r.ID, Title: r.Title, Version: strconv.FormatInt(r.Version.Number, 10), Created: r.History.Created.UTC(),
		Modified: r.Version.When.UTC(), MediaType: r.Extensions.MediaType, Size: r.Extensions.Size}
	if n := len(r.Ancestors); n > 0 {
		e.Parent = r.Ancestors[n-1].ID // from the top down
	}
	return e
}

// number is the order of ids: that of a page is a number, that of an attachment has att before it.
func number(id string) int64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(id, "att"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// errOrder is a listing that does not follow its ids.
var errOrder = errors.New("no order")

// pages gives the pages of a space in the order of their ids, some at a time, at most most. The cloud sorts them; those of other
// sites come in an order of the server's own and are sorted here.
func (s *site) pages(ctx context.Context, in space, most int, visit func([]entry) error) error {
	what := fmt.Sprintf("list the pages of space %q", in.Key)
	n := 0
	if s.Cloud {
		last := int64(-1)
		return list(ctx, s, what, v2+"/pages", url.Values{"space-id": {in.ID}, "status": {"current"}, "sort": {"id"}}, func(rows []cloudRow) (bool, error) {
			var some []entry
			for _, r := range rows {
				e := r.entry()
				if e.id <= last {
					return false, connector.Fail(errOrder, "%s: Confluence does not list them in the order of their ids", what)
				}
				last = e.id
				if n++; n <= most {
					some = append(some, e)
				}
			}
			return n < most, visit(some)
		})
	}
	var all []entry
	q := url.Values{"spaceKey": {in.Key}, "type": {"page"}, "status": {"current"}, "expand": {"version,history,ancestors"}}
	err := list(ctx, s, what, v1+"/content", q, func(rows []ownRow) (bool, error) {
		for _, r := range rows {
			if n++; n <= most {
				all = append(all, r.entry())
			}
		}
		return n < most, nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
	all = slices.CompactFunc(all, func(a, b entry) bool { return a.id == b.id })
	for some := range slices.Chunk(all, ownPage) {
		if err := visit(some); err != nil {
			return err
		}
	}
	return nil
}

// attachments are those of a page that are no images, in the order of their ids. A page that is gone has none.
func (s *site) attachments(ctx context.Context, page string) ([]entry, error) {
	const what = "list the attachments of a page"
	var out []entry
	var err error
	if s.Cloud {
		err = list(ctx, s, what, v2+"/pages/"+url.PathEscape(page)+"/attachments", url.Values{"status": {"current"}}, func(rows []cloudRow) (bool, error) {
			for _, r := range rows {
				out = append(out, r.entry())
			}
			return true, nil
		})
	} else {
		err = list(ctx, s, what, v1+"/content/"+url.PathEscape(page)+"/child/attachment", url.Values{"expand": {"version,history"}}, func(rows []ownRow) (bool, error) {
			for _, r := range rows {
				out = append(out, r.entry())
			}
			return true, nil
		})
	}
	if errors.Is(err, connector.ErrNotFound) {
		return nil, nil
	}
	out = slices.DeleteFunc(out, func(e entry) bool { return strings.HasPrefix(e.MediaType, "image/") })
	slices.SortFunc(out, func(a, b entry) int { return cmp.Or(cmp.Compare(a.id, b.id), strings.Compare(a.ID, b.ID)) })
	return out, err
}
