// Package outlook reads the messages of a mailbox as documents, over Microsoft Graph. Its type is "outlook".
//
// A document is a message with its attachments, in the form of RFC 5322 (.eml). Its identifier is the message's immutable id, its
// version the change key.
package outlook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/graph"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
)

// Type is the id of the connector.
const Type = "outlook"

const (
	// atOnce is how many calls the service takes side by side for one mailbox.
	atOnce = 4
	// maxFolders is how many folders a mailbox may have.
	maxFolders = 100_000
)

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
}

// source lists the messages of a user's folders.
type source struct {
	*graph.Client
	env       connector.Env
	user      string
	folders   []string // names; nil for all
	recursive bool
	turns     chan struct{} // one place for each call that may run
}

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	c, err := graph.Open(config, "Mail.Read", env)
	if err != nil {
		return nil, err
	}
	s := &source{Client: c, env: env, user: graph.Text(config, "user_email"), turns: make(chan struct{}, atOnce)}
	s.recursive, _ = config["recursive"].(bool)
	names, _ := config["outlook_folders"].([]string)
	if names == nil {
		list, _ := config["outlook_folders"].([]any)
		for _, name := range list {
			text, _ := name.(string)
			names = append(names, text)
		}
	}
	for _, name := range names {
		if name = strings.TrimSpace(name); name != "" {
			s.folders = append(s.folders, name)
		}
	}
	return s, nil
}

// turn waits until a call may run.
func (s *source) turn(ctx context.Context) (done func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case s.turns <- struct{}{}:
		return func() { <-s.turns }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// folder is a mailFolder.
type folder struct {
	ID       string `json:"id"`
	Name     string `json:"displayName"`
	Children int    `json:"childFolderCount"`
	Kind     string `json:"@odata.type"` // that of a search is none of messages
}

// wellKnown are the names that every mailbox's own folders have for Graph, whatever their language.
var wellKnown = map[string]string{
	"inbox": "inbox", "sentitems": "sentitems", "sent": "sentitems", "drafts": "drafts", "archive": "archive", "deleteditems": "deleteditems",
	"junkemail": "junkemail", "outbox": "outbox", "conversationhistory": "conversationhistory",
}

// roots finds the folders of the config.
func (s *source) roots(ctx context.Context) ([]folder, error) {
	what := "list the folders of " + s.user
	all, err := s.list(ctx, what, graph.UserPath(s.user)+"/mailFolders?$top=100")
	if errors.Is(err, connector.ErrNotFound) {
		return nil, connector.Fail(connector.ErrNotFound, "%s: the directory has no such user, or the user has no mailbox in the cloud; check user_email", what)
	}
	if err != nil || s.folders == nil {
		return all, err
	}
	var out []folder
	for _, name := range s.folders {
		found := false
		for _, f := range all {
			if strings.EqualFold(f.Name, name) {
				out, found = append(out, f), true
			}
		}
		if known := wellKnown[strings.ReplaceAll(strings.ToLower(name), " ", "")]; !found && known != "" {
			var f folder
			err := s.get(ctx, "open folder "+name, graph.UserPath(s.user)+"/mailFolders/"+known, &f)
			if err != nil && !errors.Is(err, connector.ErrNotFound) {
				return nil, err
			}
			if err == nil {
				out, found = append(out, f), true
			}
		}
		if !found {
			var names []string
			for _, f := range all[:min(len(all), 20)] {
				names = append(names, fmt.Sprintf("%q", f.Name))
			}
			return nil, connector.Fail(connector.ErrNotFound, "find folder %q: the mailbox has none of this name at its top; it has %s", name, strings.Join(names, ", "))
		}
	}
	return out, nil
}

func (s *source) list(ctx context.Context, what, path string) ([]folder, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	all, err := graph.All[folder](ctx, s.Client, what, path)
	return slices.DeleteFunc(all, func(f folder) bool { return f.ID == "" || strings.HasSuffix(f.Kind, "mailSearchFolder") }), err
}

func (s *source) get(ctx context.Context, what, path string, into any) error {
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	return s.Get(ctx, what, path, into)
}

// all finds the folders of the config and, where the source is recursive, those below, by their ids.
func (s *source) all(ctx context.Context) ([]folder, error) {
	found, err := s.roots(ctx)
	if err != nil {
		return nil, err
	}
	for i := 0; s.recursive && i < len(found); i++ {
		if len(found) > maxFolders {
			return nil, connector.Fail(nil, "list the folders of %s: there are more than %d", s.user, maxFolders)
		}
		if found[i].Children == 0 {
			continue
		}
		below, err := s.list(ctx, "list the folders below "+found[i].Name, s.folderPath(found[i].ID)+"/childFolders?$top=100")
		if err != nil && !errors.Is(err, connector.ErrNotFound) {
			return nil, err
		}
		found = append(found, below...)
	}
	slices.SortFunc(found, func(a, b folder) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(found, func(a, b folder) bool { return a.ID == b.ID }), nil
}

func (s *source) folderPath(id string) string {
	return graph.UserPath(s.user) + "/mailFolders/" + graph.EscapeID(id)
}

// message is what is listed of one.
type message struct {
	ID       string          `json:"id"`
	Key      string          `json:"changeKey"`
	Subject  string          `json:"subject"`
	WebLink  string          `json:"webLink"`
	Created  time.Time       `json:"createdDateTime"`
	Modified time.Time       `json:"lastModifiedDateTime"`
	Removed  json.RawMessage `json:"@removed"`
}

// immutable asks for ids that stay when a message is moved.
var immutable = []string{`IdType="ImmutableId"`}

// pageSize is how many messages are asked for at once.
const pageSize = 200

func (s *source) page(ctx context.Context, what, at string) (graph.Page[message], error) {
	done, err := s.turn(ctx)
	if err != nil {
		return graph.Page[message]{}, err
	}
	defer done()
	return graph.PageAt[message](ctx, s.Client, what, at, http.Header{"Prefer": {immutable[0], fmt.Sprintf("odata.maxpagesize=%d", pageSize)}})
}

// Check lists the folders and reads one message, if there is one.
func (s *source) Check(ctx context.Context) error {
	folders, err := s.all(ctx)
	if err != nil {
		return err
	}
	for _, f := range folders {
		found, err := s.page(ctx, "list the messages of "+f.Name, s.first(f))
		if err != nil {
			return err
		}
		for _, m := range found.Value {
			if m.Removed == nil {
				file, err := s.Fetch(ctx, s.document(m, ""))
				if err != nil {
					return err
				}
				return file.Close()
			}
		}
	}
	return nil
}

func (s *source) first(f folder) string {
	return graph.Collection(s.folderPath(f.ID) + "/messages/delta?$select=id,changeKey,subject,webLink,createdDateTime,lastModifiedDateTime")
}

// position is a place in the listing of a mailbox: in the messages of a folder.
type position struct {
	Folder string `json:"folder"`
	graph.Position
}

// errEnough ends a listing whose reader has enough.
var errEnough = errors.New("enough")

// Index lists the messages folder by folder, in the order of the folders' ids, and of the messages' within a page.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return func(yield func(document.Document, error) bool) {
		var at position
		if from != "" && json.Unmarshal([]byte(from), &at) != nil {
			at = position{}
		}
		folders, err := s.all(ctx)
		for _, f := range folders {
			if err != nil || f.ID < at.Folder {
				continue
			}
			var begin graph.Position
			if f.ID == at.Folder {
				begin = at.Position
			}
			err = s.messages(ctx, f, begin, yield)
			if errors.Is(err, connector.ErrNotFound) {
				err = nil // the folder went away
			}
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(document.Document{}, err)
		}
	}
}

// messages lists a folder from a position on.
func (s *source) messages(ctx context.Context, f folder, at graph.Position, yield func(document.Document, error) bool) error {
	read := func(ctx context.Context, path string) (graph.Page[message], error) {
		return s.page(ctx, "list the messages of "+f.Name, path)
	}
	return graph.EachPage(ctx, s.first(f), at, read, func(m message) string { return m.ID }, func(found []message, after func(message) graph.Position) error {
		for _, m := range found {
			if m.Removed != nil || m.ID == "" {
				continue
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			cursor, err := json.Marshal(position{f.ID, after(m)})
			if err != nil {
				return err
			}
			if !yield(s.document(m, string(cursor)), nil) {
				return errEnough
			}
		}
		return nil
	})
}

func (s *source) document(m message, cursor string) document.Document {
	sum := sha256.Sum256([]byte(m.ID))
	name := hex.EncodeToString(sum[:8]) + ".eml"
	return document.Document{
		Identifier: m.ID, Name: name, Path: name, Version: m.Key, MIMEType: "message/rfc822", URL: m.WebLink,
		Created: m.Created.UTC(), Modified: m.Modified.UTC(),
		RecordLocator: map[string]any{"message_id": m.ID, "user_email": s.user}, Cursor: cursor,
	}
}

// Fetch reads a message with its attachments.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return document.File{}, err
	}
	defer done()
	content, err := s.Read(ctx, rest.Request{What: "read message " + d.Name, Path: graph.UserPath(s.user) + "/messages/" + graph.EscapeID(d.Identifier) + "/$value",
		Header: http.Header{"Prefer": immutable}})
	if err != nil {
		return document.File{}, err
	}
	return content.File(d.Name, d.MIMEType), nil
}
