package graph

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	// InMemory is the size in bytes up to which a document is held in memory.
	InMemory = 4 << 20
	// fetchTries is how often a file is read anew that changes while it is read.
	fetchTries = 3
	// linkLife is how long a link of a listing is used. The service takes it for an hour.
	linkLife = 15 * time.Minute
	// maxLinks is how many links are kept. A listing that runs further ahead than this does not keep more.
	maxLinks = 4096
)

// links keeps the links to contents that a listing gave, so that a file that is read soon costs one call and not two. They open
// the file to whoever has them: they stay in memory. It is safe for concurrent use.
type links struct {
	mu   sync.Mutex
	byID map[string]link
}

type link struct {
	url, version string
	at           time.Time
}

func (l *links) put(item *Item) {
	if item.DownloadURL == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil {
		l.byID = map[string]link{}
	}
	if len(l.byID) >= maxLinks {
		for id, old := range l.byID {
			if time.Since(old.at) > linkLife {
				delete(l.byID, id)
			}
		}
	}
	if _, known := l.byID[item.ID]; known || len(l.byID) < maxLinks {
		l.byID[item.ID] = link{item.DownloadURL, item.version(), time.Now()}
	}
}

// take gives a link away, "" when there is none for a version of an item.
func (l *links) take(d document.Document) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.byID[d.Identifier]
	delete(l.byID, d.Identifier)
	if found.version != d.Version || time.Since(found.at) > linkLife {
		return ""
	}
	return found.url
}

// Fetch reads a file. One that changed since it was listed comes with its new content and, in File.Found, its new version and date.
func (f *Files) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	if ctx.Err() != nil {
		return document.File{}, context.Cause(ctx)
	}
	what := "read " + d.Path
	if at := f.links.take(d); at != "" {
		content, err := f.download(ctx, what, at)
		switch {
		case err == nil && content.Size() == d.Size:
			return content.File(d.Name, d.MIMEType), nil
		case err == nil:
			content.Close() // another version
		case !errors.Is(err, errLink) && !errors.Is(err, connector.ErrNotFound) && !errors.Is(err, connector.ErrForbidden):
			return document.File{}, err
		}
		// The file itself tells better.
	}
	p, err := f.find(ctx)
	if err != nil {
		return document.File{}, err
	}
	item, err := f.item(ctx, what, p.drive, d.Identifier)
	for range fetchTries {
		if err != nil {
			return document.File{}, err
		}
		content, err := f.content(ctx, what, p.drive, item)
		if err != nil {
			return document.File{}, err
		}
		after := item
		if content.Size() != item.Size { // it has changed in between, or the service counts otherwise
			if after, err = f.item(ctx, what, p.drive, d.Identifier); err != nil {
				content.Close()
				return document.File{}, err
			}
		}
		if after.ETag == item.ETag {
			file := content.File(d.Name, item.mimeType())
			if v := item.version(); v != d.Version {
				file.Found = document.Found{Version: v, Modified: item.Modified.UTC()}
			}
			return file, nil
		}
		content.Close()
		item = after
	}
	return document.File{}, connector.Retry(nil, time.Minute, "%s: it changes while it is read", what)
}

// item reads what the service says of a file now.
func (f *Files) item(ctx context.Context, what, drive, id string) (*Item, error) {
	item := &Item{}
	if err := f.client.Get(ctx, what, ItemPath(drive, id), item); err != nil {
		return nil, err
	}
	if item.File == nil || item.Deleted != nil {
		return nil, connector.Fail(connector.ErrNotFound, "%s: it is not a file any more", what)
	}
	return item, nil
}

// content reads the bytes of an item.
func (f *Files) content(ctx context.Context, what, drive string, item *Item) (*spool.Spool, error) {
	at, err := f.address(ctx, what, drive, item)
	if err != nil {
		return nil, err
	}
	return f.download(ctx, what, at)
}

// address is where the bytes of an item are, for a while and for whoever knows it.
func (f *Files) address(ctx context.Context, what, drive string, item *Item) (string, error) {
	if item.DownloadURL != "" {
		return item.DownloadURL, nil
	}
	a, err := f.client.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: ItemPath(drive, item.ID) + "/content", OK: []int{http.StatusFound}})
	if err != nil {
		return "", err
	}
	at := a.Header.Get("Location")
	if a.Status != http.StatusFound || at == "" {
		return "", connector.Fail(nil, "%s: %s does not say where the content is", what, service)
	}
	return at, nil
}

// Store is the way to an address that Graph gave for contents. Its host is not Graph's and gets no token. rest is the path there.
func (c *Client) Store(what, address string) (store *rest.Client, path string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, "", connector.Fail(nil, "%s: %s gives no address for the content", what, service)
	}
	return (&rest.Client{Service: "the file store of Microsoft 365", Bases: []string{"https://" + u.Host}, Refuse: c.refuseStore}).Open(c.env), u.RequestURI(), nil
}

// errLink is an address of contents that is not good any more.
var errLink = errors.New("the link has ended")

// refuseStore is refuse for a host that needs no token.
func (c *Client) refuseStore(what string, a rest.Answer) error {
	if a.Status == http.StatusUnauthorized {
		return connector.Retry(errLink, 0, "%s: the address of the content is not good any more", what)
	}
	return c.refuse(what, a)
}

func (f *Files) download(ctx context.Context, what, address string) (*spool.Spool, error) {
	store, path, err := f.client.Store(what, address)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	content, _, err := store.Read(ctx, rest.Request{What: what, Path: path}, f.env.TempDir, InMemory, rest.SameTag)
	return content, err
}

// touch reads the first byte of a file.
func (f *Files) touch(ctx context.Context, drive string, item *Item) error {
	what := "read " + item.Name
	at, err := f.address(ctx, what, drive, item)
	if err != nil {
		return err
	}
	store, path, err := f.client.Store(what, at)
	if err != nil {
		return err
	}
	defer store.Close()
	_, err = store.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: path, Header: http.Header{"Range": {"bytes=0-0"}}})
	return err
}
