package pdf

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/pdf/internal/catalog"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
	"github.com/sluicehq/sluice/partition/raster"
)

// Action is something that a PDF would have a viewer do, beside going to a place or an address. Nothing of it is done here; it is listed, so
// that a reader of the elements can tell a file that starts programs.
type Action struct {
	Page   int        // its index, -1 for the document as a whole
	Kind   ActionKind // what it would do
	From   string     // what has it: document, outline, page, link, annotation or field
	Target string     // the file that it would open, or the name of the script, of the item or of the field that has it; may be ""
}

// ActionKind is the kind of an Action.
type ActionKind string

// The kinds of actions.
const (
	Launch     ActionKind = "launch"      // starts a program or opens a file with one
	RemoteFile ActionKind = "remote_file" // goes to a place in another file
	JavaScript ActionKind = "javascript"  // runs a script, when the document is opened or a field changes
	Other      ActionKind = "other"       // a script of a link or page, sending a form, and what else PDFium does not take apart
)

const (
	maxActions = 100 // of a document that are listed
	maxTarget  = 500 // bytes of a target
)

// readActions lists what a viewer would do for the document as a whole: the actions when it is opened, closed, saved and printed, its scripts, which
// run when it is opened (ISO 32000-1, 7.7.4, JavaScript), and the actions of its outline.
func (d *Document) readActions(ctx context.Context) ([]Action, error) {
	in := d.in
	var out []Action
	for _, a := range catalog.Actions(d.file, d.file.Size) {
		kind := Other
		switch a.Kind {
		case "Launch":
			kind = Launch
		case "GoToR", "GoToE":
			kind = RemoteFile
		case "JavaScript":
			kind = JavaScript
		}
		out = append(out, Action{Page: -1, Kind: kind, From: "document", Target: cut(a.Target)})
	}
	for i := range min(in.Int(FPDFDoc_GetJavaScriptActionCount, uint64(d.handle)), maxActions) {
		if err := d.budget.Tick(ctx); err != nil {
			return nil, err
		}
		script := in.Call(FPDFDoc_GetJavaScriptAction, uint64(d.handle), uint64(i))
		if script == 0 {
			continue
		}
		out = append(out, Action{Page: -1, Kind: JavaScript, From: "document", Target: cut(in.Text(FPDFJavaScriptAction_GetName, script))})
		in.Call(FPDFDoc_CloseJavaScriptAction, script)
	}
	out, err := d.readOutline(ctx, out)
	if err != nil {
		return nil, err
	}
	return out, d.failed("listed the actions of the file")
}

// readOutline adds the actions of the outline's items. What leads back to itself is seen once.
func (d *Document) readOutline(ctx context.Context, out []Action) ([]Action, error) {
	const most = 20_000 // items
	in, document := d.in, uint64(d.handle)
	seen := map[uint64]bool{0: true}
	for waiting := []uint64{0}; len(waiting) > 0 && len(seen) < most && len(out) < maxActions; {
		parent := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		item := in.Call(FPDFBookmark_GetFirstChild, document, parent)
		for ; !seen[item] && len(seen) < most; item = in.Call(FPDFBookmark_GetNextSibling, document, item) {
			if err := d.budget.Tick(ctx); err != nil {
				return nil, err
			}
			seen[item] = true
			waiting = append(waiting, item)
			action := in.Call(FPDFBookmark_GetAction, item)
			if a, ok := d.action(action); ok && len(out) < maxActions {
				if a.Target == "" {
					a.Target = in.Text(FPDFBookmark_GetTitle, item)
				}
				a.Page, a.From, a.Target = -1, "outline", cut(a.Target)
				out = append(out, a)
			}
		}
	}
	return out, nil
}

// action tells what an action would do; false where it leads to an address or a place in the document, or is none.
func (d *Document) action(action uint64) (a Action, ok bool) {
	const (
		toPlace        = 1
		remote         = 2
		toAddress      = 3
		launch         = 4
		embeddedRemote = 5
	)
	if action == 0 {
		return a, false
	}
	switch d.in.Int(FPDFAction_GetType, action) {
	case toPlace, toAddress:
		return a, false
	case launch:
		return Action{Kind: Launch, Target: d.in.ASCII(FPDFAction_GetFilePath, action)}, true
	case remote:
		return Action{Kind: RemoteFile, Target: d.in.ASCII(FPDFAction_GetFilePath, action)}, true
	case embeddedRemote:
		return Action{Kind: RemoteFile}, true
	default:
		return Action{Kind: Other}, true
	}
}

// pageActions notes what a viewer would do when the page is shown and left.
func (w *walker) pageActions() {
	for event := range uint64(2) { // the page is opened, and closed (fpdf_formfill.h)
		if a, ok := w.action(w.in.Call(FPDF_GetPageAAction, uint64(w.page), event)); ok {
			a.From = "page"
			w.act(a)
		}
	}
}

// linkAction notes the action of a link that leads neither to an address nor to a place in the document.
func (w *walker) linkAction(action uint64) {
	if a, ok := w.action(action); ok {
		a.From = "link"
		w.act(a)
	}
}

// keys are names of entries of an annotation, in PDFium's memory: of actions, of its text and of who wrote it.
type keys struct{ action, more, text, author uint64 }

// annotationAction notes that an annotation has actions. Which, PDFium tells for links and for some scripts of fields alone.
func (w *walker) annotationAction(annotation uint64, k keys, link bool, from, name string) {
	has := func(key uint64) bool { return key != 0 && w.in.True(FPDFAnnot_HasKey, annotation, key) }
	if !link && has(k.action) || has(k.more) {
		w.act(Action{Kind: Other, From: from, Target: name})
	}
}

// fieldScript notes that a form field has scripts of its own.
func (w *walker) fieldScript(annotation uint64, name string) bool {
	for _, event := range [...]uint64{12, 13, 14, 15} { // a key, formatting, validation, calculation (fpdf_formfill.h)
		if w.in.Call(FPDFAnnot_GetFormAdditionalActionJavaScript, uint64(w.form), annotation, event, 0, 0) > 2 {
			w.act(Action{Kind: JavaScript, From: "field", Target: name})
			return true
		}
	}
	return false
}

func (w *walker) act(a Action) {
	a.Page = w.index
	if a.Target = cut(a.Target); len(w.actions) < maxActions {
		w.actions = append(w.actions, a)
	}
}

func cut(s string) string {
	if len(s) > maxTarget {
		s = s[:maxTarget]
	}
	return strings.ToValidUTF8(s, "")
}

// actionsKey is the metadata key under which the first element of a document lists what the file would have a viewer do.
const actionsKey = "ignored_actions"

// listActions puts the actions of a document into the metadata of its first element.
func listActions(first *element.Element, actions []Action, firstPage int) {
	if len(actions) == 0 {
		return
	}
	list := make([]any, 0, min(len(actions), maxActions))
	for _, a := range actions[:min(len(actions), maxActions)] {
		entry := map[string]any{"type": string(a.Kind), "from": a.From}
		if a.Page >= 0 {
			entry["page_number"] = a.Page + firstPage
		}
		if a.Target != "" {
			entry["target"] = a.Target
		}
		list = append(list, entry)
	}
	raster.Note(first, actionsKey, list)
}
