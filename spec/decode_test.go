package spec

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

var sample = Spec{Fields: []Field{
	{Name: "word", Kind: String, Default: "auto", Enum: []string{"auto", "hi_res"}},
	{Name: "size", Kind: Int, Min: Limit(0), Max: Limit(100)},
	{Name: "share", Kind: Float, Default: 0.5, Min: Limit(0.01), Max: Limit(0.99)},
	{Name: "on", Kind: Bool, Default: false},
	{Name: "types", Kind: Strings, Enum: []string{"Image", "Table"}, OpenEnum: true},
	{Name: "kinds", Kind: Strings, Omit: true, Enum: []string{"Image", "Table"}},
	{Name: "more", Kind: Object, Omit: true},
	{Name: "free", Kind: Any, Omit: true},
	{Name: "host", Kind: String, Omit: true, Aliases: []string{"host_url", "server"}},
	{Name: "token", Kind: String, Omit: true, Secret: true},
}}

// with returns the decoded form of an empty object with some members changed.
func with(changes map[string]any) map[string]any {
	out := map[string]any{"word": "auto", "size": nil, "share": 0.5, "on": false, "types": nil}
	for k, v := range changes {
		out[k] = v
	}
	return out
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want map[string]any }{
		"nil":               {nil, with(nil)},
		"null is absent":    {map[string]any{"word": nil, "on": nil, "share": nil}, with(nil)},
		"enum without case": {map[string]any{"word": "HI_Res"}, with(map[string]any{"word": "hi_res"})},
		"enum with spaces":  {map[string]any{"word": " auto "}, with(nil)},
		"int from float":    {map[string]any{"size": 20.0}, with(map[string]any{"size": int64(20)})},
		"int from string":   {map[string]any{"size": " 20 "}, with(map[string]any{"size": int64(20)})},
		"int from number":   {map[string]any{"size": json.Number("20")}, with(map[string]any{"size": int64(20)})},
		"int from 2e1":      {map[string]any{"size": json.Number("2e1")}, with(map[string]any{"size": int64(20)})},
		"int from int":      {map[string]any{"size": 20}, with(map[string]any{"size": int64(20)})},
		"bounds are inclusive": {map[string]any{"size": 100, "share": 0.01},
			with(map[string]any{"size": int64(100), "share": 0.01})},
		"float from string": {map[string]any{"share": "0.25"}, with(map[string]any{"share": 0.25})},
		"bool from true":    {map[string]any{"on": "TRUE"}, with(map[string]any{"on": true})},
		"bool from yes":     {map[string]any{"on": "yes"}, with(map[string]any{"on": true})},
		"bool from off":     {map[string]any{"on": "off"}, with(nil)},
		"bool from 1":       {map[string]any{"on": 1.0}, with(map[string]any{"on": true})},
		"strings": {map[string]any{"types": []any{"image", "Other"}},
			with(map[string]any{"types": []any{"Image", "Other"}})},
		"strings of Go": {map[string]any{"types": []string{"TABLE"}},
			with(map[string]any{"types": []any{"Table"}})},
		"strings as JSON text": {map[string]any{"types": `["table"]`}, with(map[string]any{"types": []any{"Table"}})},
		"empty strings stay":   {map[string]any{"types": []any{}}, with(map[string]any{"types": []any{}})},
		"object": {map[string]any{"more": map[string]any{"a": 1.0}},
			with(map[string]any{"more": map[string]any{"a": int64(1)}})},
		"object as JSON text": {map[string]any{"more": `{"a": 1.5}`},
			with(map[string]any{"more": map[string]any{"a": 1.5}})},
		"any keeps": {map[string]any{"free": []any{1.0, "1", true}},
			with(map[string]any{"free": []any{int64(1), "1", true}})},
		"null stays with omit": {map[string]any{"free": nil}, with(map[string]any{"free": nil})},
		"alias":                {map[string]any{"server": "h"}, with(map[string]any{"host": "h"})},
		"name before alias": {map[string]any{"server": "b", "host_url": "a", "host": "c"},
			with(map[string]any{"host": "c"})},
		"alias before null":  {map[string]any{"server": "b", "host": nil}, with(map[string]any{"host": "b"})},
		"unknown is dropped": {map[string]any{"nonsense": 1}, with(nil)},
		"secret reference": {map[string]any{"token": map[string]any{"id": "x", "type": "rsa"}},
			with(map[string]any{"token": map[string]any{"id": "x", "type": "rsa"}})},
		"empty string is value": {map[string]any{"host": ""}, with(map[string]any{"host": ""})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := sample.Decode(c.in)
			if problems != nil {
				t.Fatalf("problems %v", problems)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %#v\nwant %#v", got, c.want)
			}
			again, problems := sample.Decode(got)
			if problems != nil || !reflect.DeepEqual(again, got) {
				t.Errorf("decoding twice gives %#v, %v", again, problems)
			}
		})
	}
}

func TestDecodeProblems(t *testing.T) {
	t.Parallel()
	type want struct {
		path []any
		code string
		msg  string
	}
	for name, c := range map[string]struct {
		in   map[string]any
		want want
	}{
		"string": {map[string]any{"host": 1.0},
			want{[]any{"host"}, "string_type", "Input should be a valid string"}},
		"enum": {map[string]any{"word": "slow"},
			want{[]any{"word"}, "enum", "Input should be 'auto' or 'hi_res'"}},
		"int of word": {map[string]any{"size": "many"},
			want{[]any{"size"}, "int_parsing",
				"Input should be a valid integer, unable to parse string as an integer"}},
		"int of 1.5": {map[string]any{"size": 1.5},
			want{[]any{"size"}, "int_from_float",
				"Input should be a valid integer, got a number with a fractional part"}},
		"int of bool": {map[string]any{"size": true},
			want{[]any{"size"}, "int_type", "Input should be a valid integer"}},
		"int too big": {map[string]any{"size": 1e300},
			want{[]any{"size"}, "int_parsing_size",
				"Unable to parse input string as an integer, exceeded maximum size"}},
		"int too low": {map[string]any{"size": -1.0},
			want{[]any{"size"}, "greater_than_equal", "Input should be greater than or equal to 0"}},
		"int too high": {map[string]any{"size": 101},
			want{[]any{"size"}, "less_than_equal", "Input should be less than or equal to 100"}},
		"float of word": {map[string]any{"share": "half"},
			want{[]any{"share"}, "float_parsing",
				"Input should be a valid number, unable to parse string as a number"}},
		"float of list": {map[string]any{"share": []any{}},
			want{[]any{"share"}, "float_type", "Input should be a valid number"}},
		"float of NaN": {map[string]any{"share": "nan"},
			want{[]any{"share"}, "finite_number", "Input should be a finite number"}},
		"float 1": {map[string]any{"share": 1.0},
			want{[]any{"share"}, "less_than_equal", "Input should be less than or equal to 0.99"}},
		"float 0": {map[string]any{"share": 0.0},
			want{[]any{"share"}, "greater_than_equal", "Input should be greater than or equal to 0.01"}},
		"bool of word": {map[string]any{"on": "maybe"},
			want{[]any{"on"}, "bool_parsing", "Input should be a valid boolean, unable to interpret input"}},
		"bool of 2": {map[string]any{"on": 2.0},
			want{[]any{"on"}, "bool_parsing", "Input should be a valid boolean, unable to interpret input"}},
		"bool of list": {map[string]any{"on": []any{}},
			want{[]any{"on"}, "bool_type", "Input should be a valid boolean"}},
		"list of word": {map[string]any{"types": "Image"},
			want{[]any{"types"}, "list_type", "Input should be a valid list"}},
		"member type": {map[string]any{"types": []any{"Image", 1.0}},
			want{[]any{"types", 1}, "string_type", "Input should be a valid string"}},
		"member enum": {map[string]any{"kinds": []any{"Image", "Other"}},
			want{[]any{"kinds", 1}, "enum", "Input should be 'Image' or 'Table'"}},
		"object": {map[string]any{"more": "x"},
			want{[]any{"more"}, "dict_type", "Input should be a valid dictionary"}},
		"two objects": {map[string]any{"more": "{} {}"},
			want{[]any{"more"}, "dict_type", "Input should be a valid dictionary"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := sample.Decode(c.in)
			if len(problems) != 1 {
				t.Fatalf("problems %v", problems)
			}
			p := problems[0]
			if !reflect.DeepEqual(p.Path, c.want.path) || p.Type != c.want.code || p.Msg != c.want.msg {
				t.Errorf("got %v %s %q", p.Path, p.Type, p.Msg)
			}
			if _, kept := got[p.Path[0].(string)]; kept {
				t.Errorf("the field is in the result: %v", got)
			}
		})
	}
}

func TestDecodeRequired(t *testing.T) {
	t.Parallel()
	s := Spec{Fields: []Field{{Name: "name", Kind: String, Required: true},
		{Name: "password", Kind: String, Secret: true, Omit: true}}}
	_, problems := s.Decode(map[string]any{"password": "hunter2"})
	if len(problems) != 1 || problems[0].Type != "missing" || problems[0].Msg != "Field required" {
		t.Fatalf("problems %v", problems)
	}
	if got := problems[0].Input; !reflect.DeepEqual(got, map[string]any{"password": Mask}) {
		t.Errorf("input %v shows the secret", got)
	}
	_, problems = s.Decode(map[string]any{"name": nil})
	if len(problems) != 1 || problems[0].Type != "string_type" {
		t.Errorf("null: problems %v", problems)
	}
	_, problems = s.Decode(map[string]any{"name": "n", "password": 5.0})
	if len(problems) != 1 || problems[0].Input != Mask {
		t.Errorf("wrong secret: problems %v", problems)
	}

	s.Lenient = true
	got, problems := s.Decode(map[string]any{})
	if problems != nil || !reflect.DeepEqual(got, map[string]any{"name": nil}) {
		t.Errorf("lenient: %v, %v", got, problems)
	}
	if missing := s.Missing(got); !reflect.DeepEqual(missing, []string{"name"}) {
		t.Errorf("missing %v", missing)
	}
	if missing := s.Missing(map[string]any{"name": "n"}); missing != nil {
		t.Errorf("missing %v", missing)
	}
}

func TestDecodeLenientEmptyStrings(t *testing.T) {
	t.Parallel()
	s := Spec{Lenient: true, Open: true, Fields: []Field{
		{Name: "port", Kind: Int, Default: int64(1)}, {Name: "prefix", Kind: String, Default: "p"}}}
	got, problems := s.Decode(map[string]any{"port": "", "prefix": "", "other": 3.0})
	want := map[string]any{"port": int64(1), "prefix": "", "other": int64(3)}
	if problems != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, problems)
	}
}

func TestDecodeSharesNothing(t *testing.T) {
	t.Parallel()
	s := Spec{Open: true, Fields: []Field{{Name: "list", Kind: Strings, Default: []string{"a"}}}}
	in := map[string]any{"inner": map[string]any{"a": "1"}}
	one, _ := s.Decode(in)
	one["inner"].(map[string]any)["a"] = "2"
	one["list"].([]any)[0] = "b"
	two, _ := s.Decode(in)
	if two["inner"].(map[string]any)["a"] != "1" || two["list"].([]any)[0] != "a" {
		t.Errorf("a result was shared: %v", two)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want any }{
		{3.0, int64(3)}, {3.5, 3.5}, {math.Copysign(0, -1), int64(0)}, {1e15, int64(1e15)}, {1e17, 1e17}, {math.Inf(1), math.Inf(1)},
		{json.Number("9007199254740993"), int64(9007199254740993)}, {json.Number("1.25"), 1.25},
		{json.Number("1e400"), "1e400"},
		{float32(2), int64(2)}, {int32(2), int64(2)}, {[]string{"a"}, []any{"a"}}, {nil, nil}, {"x", "x"},
	} {
		if got := Plain(c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("Plain(%#v) = %#v, want %#v", c.in, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"word":"AUTO","size":"20","share":0.5,"on":"true","types":["image"],"more":{"a":[1,2]},"token":"t"}`,
		`{"size":1e300,"share":"NaN","on":[],"types":"[\"a\"]","more":"{}","host_url":1,"password":{"a":"b"}}`,
		`{"free":{"api_key":"x","list":[{"secret":"y"}]},"token":{"id":"1"}}`, `{}`, `null`,
	} {
		f.Add(seed)
	}
	open := sample
	open.Open, open.Lenient = true, true
	f.Fuzz(func(t *testing.T, text string) {
		var in map[string]any
		if json.Unmarshal([]byte(text), &in) != nil {
			return
		}
		for _, s := range []Spec{sample, open} {
			out, problems := s.Decode(in)
			for _, p := range problems {
				if len(p.Path) == 0 || p.Type == "" || p.Msg == "" {
					t.Fatalf("problem %+v says nothing", p)
				}
			}
			again, more := s.Decode(out)
			if len(problems) == 0 && (len(more) != 0 || !reflect.DeepEqual(out, again)) {
				t.Fatalf("decoding twice: %#v then %#v (%v)", out, again, more)
			}
			if _, err := json.Marshal(out); err != nil {
				t.Fatal(err)
			}
			masked := s.Mask(out)
			for _, path := range s.Secrets(out) {
				if got := follow(masked, path); got != Mask {
					t.Fatalf("secret at %v shows %v", path, got)
				}
			}
		}
	})
}

func follow(v any, path []any) any {
	for _, step := range path {
		switch k := step.(type) {
		case string:
			v = v.(map[string]any)[k]
		case int:
			v = v.([]any)[k]
		}
	}
	return v
}
