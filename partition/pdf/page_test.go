package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/layout"
)

// open opens what a writer has written, until the test ends. A test that opens more than one document does so with during: as many may be
// open as there are processors, and two tests that each hold one while they wait for another would wait for ever.
func (w *writer) open(t *testing.T) *Document {
	t.Helper()
	d, end := w.opened(t)
	t.Cleanup(end)
	return d
}

// during opens what a writer has written while f runs.
func (w *writer) during(t *testing.T, f func(d *Document)) {
	t.Helper()
	d, end := w.opened(t)
	defer end()
	f(d)
}

func (w *writer) opened(t *testing.T) (d *Document, end func()) {
	t.Helper()
	b := w.bytes()
	d, err := Open(t.Context(), document.NewFile("a.pdf", "", int64(len(b)), bytes.NewReader(b)), format.Options{}, budget.New(budget.Default))
	if err != nil {
		t.Fatal(err)
	}
	return d, func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// read reads the first page of what a writer has written.
func (w *writer) read(t *testing.T) *layout.Page {
	t.Helper()
	var p *layout.Page
	w.during(t, func(d *Document) {
		var err error
		if p, err = d.Page(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	})
	return p
}

// near compares boxes to half a point.
func near(a, b layout.Box) bool {
	return math.Abs(a.X0-b.X0) < 0.5 && math.Abs(a.Y0-b.Y0) < 0.5 && math.Abs(a.X1-b.X1) < 0.5 && math.Abs(a.Y1-b.Y1) < 0.5
}

// hiddenOf gives for each flag the text of the glyphs that have it.
func hiddenOf(p *layout.Page) map[layout.Hidden]string {
	out := map[layout.Hidden]string{}
	for _, g := range p.Glyphs {
		out[g.Hidden] += g.Text
	}
	return out
}

func TestFontsAndSizes(t *testing.T) {
	t.Parallel()
	w := (&writer{font: "ABCDEF+Courier-BoldOblique"}).page("BT 2 0 0 2 50 400 Tm /F1 6 Tf (Goat) Tj ET", "")
	p := w.read(t)
	if len(p.Fonts) != 1 || p.Fonts[0] != (layout.Font{Name: "Courier-BoldOblique", Weight: 700, Italic: true, Mono: true}) {
		t.Fatalf("%+v", p.Fonts)
	}
	if len(p.Glyphs) != 4 || math.Abs(p.Glyphs[0].Size-12) > 0.01 || p.Glyphs[0].Font != 0 || p.Glyphs[0].Tag != -1 {
		t.Errorf("%+v", p.Glyphs)
	}
}

func TestFontNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]layout.Font{
		"Arial,BoldItalic": {Weight: 700, Italic: true}, "TimesNewRomanPS-BoldMT": {Weight: 700}, "Helvetica-Light": {Weight: 300},
		"OpenSans-SemiBold": {Weight: 600}, "CMBX12": {Weight: 700}, "CMTI10": {Weight: 400, Italic: true}, "HelveticaNeueLTStd-Hv": {Weight: 800},
		"Times-Roman": {Weight: 400}, "BookAntiqua": {Weight: 400}, "LiberationMono": {Weight: 400, Mono: true}, "Gotham-Medium": {Weight: 500},
		"MonotypeCorsiva": {Weight: 400}, "Roboto-Black": {Weight: 900}, "Blackadder-Regular": {Weight: 400}, "NimbusRomNo9L-Medi": {Weight: 700},
	} {
		want.Name = name
		if got := describe(name, 0, 0); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if f := describe("F7", forceBold|italicFlag|fixedPitch, 0); f.Weight != 700 || !f.Italic || !f.Mono {
		t.Errorf("flags: %+v", f)
	}
	if f := describe("F7", 0, 700); f.Weight != 700 {
		t.Errorf("stems: %+v", f)
	}
}

func TestRulesAndFills(t *testing.T) {
	t.Parallel()
	p := (&writer{}).page("2 w 100 700 m 300 700 l S "+ // a stroke
		"100 600 50 40 re S "+ // the sides of a rectangle
		"0 0 1 RG [3 2] 0 d 100 500 m 100 560 l S [] 0 d "+ // dashed, from bottom to top
		"100 450 200 1.5 re f "+ // a thin area
		"1 0 0 rg 100 300 200 100 re f "+ // an area
		"0 g 400 400 50 50 re 402 402 46 46 re f* "+ // a frame
		"500 500 m 520 520 l S "+ // slanted: no rule
		"q 0 0 50 50 re W n 10 10 200 20 re f Q", "").read(t) // cut by its clip
	has := func(b layout.Box) {
		t.Helper()
		if !slices.ContainsFunc(p.Rules, func(r layout.Rule) bool { return near(r.Box, b) }) {
			t.Errorf("no rule at %v in\n%v", b, p.Rules)
		}
	}
	has(layout.Box{X0: 100, Y0: 99, X1: 300, Y1: 101})
	for _, b := range []layout.Box{{X0: 100, Y0: 199, X1: 150, Y1: 201}, {X0: 100, Y0: 159, X1: 150, Y1: 161}, {X0: 99, Y0: 160, X1: 101, Y1: 200}, {X0: 149, Y0: 160, X1: 151, Y1: 200}} {
		has(b)
	}
	has(layout.Box{X0: 99, Y0: 240, X1: 101, Y1: 300})
	has(layout.Box{X0: 100, Y0: 348.5, X1: 300, Y1: 350})
	has(layout.Box{X0: 400, Y0: 350, X1: 450, Y1: 350})
	if len(p.Fills) != 2 || !near(p.Fills[0].Box, layout.Box{X0: 100, Y0: 400, X1: 300, Y1: 500}) || p.Fills[0].Color != [3]uint8{255, 0, 0} || !p.Fills[0].Opaque ||
		!near(p.Fills[1].Box, layout.Box{X0: 10, Y0: 770, X1: 50, Y1: 790}) {
		t.Errorf("%+v", p.Fills)
	}
	if len(p.Pictures) != 0 {
		t.Errorf("%+v", p.Pictures)
	}
}

// What is drawn in a form stands where the form's matrix puts it.
func TestForms(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page("q 2 0 0 2 100 200 cm /Im Do Q", "")
	inner := at(10, 10, 6, "Inner") + "0 0 50 1 re f /Pic Do"
	w.objects = []string{"<</Type/XObject/Subtype/Image/Width 2/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 2>>\nstream\n\x80\x10\nendstream",
		fmt.Sprintf("<</Type/XObject/Subtype/Form/BBox[0 0 100 100]/Resources<</Font<</F1 3 0 R>>/XObject<</Pic 100 0 R>>>>/Length %d>>\nstream\n%s\nendstream", len(inner), inner)}
	p := w.read(t)
	if len(p.Glyphs) != 5 || math.Abs(p.Glyphs[0].Size-12) > 0.01 || math.Abs(p.Glyphs[0].Box.X0-120) > 0.5 {
		t.Errorf("%+v", p.Glyphs)
	}
	if len(p.Rules) != 1 || !near(p.Rules[0].Box, layout.Box{X0: 100, Y0: 598, X1: 200, Y1: 600}) {
		t.Errorf("%+v", p.Rules)
	}
	if len(p.Pictures) != 1 || !near(p.Pictures[0].Box, layout.Box{X0: 100, Y0: 598, X1: 102, Y1: 600}) || p.Pictures[0].Width != 2 || p.Pictures[0].Height != 1 {
		t.Errorf("%+v", p.Pictures)
	}
}

func TestDrawing(t *testing.T) {
	t.Parallel()
	var content strings.Builder
	for i := range 12 {
		fmt.Fprintf(&content, "%d 300 m %d 340 %d 380 %d 400 c S ", 100+10*i, 120+10*i, 90+10*i, 150+10*i)
	}
	content.WriteString("400 100 m 420 130 l S") // alone: no drawing
	p := (&writer{}).page(content.String(), "").read(t)
	if len(p.Pictures) != 1 || !p.Pictures[0].Drawing || p.Pictures[0].Object != -1 || !near(p.Pictures[0].Box.Intersect(layout.Box{X0: 100, Y0: 400, X1: 260, Y1: 500}), layout.Box{X0: 100, Y0: 400, X1: 260, Y1: 500}) {
		t.Errorf("%+v", p.Pictures)
	}
}

func TestHidden(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page("3 Tr "+at(50, 700, 11, "invisible")+"0 Tr "+at(50, 670, 11, "plain")+at(700, 500, 11, "outside")+at(50, 640, 0.5, "tiny")+
		"1 g "+at(50, 610, 11, "faint")+"0 0 1 rg 40 560 200 30 re f 1 g "+at(50, 570, 11, "white on blue")+"0 0 1 rg "+at(150, 570, 11, "blue on blue")+
		"0 g "+at(50, 500, 11, "below")+"1 g 40 490 100 30 re f "+
		"0 g "+at(300, 500, 11, "underpicture")+"q 200 0 0 100 290 450 cm /Im Do Q", "")
	w.objects = []string{"null", "<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>\nstream\n\x80\nendstream"}
	p := w.read(t)
	want := map[layout.Hidden]string{
		layout.Invisible: "invisible", 0: "plainwhite on blue", layout.OffPage: "outside", layout.Tiny: "tiny",
		layout.Faint: "faintblue on blue", layout.Covered: "belowunderpicture",
	}
	got := hiddenOf(p)
	for flag, text := range want {
		if got[flag] != text {
			t.Errorf("flag %d: got %q, want %q", flag, got[flag], text)
		}
		delete(got, flag)
	}
	if len(got) != 0 {
		t.Errorf("more: %v", got)
	}
}

// A picture with a mask that lets the text through hides nothing, and a colour that darkens what lies under it neither.
func TestSeenThrough(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 500, 11, "watermarked")+"q 200 0 0 100 40 450 cm /Im Do Q "+at(50, 300, 11, "marked")+"q /Mul gs 1 1 0 rg 40 290 100 30 re f Q",
		"/Resources<</Font<</F1 3 0 R>>/XObject<</Im 101 0 R>>/ExtGState<</Mul<</BM/Multiply>>>>>>")
	w.objects = []string{"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>\nstream\n\x20\nendstream",
		"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/SMask 100 0 R/Length 1>>\nstream\n\x80\nendstream"}
	if got := hiddenOf(w.read(t)); got[0] != "watermarkedmarked" {
		t.Errorf("%v", got)
	}
}

func TestLinksOfAllKinds(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 400, 11, sentence), "/Annots[100 0 R 101 0 R 102 0 R 103 0 R]")
	w.objects = []string{
		"<</Type/Annot/Subtype/Link/Rect[50 400 100 410]/A<</S/URI/URI(https://northwater.example)>>>>",
		"<</Type/Annot/Subtype/Link/Rect[110 400 150 410]/Dest[10 0 R/Fit]>>",
		"<</Type/Annot/Subtype/Link/Rect[160 400 200 410]/A<</S/Launch/F(program.exe)>>>>",
		"<</Type/Annot/Subtype/Link/Rect[210 400 250 410]/A<</S/JavaScript/JS(app.alert(1))>>>>",
	}
	p := w.read(t)
	if len(p.Links) != 2 || p.Links[0].URL != "https://northwater.example" || p.Links[1].URL != "" ||
		!near(p.Links[1].Box, layout.Box{X0: 110, Y0: 390, X1: 150, Y1: 400}) {
		t.Errorf("%+v", p.Links)
	}
}

func TestFieldsOfAllKinds(t *testing.T) {
	t.Parallel()
	w := (&writer{}).page(at(50, 700, 11, "A form."), "/Annots[100 0 R 101 0 R 102 0 R 103 0 R 104 0 R 105 0 R 106 0 R]")
	w.catalog = "/AcroForm<</Fields[100 0 R 101 0 R 102 0 R 103 0 R 104 0 R 105 0 R 106 0 R]/DA(/F1 11 Tf)/DR<</Font<</F1 3 0 R>>>>>>"
	field := func(rect, more string) string {
		return "<</Type/Annot/Subtype/Widget/Rect[" + rect + "]/DA(/F1 11 Tf)" + more + ">>"
	}
	w.objects = []string{
		field("50 600 300 620", "/FT/Tx/T(name)/TU(Your name)/V(Ada)"),
		field("50 560 60 570", "/FT/Btn/T(agree)/V/Yes/AS/Yes/AP<</N<</Yes 107 0 R/Off 107 0 R>>>>"),
		field("50 540 60 550", "/FT/Btn/T(news)/V/Off/AS/Off/AP<</N<</Yes 107 0 R/Off 107 0 R>>>>"),
		field("50 500 150 520", "/FT/Ch/Ff 131072/T(land)/V(de)/Opt[[(de)(Germany)][(fr)(France)]]"),
		field("50 450 150 470", "/FT/Sig/T(sign)"),
		field("50 400 150 420", "/FT/Tx/Ff 8192/T(pin)/V(1234)"),
		field("50 350 150 370", "/FT/Tx/F 2/T(unseen)/V(secret)"),
		"<</Type/XObject/Subtype/Form/BBox[0 0 10 10]/Length 0>>\nstream\n\nendstream",
	}
	p := w.read(t)
	want := []layout.Field{
		{Name: "Your name", Value: "Ada", Kind: layout.TextField}, {Name: "agree", Value: "Yes", Kind: layout.CheckBox, Checked: true},
		{Name: "news", Value: "Yes", Kind: layout.CheckBox}, {Name: "land", Value: "Germany", Kind: layout.ChoiceField},
		{Name: "sign", Kind: layout.SignatureField}, {Name: "pin", Kind: layout.TextField},
	}
	if len(p.Fields) != len(want) {
		t.Fatalf("%+v", p.Fields)
	}
	for i, f := range p.Fields {
		f.Box = layout.Box{}
		if f != want[i] {
			t.Errorf("got %+v, want %+v", f, want[i])
		}
	}
	if !near(p.Fields[1].Box, layout.Box{X0: 50, Y0: 230, X1: 60, Y1: 240}) {
		t.Errorf("%+v", p.Fields[1])
	}
}

// tagged is a page with a structure tree: a heading under a name of its own, a table cell over two columns, a figure.
func tagged() *writer {
	w := (&writer{}).page("/Kopf<</MCID 0>>BDC "+at(50, 700, 18, "Heading")+"EMC /TD<</MCID 1>>BDC "+at(50, 600, 11, "Cell")+"EMC "+
		"/Figure<</MCID 2>>BDC q 100 0 0 100 50 400 cm /Im Do Q EMC /Artifact BMC "+at(50, 20, 8, "7")+"EMC", "/StructParents 0")
	w.catalog = "/MarkInfo<</Marked true>>/StructTreeRoot 100 0 R"
	w.objects = []string{
		"<</Type/StructTreeRoot/K[102 0 R 103 0 R 104 0 R]/ParentTree 105 0 R/RoleMap<</Kopf/H1>>>>",
		"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>\nstream\n\x80\nendstream",
		"<</Type/StructElem/S/Kopf/P 100 0 R/Pg 10 0 R/K 0>>",
		"<</Type/StructElem/S/TD/P 100 0 R/Pg 10 0 R/K[1]/A<</O/Table/ColSpan 2>>>>",
		"<</Type/StructElem/S/Figure/P 100 0 R/Pg 10 0 R/K[2]/Alt(A grey square)>>",
		"<</Nums[0[102 0 R 103 0 R 104 0 R]]>>",
	}
	return w
}

func TestTags(t *testing.T) {
	t.Parallel()
	p := tagged().read(t)
	types := map[string]string{}
	for _, g := range p.Glyphs {
		if g.Tag >= 0 {
			types[p.Tags[g.Tag].Type] += g.Text
		}
	}
	if types["H1"] != "Heading" || types["TD"] != "Cell" || types["Artifact"] != "7" {
		t.Errorf("%v, %+v", types, p.Tags)
	}
	if i := slices.IndexFunc(p.Tags, func(t layout.Tag) bool { return t.Type == "TD" }); i < 0 || p.Tags[i].Spans != [2]int{0, 2} {
		t.Errorf("%+v", p.Tags)
	}
	if len(p.Pictures) != 1 || p.Pictures[0].Alt != "A grey square" {
		t.Errorf("%+v", p.Pictures)
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	d := (&writer{}).page("0 g 0 400 300 400 re f", "").page("0 g 0 400 300 400 re f", "/Rotate 90").page("", "/MediaBox[0 0 14400 14400]").open(t)
	img, dpi, err := d.Render(t.Context(), 0, 144)
	if err != nil || dpi != 144 || img.Bounds().Dx() != 1200 || img.Bounds().Dy() != 1600 {
		t.Fatalf("%v %v %v", err, dpi, img.Bounds())
	}
	if img.GrayAt(10, 10).Y != 0 || img.GrayAt(1190, 10).Y != 255 || img.GrayAt(10, 1590).Y != 255 {
		t.Error("not what is drawn")
	}
	if img, _, err = d.Render(t.Context(), 1, 72); err != nil || img.Bounds().Dx() != 800 || img.GrayAt(790, 10).Y != 0 || img.GrayAt(10, 10).Y != 255 {
		t.Errorf("turned: %v %v", err, img.Bounds())
	}
	img, dpi, err = d.Render(t.Context(), 2, 300)
	if err != nil || dpi >= 72 || img.Bounds().Dx()*img.Bounds().Dy() > 25_000_000 {
		t.Errorf("large: %v, %v dots per inch", err, dpi)
	}
	part, _, err := d.RenderBox(t.Context(), 0, layout.Box{X0: 290, Y0: 390, X1: 310, Y1: 410}, 72)
	if err != nil || part.Bounds().Dx() != 20 || part.GrayAt(5, 5).Y != 0 || part.GrayAt(15, 5).Y != 255 || part.GrayAt(5, 15).Y != 255 {
		t.Errorf("a part: %v %v", err, part)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := d.Render(ctx, 0, 72); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestPicture(t *testing.T) {
	t.Parallel()
	var photo bytes.Buffer
	(&writer{}).page("0 g 0 400 300 400 re f", "").during(t, func(d *Document) {
		page, _, err := d.Render(t.Context(), 0, 18)
		if err != nil {
			t.Fatal(err)
		}
		if err := jpeg.Encode(&photo, page, nil); err != nil {
			t.Fatal(err)
		}
	})
	w := (&writer{}).page("q 100 0 0 100 50 400 cm /Im Do Q q 100 0 0 100 250 400 cm /Jpg Do Q q 10 0 0 10 50 40 cm /Big Do Q",
		"/Resources<</XObject<</Im 101 0 R/Jpg 102 0 R/Big 103 0 R>>>>")
	w.objects = []string{"null", "<</Type/XObject/Subtype/Image/Width 2/Height 1/ColorSpace/DeviceRGB/BitsPerComponent 8/Length 6>>\nstream\n\xff\x00\x00\x00\x00\xff\nendstream",
		fmt.Sprintf("<</Type/XObject/Subtype/Image/Width 150/Height 200/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode/Length %d>>\nstream\n%s\nendstream", photo.Len(), photo.Bytes()),
		"<</Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceRGB/BitsPerComponent 8/Length 6>>\nstream\n\xff\x00\x00\x00\x00\xff\nendstream"}
	d := w.open(t)
	r, err := d.Picture(t.Context(), 0, 0)
	if err != nil || r.MIME != "image/png" {
		t.Fatalf("%v %s", err, r.MIME)
	}
	img, err := png.Decode(bytes.NewReader(r.Bytes))
	if err != nil || img.Bounds().Dx() != 2 {
		t.Fatal(err, img)
	}
	if red, _, blue, _ := img.At(0, 0).RGBA(); red < 0xF000 || blue > 0x1000 {
		t.Errorf("%v", img.At(0, 0))
	}
	if r, err := d.Picture(t.Context(), 0, 1); err != nil || r.MIME != "image/jpeg" || !bytes.Equal(r.Bytes, photo.Bytes()) {
		t.Errorf("%v %s %d", err, r.MIME, len(r.Bytes))
	}
	for _, object := range []int{2, 3, -1} {
		if _, err := d.Picture(t.Context(), 0, object); err == nil {
			t.Errorf("picture %d has no error", object)
		} else {
			classified(t, "picture", err)
		}
	}
}
