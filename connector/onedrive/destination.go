package onedrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/graph"
	"github.com/sluicehq/sluice/connector/internal/output"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/failpoint"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	// simple is the most bytes that the service takes in one call.
	simple = 4 << 20
	// fragment is the size in bytes of what is sent in one call of an upload session: a multiple of 320 KiB, as the service asks.
	fragment = 32 * 320 << 10
	// tries is how often a write looks again when the file changed while it was written.
	tries = 5
	// cleanTime is how long what a failed upload left may take to be removed.
	cleanTime = 5 * time.Second
)

// destination writes one JSON array of elements a document.
type destination struct {
	*graph.Client
	env    connector.Env
	user   string
	folder string // without slashes at its ends

	mu    sync.Mutex
	drive string // "" until it is known
}

var (
	_ connector.Destination = (*destination)(nil)
	_ connector.Remover     = (*destination)(nil)
)

func newDestination(config map[string]any, env connector.Env) (connector.Destination, error) {
	remote, _ := config["remote_url"].(string)
	folder, err := folderOf(remote)
	if err != nil {
		return nil, err
	}
	c, err := graph.Open(config, "Files.ReadWrite.All", env)
	if err != nil {
		return nil, err
	}
	return &destination{Client: c, env: env, user: graph.Text(config, "user_pname"), folder: folder}, nil
}

// Guarantee implements connector.Destination: a file is replaced whole.
func (d *destination) Guarantee() connector.Guarantee { return connector.Replaces }

// find finds the user's drive, once.
func (d *destination) find(ctx context.Context) (string, error) {
	d.mu.Lock()
	drive := d.drive
	d.mu.Unlock()
	if drive != "" {
		return drive, nil
	}
	drive, err := d.DriveOf(ctx, d.user)
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drive = drive
	return drive, nil
}

func shown(place string) string { return Type + "://" + place }

// Check writes a probe and removes it, in the folder or, as long as that is not there, in the nearest one above it.
func (d *destination) Check(ctx context.Context) error {
	drive, err := d.find(ctx)
	if err != nil {
		return err
	}
	folder := d.folder
	for folder != "" {
		item, err := d.look(ctx, "open "+shown(folder), drive, folder)
		if err != nil {
			return err
		}
		if item[0] != nil {
			if item[0].Folder == nil {
				return connector.Fail(nil, "open %s: it is a file, not a folder; check remote_url", shown(folder))
			}
			break
		}
		if folder = path.Dir(folder); folder == "." {
			folder = ""
		}
	}
	if folder != "" {
		folder += "/"
	}
	return output.Probe(ctx, folder, output.Store{
		Write: func(ctx context.Context, name string, content []byte) error {
			_, err := d.put(ctx, "write to "+shown(d.folder), graph.PlacePath(drive, name)+"/content", content)
			return err
		},
		Remove: func(ctx context.Context, name string) error { return d.delete(ctx, graph.PlacePath(drive, name)) },
		// A request that was broken off may have been carried out.
		Refused: func(error) bool { return ctx.Err() == nil },
		URL:     shown, Log: d.env.Log,
	})
}

// look reads what stands at some places: nil where nothing does.
func (d *destination) look(ctx context.Context, what, drive string, places ...string) ([]*graph.Item, error) {
	paths := make([]string, len(places))
	for i, at := range places {
		paths[i] = graph.PlacePath(drive, at)
	}
	parts, err := d.Batch(ctx, what, paths)
	if err != nil {
		return nil, err
	}
	out := make([]*graph.Item, len(places))
	for i, part := range parts {
		switch part.Status {
		case http.StatusOK:
			out[i] = &graph.Item{}
			if err := part.Into(what, out[i]); err != nil {
				return nil, err
			}
		case http.StatusNotFound:
		default:
			return nil, d.Refusal(what, part)
		}
	}
	return out, nil
}

// held is what the drive holds of a document, and of others at its places.
type held struct {
	main, beside *graph.Item // nil for none
	foreign      bool        // main is another document's
}

func (d *destination) held(ctx context.Context, what, drive, main, beside string) (h held, err error) {
	items, err := d.look(ctx, what, drive, main, beside)
	if err != nil {
		return h, err
	}
	h.main, h.beside = items[0], items[1]
	h.foreign = h.main != nil && !standsAt(h.main, main)
	return h, nil
}

// standsAt says whether an item stands at exactly a place: OneDrive finds it under names in other cases too. One that does not say
// where it stands is taken by its name.
func standsAt(item *graph.Item, place string) bool {
	if at, ok := item.Place(); ok {
		return at == place
	}
	return item.Name == path.Base(place)
}

// Replace writes the file of a document: readers see the old elements or the new ones, whole. The file is found by its place, or
// beside it where a document whose path differs in case alone has come first; a document that stands beside stays there.
func (d *destination) Replace(ctx context.Context, doc document.Document, elements iter.Seq2[element.Element, error]) error {
	main, beside := place(d.folder, doc)
	what := "write " + shown(main)
	whole, err := output.Spool(ctx, what, d.env.TempDir, simple, elements)
	if err != nil {
		return err
	}
	defer whole.Close()
	drive, err := d.find(ctx)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		if err = d.replace(ctx, what, drive, main, beside, whole); err == nil || try == tries {
			return err
		}
		if !errors.Is(err, graph.ErrTaken) && !errors.Is(err, errGone) {
			return err
		}
		if err := rest.Pause(ctx, time.Duration(try)*200*time.Millisecond); err != nil { // another writer of the document
			return err
		}
	}
}

// errGone is a file that went away between the look and the write.
var errGone = errors.New("gone")

func (d *destination) replace(ctx context.Context, what, drive, main, beside string, whole *spool.Spool) error {
	h, err := d.held(ctx, what, drive, main, beside)
	if err != nil {
		return err
	}
	switch {
	case h.beside != nil:
		if err := d.write(ctx, what, drive, h.beside.ID, beside, whole); err != nil {
			return err
		}
		if h.main != nil && !h.foreign { // of a write that was killed below
			return d.delete(ctx, graph.ItemPath(drive, h.main.ID))
		}
		return nil
	case h.foreign:
		return d.create(ctx, what, drive, beside, whole)
	case h.main != nil:
		return d.write(ctx, what, drive, h.main.ID, main, whole)
	}
	made, err := d.upload(ctx, what, drive, "", main, whole)
	if err != nil || standsAt(made, main) {
		return err
	}
	// A folder on the way has another case: it is another document's place.
	if err := d.create(ctx, what, drive, beside, whole); err != nil {
		return err
	}
	return d.delete(ctx, graph.ItemPath(drive, made.ID))
}

func (d *destination) create(ctx context.Context, what, drive, at string, whole *spool.Spool) error {
	_, err := d.upload(ctx, what, drive, "", at, whole)
	return err
}

// write replaces the content of a file.
func (d *destination) write(ctx context.Context, what, drive, id, at string, whole *spool.Spool) error {
	_, err := d.upload(ctx, what, drive, id, at, whole)
	if errors.Is(err, connector.ErrNotFound) {
		return connector.Retry(errGone, 0, "%s: the file went away while it was written", what)
	}
	return err
}

// upload writes the file of an id, or makes one at a place where none is; ErrTaken when there is one.
func (d *destination) upload(ctx context.Context, what, drive, id, at string, whole *spool.Spool) (*graph.Item, error) {
	target := graph.PlacePath(drive, at)
	if id != "" {
		target = graph.ItemPath(drive, id)
	}
	made, err := d.send(ctx, what, target, id, at, whole)
	if id != "" || !errors.Is(err, connector.ErrNotFound) {
		return made, err
	}
	if err := d.folders(ctx, what, drive, path.Dir(at)); err != nil {
		return nil, err
	}
	return d.send(ctx, what, target, id, at, whole)
}

// send uploads in one call or in several.
func (d *destination) send(ctx context.Context, what, target, id, at string, whole *spool.Spool) (*graph.Item, error) {
	if whole.Size() > simple {
		return d.session(ctx, what, target, id, at, whole.Reader())
	}
	body := make([]byte, whole.Size())
	if _, err := io.ReadFull(whole.Reader(), body); err != nil {
		return nil, rest.Disk(what, err)
	}
	target += "/content"
	if id == "" {
		target += "?@microsoft.graph.conflictBehavior=fail"
	}
	failpoint.Hit(failpoint.MidReplace)
	return d.put(ctx, what, target, body)
}

func (d *destination) put(ctx context.Context, what, target string, body []byte) (*graph.Item, error) {
	a, err := d.Do(ctx, rest.Request{What: what, Method: http.MethodPut, Path: target, Body: body, Header: http.Header{"Content-Type": {"application/json"}}})
	if err != nil {
		return nil, err
	}
	return made(what, a)
}

// made reads the item that an upload has made.
func made(what string, a rest.Answer) (*graph.Item, error) {
	item := &graph.Item{}
	if json.Unmarshal(a.Body, item) != nil || item.ID == "" {
		return nil, connector.Fail(nil, "%s: the answer is not that of Microsoft Graph", what)
	}
	return item, nil
}

// session uploads in several calls. Only the last of them makes the content visible; what was sent by a process that died is
// dropped by the service after some days.
func (d *destination) session(ctx context.Context, what, target, id, at string, content *io.SectionReader) (*graph.Item, error) {
	conflict := "replace"
	if id == "" {
		conflict = "fail"
	}
	ask, err := json.Marshal(map[string]any{"item": map[string]any{"@microsoft.graph.conflictBehavior": conflict, "name": path.Base(at)}})
	if err != nil {
		return nil, err
	}
	a, err := d.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: target + "/createUploadSession", Body: ask, Header: http.Header{"Content-Type": {"application/json"}}})
	if err != nil {
		return nil, err
	}
	var said struct {
		URL string `json:"uploadUrl"`
	}
	if json.Unmarshal(a.Body, &said) != nil || said.URL == "" {
		return nil, connector.Fail(nil, "%s: the answer is not that of Microsoft Graph", what)
	}
	store, at, err := d.Store(what, said.URL)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	item, err := d.fragments(ctx, what, store, at, content)
	if err != nil {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
		defer cancel()
		_, _ = store.Do(clean, rest.Request{What: what, Method: http.MethodDelete, Path: at, Once: true}) // the service drops it by itself
		if errors.Is(err, connector.ErrNotFound) {
			err = connector.Retry(nil, 0, "%s: the service has dropped the upload", what)
		}
	}
	return item, err
}

func (d *destination) fragments(ctx context.Context, what string, store *rest.Client, at string, content *io.SectionReader) (*graph.Item, error) {
	body := make([]byte, min(fragment, content.Size()))
	for from, stuck := int64(0), 0; ; {
		n, err := content.ReadAt(body, from)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, rest.Disk(what, err)
		}
		if from+int64(n) == content.Size() {
			failpoint.Hit(failpoint.MidReplace)
		}
		a, err := store.Do(ctx, rest.Request{What: what, Method: http.MethodPut, Path: at, Body: body[:n],
			Header: http.Header{"Content-Range": {fmt.Sprintf("bytes %d-%d/%d", from, from+int64(n)-1, content.Size())}},
			OK:     []int{http.StatusRequestedRangeNotSatisfiable}}) // a fragment that it has already
		if err != nil {
			return nil, err
		}
		if a.Status == http.StatusOK || a.Status == http.StatusCreated {
			return made(what, a)
		}
		if a.Status == http.StatusRequestedRangeNotSatisfiable {
			if a, err = store.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: at}); err != nil {
				return nil, err
			}
		}
		next := expected(a.Body)
		if next <= from {
			stuck++
		}
		if next < 0 || next >= content.Size() || stuck > tries {
			return nil, connector.Retry(nil, 0, "%s: the service does not go on with the upload", what)
		}
		from = next
	}
}

// expected is the first byte that an upload session waits for; -1 when it does not say.
func expected(body []byte) int64 {
	var said struct {
		Ranges []string `json:"nextExpectedRanges"`
	}
	if json.Unmarshal(body, &said) != nil {
		return -1
	}
	first := int64(-1)
	for _, r := range said.Ranges {
		from, _, _ := strings.Cut(r, "-")
		if n, err := strconv.ParseInt(from, 10, 64); err == nil && (first < 0 || n < first) {
			first = n
		}
	}
	return first
}

// folders makes a folder and those above it.
func (d *destination) folders(ctx context.Context, what, drive, folder string) error {
	above := ""
	for name := range strings.SplitSeq(folder, "/") {
		if folder == "." {
			break
		}
		ask, err := json.Marshal(map[string]any{"name": name, "folder": map[string]any{}, "@microsoft.graph.conflictBehavior": "fail"})
		if err != nil {
			return err
		}
		_, err = d.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: graph.PlacePath(drive, above) + "/children", Body: ask,
			Header: http.Header{"Content-Type": {"application/json"}}, OK: []int{http.StatusConflict}})
		if err != nil {
			return err
		}
		above = strings.TrimPrefix(above+"/"+name, "/")
	}
	return nil
}

// Remove deletes the file of a document. One that is not there is no error.
func (d *destination) Remove(ctx context.Context, doc document.Document) error {
	drive, err := d.find(ctx)
	if err != nil {
		return err
	}
	main, beside := place(d.folder, doc)
	h, err := d.held(ctx, "delete "+shown(main), drive, main, beside)
	if err != nil {
		return err
	}
	if h.foreign {
		h.main = nil
	}
	for _, item := range slices.DeleteFunc([]*graph.Item{h.main, h.beside}, func(i *graph.Item) bool { return i == nil }) {
		if err := d.delete(ctx, graph.ItemPath(drive, item.ID)); err != nil {
			return err
		}
	}
	return nil
}

// delete removes an item. One that is not there is no error.
func (d *destination) delete(ctx context.Context, item string) error {
	_, err := d.Do(ctx, rest.Request{What: "delete a file below " + shown(d.folder), Method: http.MethodDelete, Path: item, OK: []int{http.StatusNotFound}})
	return err
}
