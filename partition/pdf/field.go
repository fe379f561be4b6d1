package pdf

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// openForm makes form fields readable. A document without form fields, or with a form that PDFium cannot open, has none.
// Scripts of the form are not run.
func (d *Document) openForm() {
	if d.in.Int(FPDF_GetFormType, uint64(d.handle)) == 0 {
		return
	}
	if viewer := d.in.Call(FPDF_FORMFILLINFO_Create); viewer != 0 {
		d.form = d.in.Handle(FPDFDOC_InitFormFillEnvironment, uint64(d.handle), viewer)
	}
}

// readAnnotations reads the form fields of a page and what was written on it, and notes what its annotations would have a viewer do.
func (w *walker) readAnnotations(ctx context.Context) error {
	w.pageActions()
	in := w.in
	n := min(in.Int(FPDFPage_GetAnnotCount, uint64(w.page)), maxAnnotations)
	if n <= 0 {
		return nil
	}
	k := keys{in.CString("A"), in.CString("AA"), in.CString("Contents"), in.CString("T")}
	defer func() {
		for _, key := range []uint64{k.action, k.more, k.text, k.author} {
			in.Call(Free, key)
		}
	}()
	const link, widget = 2, 20
	for i := range n {
		if err := w.budget.Tick(ctx); err != nil {
			return err
		}
		annotation := in.Call(FPDFPage_GetAnnot, uint64(w.page), uint64(i))
		if annotation == 0 {
			continue // a damaged entry of the list
		}
		switch kind := in.Int(FPDFAnnot_GetSubtype, annotation); {
		case kind != widget:
			w.annotationAction(annotation, k, kind == link, "annotation", "")
			w.annotationText(annotation, kind, k)
		case w.form == 0:
			w.annotationAction(annotation, k, false, "field", "")
		default:
			if field, ok := w.field(annotation, k); ok {
				w.p.Fields = append(w.p.Fields, field)
			}
		}
		in.Call(FPDFPage_CloseAnnot, annotation)
	}
	return nil
}

// kinds are PDFium's numbers of field types (fpdf_formfill.h).
var kinds = map[int]layout.FieldKind{
	1: layout.ButtonField, 2: layout.CheckBox, 3: layout.RadioButton, 4: layout.ChoiceField, 5: layout.ChoiceField,
	6: layout.TextField, 7: layout.SignatureField,
}

// field reads a form field, and notes its actions, those of a field that is not shown too.
func (w *walker) field(annotation uint64, k keys) (field layout.Field, ok bool) {
	const (
		hidden, noView = 1 << 1, 1 << 5 // flags of annotations (ISO 32000-1, table 165)
		secret         = 1 << 13        // flag of text fields that hold a password (table 228)
	)
	in, form := w.in, uint64(w.form)
	if field.Name = in.Text(FPDFAnnot_GetFormFieldAlternateName, form, annotation); field.Name == "" {
		field.Name = in.Text(FPDFAnnot_GetFormFieldName, form, annotation)
	}
	if !w.fieldScript(annotation, field.Name) {
		w.annotationAction(annotation, k, false, "field", field.Name)
	}
	if field.Kind, ok = kinds[in.Int(FPDFAnnot_GetFormFieldType, form, annotation)]; !ok {
		return field, false
	}
	if in.Int(FPDFAnnot_GetFlags, annotation)&(hidden|noView) != 0 || !in.True(FPDFAnnot_GetRect, annotation, in.Out(0)) {
		return field, false
	}
	if field.Box = w.rectAt(0); !field.Box.Finite() {
		return field, false
	}
	switch field.Kind {
	case layout.CheckBox, layout.RadioButton:
		w.widgets()
		field.Checked = in.True(FPDFAnnot_IsChecked, form, annotation)
		field.Value = in.Text(FPDFAnnot_GetFormFieldExportValue, form, annotation)
	case layout.ChoiceField:
		if field.Value = w.chosen(annotation); field.Value == "" {
			field.Value = in.Text(FPDFAnnot_GetFormFieldValue, form, annotation)
		}
	case layout.TextField:
		if in.Int(FPDFAnnot_GetFormFieldFlags, form, annotation)&secret == 0 {
			field.Value = in.Text(FPDFAnnot_GetFormFieldValue, form, annotation)
		}
	}
	return field, true
}

// chosen returns the labels of the selected options, as a reader sees them.
func (w *walker) chosen(annotation uint64) string {
	const most = 1000
	in, form := w.in, uint64(w.form)
	var labels []string
	for i := range min(in.Int(FPDFAnnot_GetOptionCount, form, annotation), most) {
		if in.True(FPDFAnnot_IsOptionSelected, form, annotation, uint64(i)) {
			labels = append(labels, in.Text(FPDFAnnot_GetOptionLabel, form, annotation, uint64(i)))
		}
	}
	return strings.Join(labels, ", ")
}
