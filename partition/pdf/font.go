package pdf

import (
	"math"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/partition/layout"
	. "github.com/sluicehq/sluice/partition/pdf/internal/pdfium" //nolint:staticcheck // PDFium's functions under their C names
)

// font returns the index of a font in the page's list, -1 when it is none.
func (w *walker) font(handle Handle) int {
	if handle == 0 {
		return -1
	}
	if i, ok := w.fonts[handle]; ok {
		return i
	}
	in, font := w.in, uint64(handle)
	f := describe(in.ASCII(FPDFFont_GetBaseFontName, font), in.Int(FPDFFont_GetFlags, font), in.Int(FPDFFont_GetWeight, font))
	if in.True(FPDFFont_GetItalicAngle, font, in.Out(0)) && in.OutInt(0) != 0 {
		f.Italic = true
	}
	i := len(w.p.Fonts)
	w.p.Fonts, w.fonts[handle] = append(w.p.Fonts, f), i
	w.descents = append(w.descents, w.descent(font))
	return i
}

// descent returns how far a font reaches below the baseline, as a share of its size; 0 when it does not tell, or nothing that can be.
func (w *walker) descent(font uint64) float64 {
	if !w.in.True(FPDFFont_GetDescent, font, F32(1), w.in.Out(0)) {
		return 0
	}
	d := math.Abs(w.in.OutFloat(0))
	if !(d >= leastDescent && d <= topDescent) {
		return 0
	}
	return d
}

// The flags of a font descriptor (ISO 32000-1, table 123).
const (
	fixedPitch = 1 << 0
	italicFlag = 1 << 6
	forceBold  = 1 << 18
)

// describe makes a font of its name, flags and weight. The weight is PDFium's estimate from the width of the stems, which many files
// state wrongly; it counts only where the name says nothing and it is far from regular.
func describe(name string, flags, weight int) layout.Font {
	name = withoutPrefix(name)
	f := layout.Font{Name: name, Weight: 400, Italic: flags&italicFlag != 0, Mono: flags&fixedPitch != 0}
	lower := strings.ToLower(name)
	for _, word := range [...]string{"italic", "oblique", "kursiv", "slanted"} {
		f.Italic = f.Italic || strings.Contains(lower, word)
	}
	for _, word := range [...]string{"courier", "mono", "consolas", "typewriter", "lucidaconsole", "menlo", "cmtt", "sftt", "inconsolata"} {
		f.Mono = f.Mono || strings.Contains(lower, word) && !strings.Contains(lower, "monotype")
	}
	switch named := namedWeight(lower); {
	case named != 0:
		f.Weight = named
	case flags&forceBold != 0:
		f.Weight = 700
	case weight >= 650 && weight <= 1000:
		f.Weight = min(weight/100*100, 900)
	}
	f.Italic = f.Italic || texItalic(lower)
	return f
}

// withoutPrefix drops the six capitals and the plus sign that mark a subset of a font (ISO 32000-1, 9.6.4).
func withoutPrefix(name string) string {
	if len(name) > 7 && name[6] == '+' && strings.IndexFunc(name[:6], func(r rune) bool { return r < 'A' || r > 'Z' }) < 0 {
		return name[7:]
	}
	return name
}

// weights are the words for weights in font names, the more special first.
var weights = []struct {
	word   string
	weight int
}{
	{"extralight", 200}, {"ultralight", 200}, {"semilight", 300}, {"demilight", 300}, {"hairline", 100},
	{"semibold", 600}, {"demibold", 600}, {"extrabold", 800}, {"ultrabold", 800}, {"extrablack", 900}, {"ultrablack", 900},
	{"bold", 700}, {"halbfett", 600}, {"fett", 700}, {"gras", 700}, {"negreta", 700}, {"heavy", 800}, {"black", 900}, {"medium", 500}, {"thin", 100}, {"light", 300},
	{"regular", 400}, {"roman", 400}, {"book", 400},
}

// namedWeight returns the weight that a name in small letters says, 0 when it says none.
func namedWeight(name string) int {
	for _, tex := range [...]string{"cmbx", "cmssbx", "cmb1", "sfbx", "lmbx", "cmmib", "cmbsy", "ptmb", "phvb", "pcrb", "nimbusromno9l-medi", "nimbussanl-bold", "utopia-bold"} {
		if strings.HasPrefix(name, tex) {
			return 700
		}
	}
	style := name
	if i := strings.LastIndexAny(name, "-,"); i >= 0 {
		style = name[i+1:]
	}
	for _, s := range [...]string{style, name} {
		squeezed := strings.NewReplacer(" ", "", "-", "", "_", "", ",", "").Replace(s)
		for _, w := range weights {
			if i := strings.Index(squeezed, w.word); i >= 0 && !(w.weight <= 500 && w.weight >= 400 && s != style) {
				return w.weight
			}
		}
		// Short forms stand for themselves at the end, as in Frutiger-Bd or HelveticaNeueLTStd-Hv.
		switch strings.TrimRightFunc(s, unicode.IsDigit) {
		case "b", "bd", "bo", "bi", "bdit", "boldmt":
			return 700
		case "sb", "sbd", "demi", "dm":
			return 600
		case "hv", "xbd", "eb":
			return 800
		case "blk", "bl":
			return 900
		case "lt":
			return 300
		}
	}
	return 0
}

// texItalic tells whether a TeX font, which has no words in its name, is slanted.
func texItalic(name string) bool {
	for _, prefix := range [...]string{"cmti", "cmsl", "cmmi", "cmbxti", "sfti", "sfsl", "lmri", "ptmri", "nimbusromno9l-reguital"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
