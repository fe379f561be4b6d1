package grid

import (
	"math"
	"slices"
	"testing"
)

func TestFloats(t *testing.T) {
	if got := Floats([]float64{1, math.Inf(1), 2.25}); !slices.Equal(got, []string{"1.00", "inf", "2.25"}) {
		t.Error(got)
	}
	if got := Floats([]float64{0.0000001, 1}); !slices.Equal(got, []string{"1.000000e-07", "1.000000e+00"}) {
		t.Error(got)
	}
	if got := Floats([]float64{0.123456789, 1}); !slices.Equal(got, []string{"0.123457", "1.000000"}) {
		t.Error(got)
	}
	if got := Floats(nil); len(got) != 0 {
		t.Error(got)
	}
}

func TestTable(t *testing.T) {
	e, ok := Table([][]string{{" a\n b ", ""}, {}, {"<", "&"}}, true)
	if !ok || e.Text != "a b < &" || e.Metadata.TextAsHTML != "<table><tr><td>a b</td><td/></tr><tr><td>&lt;</td><td>&amp;</td></tr></table>" {
		t.Errorf("%v %+v", ok, e)
	}
	if _, ok := Table([][]string{{"", " "}}, true); ok {
		t.Error("a table of nothing")
	}
}
