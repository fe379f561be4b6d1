package pdf

import (
	"context"
	"strings"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"

	"github.com/sluicehq/sluice/partition/layout"
)

// openForm makes the values of form fields readable. A document without form fields, or with a form that PDFium cannot
// open, has none.
func (r *reader) openForm() error {
	kind, err := r.engine.FPDF_GetFormType(&requests.FPDF_GetFormType{Document: r.document})
	if err != nil || kind.FormType == enums.FPDF_FORMTYPE_NONE {
		return nil //nolint:nilerr // a form that cannot be opened is none
	}
	form, err := r.engine.FPDFDOC_InitFormFillEnvironment(&requests.FPDFDOC_InitFormFillEnvironment{
		Document: r.document, FormFillInfo: silentForm(),
	})
	if err == nil {
		r.form = &form.FormHandle
	}
	return nil
}

// silentForm answers PDFium's questions to a viewer: nothing is drawn, timed or followed.
func silentForm() structs.FPDF_FORMFILLINFO {
	return structs.FPDF_FORMFILLINFO{
		FFI_Invalidate:         func(references.FPDF_PAGE, float64, float64, float64, float64) {},
		FFI_SetCursor:          func(enums.FXCT) {},
		FFI_SetTimer:           func(int, func(int)) int { return 0 },
		FFI_KillTimer:          func(int) {},
		FFI_GetLocalTime:       func() structs.FPDF_SYSTEMTIME { return structs.FPDF_SYSTEMTIME{} },
		FFI_GetPage:            func(references.FPDF_DOCUMENT, int) *references.FPDF_PAGE { return nil },
		FFI_GetRotation:        func(references.FPDF_PAGE) enums.FPDF_PAGE_ROTATION { return 0 },
		FFI_ExecuteNamedAction: func(string) {},
	}
}

// readFields reads the text and choice fields of a page that hold a value.
func (r *reader) readFields(ctx context.Context, ref references.FPDF_PAGE, f frame) ([]layout.Field, error) {
	if r.form == nil {
		return nil, nil
	}
	page := requests.Page{ByReference: &ref}
	count, err := r.engine.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: page})
	if err != nil {
		return nil, err
	}
	var fields []layout.Field
	for i := range count.Count {
		if err := r.budget.Tick(ctx); err != nil {
			return nil, err
		}
		found, err := r.engine.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: page, Index: i})
		if err != nil {
			continue // a damaged entry of the list
		}
		if field, ok := r.readField(found.Annotation, f); ok {
			fields = append(fields, field)
		}
		if _, err := r.engine.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: found.Annotation}); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

func (r *reader) readField(a references.FPDF_ANNOTATION, f frame) (field layout.Field, ok bool) {
	subtype, err := r.engine.FPDFAnnot_GetSubtype(&requests.FPDFAnnot_GetSubtype{Annotation: a})
	if err != nil || subtype.Subtype != enums.FPDF_ANNOT_SUBTYPE_WIDGET {
		return field, false
	}
	kind, err := r.engine.FPDFAnnot_GetFormFieldType(&requests.FPDFAnnot_GetFormFieldType{FormHandle: *r.form, Annotation: a})
	if err != nil {
		return field, false
	}
	switch kind.FormFieldType {
	case enums.FPDF_FORMFIELD_TYPE_TEXTFIELD, enums.FPDF_FORMFIELD_TYPE_COMBOBOX, enums.FPDF_FORMFIELD_TYPE_LISTBOX:
	default:
		return field, false
	}
	value, err := r.engine.FPDFAnnot_GetFormFieldValue(&requests.FPDFAnnot_GetFormFieldValue{FormHandle: *r.form, Annotation: a})
	if err != nil || strings.TrimSpace(value.FormFieldValue) == "" {
		return field, false
	}
	rect, err := r.engine.FPDFAnnot_GetRect(&requests.FPDFAnnot_GetRect{Annotation: a})
	if err != nil {
		return field, false
	}
	box := f.box(rect.Rect.Left, rect.Rect.Bottom, rect.Rect.Right, rect.Rect.Top)
	kindOf := layout.TextField
	if kind.FormFieldType != enums.FPDF_FORMFIELD_TYPE_TEXTFIELD {
		kindOf = layout.ChoiceField
	}
	return layout.Field{Box: box, Value: value.FormFieldValue, Kind: kindOf}, box.Finite()
}

// hasImage tells whether something is drawn on a page that may be a picture of text: an image, or a form that holds one.
func (r *reader) hasImage(i int) (bool, error) {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: r.document, Index: i}}
	count, err := r.engine.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: page})
	if err != nil {
		return false, err
	}
	const looked = 2000
	for n := range min(count.Count, looked) {
		object, err := r.engine.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: page, Index: n})
		if err != nil {
			return false, err
		}
		kind, err := r.engine.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: object.PageObject})
		if err != nil {
			return false, err
		}
		if kind.Type == enums.FPDF_PAGEOBJ_IMAGE || kind.Type == enums.FPDF_PAGEOBJ_FORM {
			return true, nil
		}
	}
	return false, nil
}
