package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const (
	step        = 320 << 10 // what fragments are multiples of
	maxFragment = 60 << 20
)

// upload is an upload session.
type upload struct {
	drive    *Drive
	id       string // of the item whose content it replaces, "" for a new one
	place    string
	conflict string
	content  []byte
	size     int64 // -1 until the first fragment says it
}

// Uploads is how many upload sessions are open.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uploads)
}

// open begins an upload. The folder must be there.
func (s *Server) open(c call, d *Drive, e *entry, place string) reply {
	var ask struct {
		Item struct {
			Conflict string `json:"@microsoft.graph.conflictBehavior"`
			Name     string `json:"name"`
		} `json:"item"`
	}
	if len(c.body) > 0 && json.Unmarshal(c.body, &ask) != nil {
		return refuse(http.StatusBadRequest, "invalidRequest")
	}
	u := &upload{drive: d, place: place, conflict: ask.Item.Conflict, size: -1}
	switch {
	case e != nil && e.folder:
		return refuse(http.StatusConflict, "nameAlreadyExists")
	case e != nil && u.conflict != "replace":
		return refuse(http.StatusConflict, "nameAlreadyExists")
	case e != nil:
		u.id = e.id
	case !validPlace(place) || ask.Item.Name != path.Base(place):
		return refuse(http.StatusBadRequest, "invalidRequest")
	case strings.Contains(place, "/") && d.at(path.Dir(place)) == nil:
		return refuse(http.StatusNotFound, "itemNotFound")
	}
	s.serial++
	key := "session-" + strconv.Itoa(s.serial)
	s.uploads[key] = u
	return reply{http.StatusOK, nil, map[string]any{"uploadUrl": "https://" + store + "/_api/upload?tempauth=" + key, "expirationDateTime": "2026-03-06T05:06:07Z"}}
}

// content answers for the host that holds contents.
func (s *Server) content(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" { // a link is enough, and a token none of that host's affair
		failed(w, http.StatusUnauthorized, "unauthenticated")
		return
	}
	key := r.URL.Query().Get("tempauth")
	if r.URL.Path == "/_api/upload" {
		s.fragment(w, r, key)
		return
	}
	s.mu.Lock()
	e := s.links[key]
	if e != nil && e.drive.items[e.id] != e {
		e = nil
	}
	var content []byte
	version := 0
	if e != nil {
		content, version = e.content, e.version
	}
	s.mu.Unlock()
	if e == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf("%q", fmt.Sprintf("{%s},%d", e.id, version)))
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", began, bytes.NewReader(content))
}

func (s *Server) fragment(w http.ResponseWriter, r *http.Request, key string) {
	body, err := wire.Bytes(r, maxFragment)
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[key]
	if u == nil {
		failed(w, http.StatusNotFound, "itemNotFound")
		return
	}
	expected := func(status int) {
		wire.JSON(w, status, map[string]any{"expirationDateTime": "2026-03-06T05:06:07Z", "nextExpectedRanges": []string{fmt.Sprintf("%d-", len(u.content))}})
	}
	switch r.Method {
	case http.MethodGet:
		expected(http.StatusOK)
		return
	case http.MethodDelete:
		delete(s.uploads, key)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	var from, to, size int64
	if _, scan := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &size); err != nil || scan != nil || to-from+1 != int64(len(body)) {
		failed(w, http.StatusBadRequest, "invalidRange")
		return
	}
	last := to+1 == size
	switch {
	case u.size >= 0 && u.size != size:
		failed(w, http.StatusBadRequest, "fragmentLengthMismatch")
	case from < int64(len(u.content)):
		failed(w, http.StatusRequestedRangeNotSatisfiable, "invalidRange")
	case from != int64(len(u.content)), !last && len(body)%step != 0:
		failed(w, http.StatusBadRequest, "invalidRange")
	case !last:
		u.size = size
		u.content = append(u.content, body...)
		expected(http.StatusAccepted)
	default:
		e := u.drive.at(u.place)
		if u.id != "" {
			if e = u.drive.items[u.id]; e == nil {
				failed(w, http.StatusNotFound, "itemNotFound")
				return
			}
		}
		out := s.save(u.drive, e, u.place, u.conflict, append(u.content, body...), false)
		if out.status < 300 {
			delete(s.uploads, key)
		}
		wire.JSON(w, out.status, out.body)
	}
}
