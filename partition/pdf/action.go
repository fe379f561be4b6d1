package pdf

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/element"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
	"github.com/sluicehq/sluice/partition/raster"
)

// Action is something that a PDF would have a viewer do, beside going to a place or an address. Nothing of it is done here; it is listed, so
// that a reader of the elements can tell a file that starts programs.
type Action struct {
	Page   int        // its index, -1 for the document as a whole
	Kind   ActionKind // what it would do
	Target string     // the file that it would open, or the name of the script or of the field that has it; may be ""
}

// ActionKind is the kind of an Action.
type ActionKind string

// The kinds of actions.
const (
	Launch     ActionKind = "launch"      // starts a program or opens a file with one
	RemoteFile ActionKind = "remote_file" // goes to a place in another file
	JavaScript ActionKind = "javascript"  // runs a script, when the document is opened or a field changes
	Other      ActionKind = "other"       // a script of a link, sending a form, and what else PDFium does not take apart
)

const (
	maxActions = 100 // of a document that are listed
	maxTarget  = 500 // bytes of a target
)

// readScripts lists the scripts that a viewer would run when the document is opened (ISO 32000-1, 7.7.4, JavaScript).
func (d *Document) readScripts(ctx context.Context) ([]Action, error) {
	in := d.in
	var out []Action
	for i := range min(in.Int(FPDFDoc_GetJavaScriptActionCount, uint64(d.handle)), maxActions) {
		if err := d.budget.Tick(ctx); err != nil {
			return nil, err
		}
		script := in.Call(FPDFDoc_GetJavaScriptAction, uint64(d.handle), uint64(i))
		if script == 0 {
			continue
		}
		out = append(out, Action{Page: -1, Kind: JavaScript, Target: cut(in.Text(FPDFJavaScriptAction_GetName, script))})
		in.Call(FPDFDoc_CloseJavaScriptAction, script)
	}
	return out, d.failed("listed the scripts of the file")
}

// linkAction notes the action of a link that leads neither to an address nor to a place in the document.
func (w *walker) linkAction(action uint64) {
	const (
		remote         = 2
		launch         = 4
		embeddedRemote = 5
	)
	a := Action{Page: w.index, Kind: Other}
	switch w.in.Int(FPDFAction_GetType, action) {
	case launch:
		a.Kind, a.Target = Launch, w.in.ASCII(FPDFAction_GetFilePath, action)
	case remote:
		a.Kind, a.Target = RemoteFile, w.in.ASCII(FPDFAction_GetFilePath, action)
	case embeddedRemote:
		a.Kind = RemoteFile
	}
	w.act(a)
}

// fieldAction notes that a form field has scripts of its own.
func (w *walker) fieldAction(annotation uint64, name string) {
	for _, event := range [...]uint64{12, 13, 14, 15} { // a key, formatting, validation, calculation (fpdf_formfill.h)
		if w.in.Call(FPDFAnnot_GetFormAdditionalActionJavaScript, uint64(w.form), annotation, event, 0, 0) > 2 {
			w.act(Action{Page: w.index, Kind: JavaScript, Target: name})
			return
		}
	}
}

func (w *walker) act(a Action) {
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
		entry := map[string]any{"type": string(a.Kind)}
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
