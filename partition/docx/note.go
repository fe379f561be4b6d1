package docx

import (
	"errors"
	"io/fs"
	"strconv"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/ooxml"
	"github.com/sluicehq/sluice/partition/symbol"
)

// notes are the footnotes, endnotes or comments of a document by their ids. They stand behind the document in the order in
// which they are referred to, so that the elements of the body and their ids are those of a document without them.
type notes struct {
	part string // "" when the document has none
	list string // name of the part's root; its children's name is that of what they are
	byID map[string]*ooxml.Node
}

// noteKinds are the elements that refer to notes, with the relationship and the root of their part.
var noteKinds = map[string]struct{ relation, root string }{
	"footnoteReference": {"footnotes", "footnotes"},
	"endnoteReference":  {"endnotes", "endnotes"},
	"commentReference":  {"comments", "comments"},
}

// note is one that was referred to, from a page.
type note struct {
	*ooxml.Node
	page int
}

const maxNotes = 200_000 // of one kind

// refer remembers the note that a reference names, once.
func (r *reader) refer(n *ooxml.Node) {
	kind := noteKinds[n.Name]
	list := r.notes[kind.relation]
	if list == nil {
		list = &notes{list: kind.root}
		for _, link := range r.links {
			if link.Type == kind.relation && !link.External && (list.part == "" || link.Target < list.part) {
				list.part = link.Target
			}
		}
		r.notes[kind.relation] = list
	}
	if list.byID == nil {
		list.byID = map[string]*ooxml.Node{}
		if list.part == "" || r.noteErr != nil {
			return
		}
		err := r.Each(r.ctx, list.part, []string{list.list}, func(n *ooxml.Node) error {
			if len(list.byID) == maxNotes {
				return budget.Errorf(budget.TooLarge, "the file has more than %d %s; divide it", maxNotes, list.list)
			}
			if id := n.Attr("id"); list.byID[id] == nil {
				list.byID[id] = n
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.noteErr = err
		}
	}
	id := n.Attr("id")
	if found := list.byID[id]; found != nil {
		list.byID[id] = nil
		r.pending = append(r.pending, note{found, r.page})
	}
}

// readNotes reads the notes that were referred to, each with the number of the page that did.
func (r *reader) readNotes() error {
	r.inNotes = true
	for len(r.pending) > 0 && r.noteErr == nil {
		found := r.pending
		r.pending = nil
		for _, note := range found {
			r.page = note.page
			for _, n := range note.Children {
				if err := r.block(n); err != nil {
					return err
				}
			}
		}
	}
	return r.noteErr
}

// drawn is the character that a place of a symbol font shows, "" when it is not known.
func drawn(n *ooxml.Node) string {
	code, err := strconv.ParseUint(n.Attr("char"), 16, 16)
	if err != nil {
		return ""
	}
	if s, ok := symbol.Rune(n.Attr("font"), rune(code)); ok {
		return string(s)
	}
	if code >= 0xe000 && code <= 0xf8ff || code < 0x20 || code >= 0xd800 && code <= 0xdfff {
		return ""
	}
	return string(rune(code))
}
