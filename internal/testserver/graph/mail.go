package graph

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mailbox is a user's mail.
type Mailbox struct {
	server     *Server
	folders    []*mailFolder
	running    int // calls
	changes    int
	generation int
}

type mailFolder struct {
	id, name, parent, known string
	hidden                  bool
	kind                    string
	messages                []*message
}

type message struct {
	id, subject string
	content     string
	version     int
	changed     int
}

// maxCalls is how many calls the service takes at once for a mailbox.
const maxCalls = 4

// Mailbox makes an empty mailbox of a user: with an inbox of the German name, and a hidden folder.
func (s *Server) Mailbox(user string) *Mailbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &Mailbox{server: s}
	s.boxes[strings.ToLower(user)] = b
	b.folder("Posteingang", "").known = "inbox"
	b.folder("Versteckt", "").hidden = true
	b.folder("Suche", "").kind = "#microsoft.graph.mailSearchFolder"
	return b
}

// Folder makes a folder below another one, or at the top, and returns its id.
func (b *Mailbox) Folder(name, parent string) string {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	return b.folder(name, parent).id
}

func (b *Mailbox) folder(name, parent string) *mailFolder {
	b.server.serial++
	f := &mailFolder{id: fmt.Sprintf("AAMk%04X+/%d=", (b.server.serial*40503)&0xffff, b.server.serial), name: name, parent: parent}
	b.folders = append(b.folders, f)
	return f
}

// Inbox is the id of the inbox.
func (b *Mailbox) Inbox() string { return b.folders[0].id }

// Put makes a message in a folder, or changes the one of that subject, and returns its id.
func (b *Mailbox) Put(folder, subject, content string) string {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	f := b.find(folder)
	b.changes++
	for _, m := range f.messages {
		if m.subject == subject {
			m.content, m.changed = content, b.changes
			m.version++
			return m.id
		}
	}
	b.server.serial++
	m := &message{id: fmt.Sprintf("AAkA%08X/+%d=", uint32(b.server.serial)*2654435761, b.server.serial), subject: subject, content: content, version: 1, changed: b.changes}
	f.messages = append(f.messages, m)
	return m.id
}

// Remove takes a message away.
func (b *Mailbox) Remove(subject string) {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	for _, f := range b.folders {
		f.messages = slices.DeleteFunc(f.messages, func(m *message) bool { return m.subject == subject })
	}
}

// Move takes a message to another folder.
func (b *Mailbox) Move(subject, folder string) {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	for _, f := range b.folders {
		for i, m := range f.messages {
			if m.subject == subject {
				f.messages = slices.Delete(f.messages, i, i+1)
				b.changes++
				m.changed = b.changes
				to := b.find(folder)
				to.messages = append(to.messages, m)
				return
			}
		}
	}
}

// Subjects are those of the messages by their ids.
func (b *Mailbox) Subjects() map[string]string {
	b.server.mu.Lock()
	defer b.server.mu.Unlock()
	out := map[string]string{}
	for _, f := range b.folders {
		for _, m := range f.messages {
			out[m.id] = m.subject
		}
	}
	return out
}

func (b *Mailbox) find(id string) *mailFolder {
	for _, f := range b.folders {
		if f.id == id || f.known != "" && f.known == id {
			return f
		}
	}
	return nil
}

// enter counts a call of a mailbox; nil when there are too many.
func (s *Server) enter(path string) (leave func()) {
	names := strings.Split(path, "/")
	if len(names) < 4 || names[1] != "users" || names[3] == "drive" {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[strings.ToLower(strings.ReplaceAll(names[2], "%40", "@"))]
	if b == nil {
		return func() {}
	}
	if b.running == maxCalls {
		return nil
	}
	b.running++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		b.running--
	}
}

// mail answers below /users/USER.
func (s *Server) mail(c call, user string, names []string) reply {
	b := s.boxes[strings.ToLower(user)]
	switch {
	case c.lacks == "Mail":
		return refuse(http.StatusForbidden, "ErrorAccessDenied")
	case b == nil:
		return refuse(http.StatusNotFound, "ErrorInvalidUser")
	case c.method != http.MethodGet:
		return refuse(http.StatusMethodNotAllowed, "BadRequest")
	}
	switch {
	case len(names) == 1 && names[0] == "mailFolders":
		return s.mailFolders(c, b, "")
	case len(names) == 3 && names[0] == "messages" && names[2] == "$value":
		if !slices.Contains(c.header.Values("Prefer"), `IdType="ImmutableId"`) {
			return refuse(http.StatusNotFound, "ErrorItemNotFound") // the ids that others have
		}
		for _, f := range b.folders {
			for _, m := range f.messages {
				if m.id == names[1] {
					return reply{http.StatusOK, map[string]string{"Content-Type": "text/plain"}, []byte(m.content)}
				}
			}
		}
		return refuse(http.StatusNotFound, "ErrorItemNotFound")
	case len(names) >= 2 && names[0] == "mailFolders":
		f := b.find(names[1])
		if f == nil {
			return refuse(http.StatusNotFound, "ErrorItemNotFound")
		}
		switch strings.Join(names[2:], "/") {
		case "":
			return reply{http.StatusOK, nil, b.describe(f)}
		case "childFolders":
			return s.mailFolders(c, b, f.id)
		case "messages/delta":
			return s.messages(c, b, f)
		}
	}
	return refuse(http.StatusBadRequest, "BadRequest")
}

func (b *Mailbox) describe(f *mailFolder) map[string]any {
	children := 0
	for _, other := range b.folders {
		if other.parent == f.id && !other.hidden {
			children++
		}
	}
	out := map[string]any{"id": f.id, "displayName": f.name, "parentFolderId": f.parent, "childFolderCount": children, "totalItemCount": len(f.messages), "isHidden": f.hidden}
	if f.kind != "" {
		out["@odata.type"] = f.kind
	}
	return out
}

// mailFolders lists folders in pages that are counted.
func (s *Server) mailFolders(c call, b *Mailbox, parent string) reply {
	skip, _ := strconv.Atoi(c.query.Get("$skip")) // absent is none
	value := []any{}
	out := map[string]any{}
	n := 0
	for _, f := range b.folders {
		if f.parent != parent || f.hidden {
			continue
		}
		if n++; n <= skip {
			continue
		}
		if len(value) == s.size(c) {
			c.query.Set("$skip", strconv.Itoa(n-1))
			out["@odata.nextLink"] = linkTo(c.path, c.query)
			break
		}
		value = append(value, b.describe(f))
	}
	out["value"] = value
	return reply{http.StatusOK, nil, out}
}

// messages lists a folder in the order of the last changes.
func (s *Server) messages(c call, b *Mailbox, f *mailFolder) reply {
	after := 0
	for _, name := range []string{"$skiptoken", "$deltatoken"} {
		if token := c.query.Get(name); token != "" {
			generation, change, _ := strings.Cut(token, ".")
			n, err := strconv.Atoi(change)
			if err != nil || generation != strconv.Itoa(b.generation) {
				return refuse(http.StatusGone, "SyncStateNotFound")
			}
			after = n
			c.query.Del(name)
		}
	}
	all := slices.SortedFunc(slices.Values(f.messages), func(a, b *message) int { return a.changed - b.changed })
	value := []any{}
	out := map[string]any{}
	token, link := "$deltatoken", "@odata.deltaLink"
	size := min(s.size(c), 512)
	for _, m := range all {
		if m.changed <= after {
			continue
		}
		if len(value) == size {
			token, link = "$skiptoken", "@odata.nextLink"
			break
		}
		after = m.changed
		value = append(value, map[string]any{
			"id": m.id, "changeKey": fmt.Sprintf("CQAAABYA%d", m.version), "subject": m.subject, "webLink": "https://outlook.office365.com/owa/?ItemID=" + m.id,
			"createdDateTime": began.Format(time.RFC3339), "lastModifiedDateTime": began.Add(time.Duration(m.version) * time.Minute).Format(time.RFC3339),
		})
	}
	if token == "$deltatoken" {
		value = append(value, map[string]any{"id": "AAkAgone=", "@removed": map[string]string{"reason": "deleted"}})
	}
	c.query.Set(token, fmt.Sprintf("%d.%d", b.generation, after))
	out["value"], out[link] = value, linkTo(c.path, c.query)
	return reply{http.StatusOK, nil, out}
}
