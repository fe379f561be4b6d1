package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/store"
)

// listed is a document as the rows hold it. Scope keeps documents of several sources apart in one destination: it is ""
// for those of a workflow's first source, which keep their own identifiers and paths there, and the source's id for the
// others. A document keeps the scope that it was first listed with.
type listed struct {
	document.Document
	Scope string `json:"scope,omitempty"`
}

// scopeOf is the scope of a document that the workflow may know already.
func scopeOf(j store.Job, source string, known store.Known) string {
	if len(known.Document) > 0 {
		var l listed
		if json.Unmarshal(known.Document, &l) == nil {
			return l.Scope
		}
	}
	if known.Identifier != "" || len(j.Sources) == 0 || j.Sources[0] == source { // an older program had no scopes
		return ""
	}
	return source
}

// delivered is the document as destinations see it: with a scope, the identifier is UUIDv5 in the DNS namespace over scope,
// "/" and identifier, and the path begins with the scope.
func (l listed) delivered() document.Document {
	d := l.Document
	if l.Scope == "" {
		return d
	}
	d.Identifier = uuid.NewSHA1(uuid.NameSpaceDNS, []byte(l.Scope+"/"+d.Identifier)).String()
	d.Path = l.Scope + "/" + cmp.Or(d.Path, d.Name)
	return d
}

// remembered is what a workflow keeps of a document, enough to remove it from destinations.
func (l listed) remembered() (json.RawMessage, error) {
	return json.Marshal(listed{Scope: l.Scope, Document: document.Document{
		Identifier: l.Identifier, Name: l.Name, Path: l.Path, MIMEType: l.MIMEType,
	}})
}

// parseListed reads a stored document.
func parseListed(text json.RawMessage) (listed, error) {
	var l listed
	if err := json.Unmarshal(text, &l); err != nil {
		return l, fmt.Errorf("the stored listing entry of this file cannot be read: run the workflow again")
	}
	return l, nil
}

// versionOf is what changes when the document does, or who may see it. "" is a document of which nobody can tell, which every run
// processes.
func versionOf(d document.Document) string {
	content := contentOf(d)
	if permissions := connector.PermissionsVersion(d.Permissions); content != "" && permissions != "" {
		content += permissionsMark + permissions[:16]
	}
	return content
}

// permissionsMark stands before the permissions in a version.
const permissionsMark = " permissions "

// contentOf is what changes when the content does: the version, or, where the source has none, date and size.
func contentOf(d document.Document) string {
	if d.Version != "" || d.Modified.IsZero() || d.Size <= 0 {
		return d.Version
	}
	return "modified " + strconv.FormatInt(d.Modified.UnixMicro(), 10) + " size " + strconv.FormatInt(d.Size, 10)
}

// The ways in which a run sees a document.
const (
	ChangeNew       = "new"
	ChangeChanged   = "changed"
	ChangeUnchanged = "unchanged"
	ChangeRemoved   = "removed"
)

// changeOf says what a document is to a workflow that knows it or not. One whose version is known is changed too when a
// destination of the job does not have that version.
func changeOf(j store.Job, d document.Document, known store.Known, isKnown bool) string {
	version := versionOf(d)
	switch {
	case !isKnown || known.Version == "" && version != "":
		return ChangeNew // or never finished
	case version != known.Version:
		return ChangeChanged
	}
	if version == "" {
		return ChangeChanged // nobody can tell
	}
	if !known.Unknown {
		for _, id := range j.Destinations {
			if !slices.Contains(known.Written, id) {
				return ChangeChanged
			}
		}
	}
	return ChangeUnchanged
}

// union adds ids to a list that it leaves as it is.
func union(list []string, more ...string) []string {
	out := slices.Clone(list)
	for _, id := range more {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
