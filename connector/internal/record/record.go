// Package record holds the rules that connectors of databases, search engines and vector stores share: the ids of the records
// of a document, and the names of files that are made of records.
package record

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
)

// IDs makes the record ids of one document's elements and knows which it has made. It is not safe for concurrent use.
type IDs struct {
	identifier string
	made       map[uuid.UUID]struct{}
}

// NewIDs makes ids for the elements of a document.
func NewIDs(identifier string) *IDs {
	return &IDs{identifier: identifier, made: map[uuid.UUID]struct{}{}}
}

// Next is the record id of an element: connector.ElementRecordID. An element id that occurs twice in a document would make
// two records of one id: its later ones count on.
func (r *IDs) Next(element string) uuid.UUID {
	id := r.id("", element)
	for n := 2; r.Has(id); n++ {
		id = r.id("#"+strconv.Itoa(n), element)
	}
	r.made[id] = struct{}{}
	return id
}

func (r *IDs) id(mark, element string) uuid.UUID {
	return uuid.MustParse(connector.ElementRecordID(document.Document{Identifier: r.identifier + mark}, element))
}

// Drop forgets an id whose record is not written.
func (r *IDs) Drop(id uuid.UUID) { delete(r.made, id) }

// Has says whether Next has given an id.
func (r *IDs) Has(id uuid.UUID) bool {
	_, ok := r.made[id]
	return ok
}

// Without lists the ids that Next has given and that are not among others.
func (r *IDs) Without(others map[uuid.UUID]bool) []uuid.UUID {
	var out []uuid.UUID
	for id := range r.made {
		if !others[id] {
			out = append(out, id)
		}
	}
	return out
}

// mostSweeps is how often Settle looks while another writer goes on.
const mostSweeps = 10

// Settle leaves in a place only the records with the ids that Next has given. sweep lists the document's records once, deletes those
// whose id is none of ours, calls seen for each of ours, and says how many were others. It is called until one look shows all of ours and
// nothing else: so two that write a document at once never leave a mix of both, nor nothing. One of ours that is not there was
// taken away by another writer: the error is transient, and the write is made again. what begins the error, name says where: `index "docs"`.
func (r *IDs) Settle(what, name string, sweep func(seen func(uuid.UUID)) (others int, err error)) error {
	for n := 1; ; n++ {
		ours := make(map[uuid.UUID]struct{}, len(r.made))
		others, err := sweep(func(id uuid.UUID) { ours[id] = struct{}{} })
		switch {
		case err != nil:
			return err
		case len(ours) < len(r.made), n == mostSweeps && others > 0:
			return connector.Retry(nil, 0, "%s: %s holds %d of the %d records that were written and %d others; another run writes the document too",
				what, name, len(ours), len(r.made), others)
		case others == 0:
			return nil
		}
	}
}

// maxName is how long a file name may be without its extension, bytes.
const maxName = 200

// FileName makes a file name of a record's identifier and an extension with its dot: it holds no slash, no control
// character, and is not too long. One that has to change gets a hash of what it was, so that two records never share a
// name by that.
func FileName(identifier, extension string) string {
	clean := strings.Map(func(r rune) rune {
		if unsafe(r) {
			return '_'
		}
		return r
	}, identifier)
	if clean == identifier && len(clean) <= maxName {
		return clean + extension
	}
	if len(clean) > maxName {
		clean = strings.ToValidUTF8(clean[:maxName], "")
	}
	sum := sha256.Sum256([]byte(identifier))
	return clean + "-" + hex.EncodeToString(sum[:4]) + extension
}

// maxExtension is how long the end of a name may be to count as its extension, bytes.
const maxExtension = 16

// SafeName is FileName for a name that somebody chose, which keeps its extension.
func SafeName(name string) string {
	stem, extension := name, ""
	if at := strings.LastIndexByte(name, '.'); at > 0 && len(name)-at <= maxExtension && !strings.ContainsFunc(name[at+1:], unsafe) {
		stem, extension = name[:at], name[at:]
	}
	if stem == "" || stem == "." || stem == ".." {
		return FileName("_"+stem, extension)
	}
	return FileName(stem, extension)
}

func unsafe(r rune) bool { return r < 0x20 || r == 0x7f || r == '/' || r == '\\' }
