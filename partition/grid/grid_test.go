package grid

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestColumn(t *testing.T) {
	for in, want := range map[string]string{
		"1 2 3":                     "1 2 3",
		"+1 007":                    "1 7",
		"1 2.5":                     "1.0 2.5",
		"1 - 3":                     "1.0 - 3.0", // "-" stands for an empty value
		"a 1 NA":                    "a 1 -",
		"NA null -":                 "- - -",
		"0.123456789 1":             "0.123457 1.000000",
		"1e3 2":                     "1000.0 2.0",
		"0x10 1":                    "0x10 1",
		"12345678.5 1":              "12345678.5 1.0",
		"0.0000001 1":               "1.000000e-07 1.000000e+00",
		"1_000 2":                   "1_000 2",
		"99999999999999999999999 1": "99999999999999999999999 1",
	} {
		values := strings.Fields(in)
		for i, v := range values {
			if v == "-" {
				values[i] = ""
			}
		}
		Column(values)
		for i, v := range values {
			if v == "" {
				values[i] = "-"
			}
		}
		if got := strings.Join(values, " "); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestFloats(t *testing.T) {
	if got := Floats([]float64{1, math.Inf(1), 2.25}); !slices.Equal(got, []string{"1.00", "inf", "2.25"}) {
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

func FuzzColumn(f *testing.F) {
	f.Add("1,2.5,,NA,x")
	f.Fuzz(func(t *testing.T, s string) {
		values := strings.Split(s, ",")
		n := len(values)
		if Column(values); len(values) != n {
			t.Error("values were lost")
		}
	})
}
