package element

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"reflect"
	"strings"
	"testing"
)

func ptr[T any](v T) *T { return &v }

// full is an element with something in every corner of the wire format.
func full() Element {
	return Element{
		Type: NarrativeText, ID: "0123456789abcdef0123456789abcdef", Text: "a <b> & \"c\"\n\u00e9\U0001F600\x01",
		Embeddings: []float32{0.5, -1, 0},
		Metadata: Metadata{
			Filename: "a.pdf", Filetype: "application/pdf", Languages: []string{"eng", "fra"}, PageNumber: ptr(3),
			CategoryDepth: ptr(0), ParentID: "p", TextAsHTML: "<table></table>",
			EmphasizedTextContents: []string{"b"}, EmphasizedTextTags: []string{"b"},
			LinkTexts: []string{"c"}, LinkURLs: []string{"https://example.org/?a=1&b=2"}, LinkStartIndexes: []int{4},
			Links: []Link{{Text: "c", URL: "https://example.org", StartIndex: 4}},
			Coordinates: &Coordinates{
				Points: [][2]float64{{1.25, 2}, {1.25, 4}, {3, 4}, {3, 2}}, System: "PixelSpace", LayoutWidth: 612, LayoutHeight: 792,
			},
			DataSource:         &DataSource{URL: "s3://b/k", RecordLocator: map[string]any{"key": "k"}, PermissionsVersion: "5f", FilesizeBytes: 12},
			IsContinuation:     true,
			DetectionClassProb: ptr(0.875),
			Extra:              map[string]any{"aaa": "first", "zzz": []any{1.0, true, nil}},
		},
	}
}

func TestJSONKeepsEverything(t *testing.T) {
	t.Parallel()
	want := full()
	text := AppendJSON(nil, want)
	if !json.Valid(text) {
		t.Fatalf("not JSON: %s", text)
	}
	if !bytes.HasPrefix(text, []byte(`{"type":"NarrativeText","element_id":"0123456789abcdef0123456789abcdef","text":"a <b> & \"c\"\né😀\u0001","metadata":{"aaa":"first",`)) {
		t.Errorf("the order of keys or an escape is wrong: %s", text)
	}
	var got Element
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if json.Unmarshal(again, &a) != nil || json.Unmarshal(text, &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("written again:\n got %s\nwant %s", again, text)
	}
}

func TestJSONOfTheEmptyElement(t *testing.T) {
	t.Parallel()
	if got := string(AppendJSON(nil, Element{Type: PageBreak})); got != `{"type":"PageBreak","element_id":"","text":"","metadata":{}}` {
		t.Error(got)
	}
	if got := string(AppendJSON(nil, Element{Metadata: Metadata{DataSource: &DataSource{}}})); !strings.Contains(got, `"data_source":{}`) {
		t.Error(got)
	}
}

func TestJSONReplacesWhatIsNotUTF8(t *testing.T) {
	t.Parallel()
	if got := string(AppendJSON(nil, Element{Text: "a\xffb"})); !strings.Contains(got, `"text":"a\ufffdb"`) {
		t.Error(got)
	}
}

func TestPackAndUnpack(t *testing.T) {
	t.Parallel()
	e := full()
	e.Metadata.Coordinates.Points[0] = [2]float64{1.23456, 2.98765}
	text := Pack([]Element{e, {Type: Title, Text: "t"}})
	if !strings.HasPrefix(text, "eJ") {
		t.Errorf("not Base64 of zlib: %.20s", text)
	}
	got, err := Unpack(text)
	if err != nil || len(got) != 2 || got[0].Text != e.Text || got[1].Type != Title {
		t.Fatalf("%+v %v", got, err)
	}
	if p := got[0].Metadata.Coordinates.Points[0]; p != [2]float64{1.2, 3} {
		t.Errorf("pixels are rounded to one digit: %v", p)
	}
	if e.Metadata.Coordinates.Points[0][0] != 1.23456 {
		t.Error("packing changed the element")
	}
	for _, bad := range []string{"", "!", "AAAA", text[:len(text)/2/4*4]} {
		if _, err := Unpack(bad); err == nil {
			t.Errorf("%.10q: no error", bad)
		}
	}
}

func TestOriginalsPassThroughUnread(t *testing.T) {
	t.Parallel()
	text := Pack([]Element{{Type: Title, Text: "t", ID: "1"}})
	in := `{"type":"CompositeElement","element_id":"c","text":"t","metadata":{"orig_elements":"` + text + `"}}`
	var e Element
	if err := json.Unmarshal([]byte(in), &e); err != nil {
		t.Fatal(err)
	}
	if got := string(AppendJSON(nil, e)); got != in {
		t.Errorf("\n got %s\nwant %s", got, in)
	}
	originals, err := e.Metadata.Originals()
	if err != nil || len(originals) != 1 || originals[0].Text != "t" {
		t.Errorf("%+v %v", originals, err)
	}
	if got := string(AppendJSON(nil, Element{Metadata: e.Metadata.WithoutOriginals()})); strings.Contains(got, "orig") {
		t.Error(got)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	elements := []Element{
		{ID: "one", Text: "a", Metadata: Metadata{PageNumber: ptr(1)}},
		{ID: "two", Text: "a", Metadata: Metadata{PageNumber: ptr(1), ParentID: "one"}},
		{ID: "three", Text: "a", Metadata: Metadata{PageNumber: ptr(2), ParentID: "elsewhere"}},
	}
	AssignIDs(elements, NewHasher("f.txt"))
	seen := map[string]bool{}
	for _, e := range elements {
		if len(e.ID) != 32 || strings.Trim(e.ID, "0123456789abcdef") != "" || seen[e.ID] {
			t.Errorf("id %q", e.ID)
		}
		seen[e.ID] = true
	}
	if elements[1].Metadata.ParentID != elements[0].ID || elements[2].Metadata.ParentID != "elsewhere" {
		t.Errorf("parents %q, %q", elements[1].Metadata.ParentID, elements[2].Metadata.ParentID)
	}
	// printf 'f.txta10' | sha256sum | cut -c1-32
	if want := "03ce5007109dadc4521b226ef0fb2f48"; elements[0].ID != want {
		t.Errorf("%s, want %s", elements[0].ID, want)
	}
}

func TestParents(t *testing.T) {
	t.Parallel()
	at := func(typ Type, id string, depth int) Element {
		return Element{Type: typ, ID: id, Metadata: Metadata{CategoryDepth: ptr(depth)}}
	}
	elements := []Element{
		at(Title, "h1", 0), {Type: NarrativeText, ID: "p1"}, at(Title, "h2", 1), at(ListItem, "l1", 0), at(ListItem, "l2", 1),
		at(Title, "h3", 0), {Type: Table, ID: "t"}, {Type: CodeSnippet, ID: "c"}, {Type: NarrativeText, ID: "p2"},
	}
	elements[8].Metadata.ParentID = "given"
	AssignParents(elements)
	want := []string{"", "h1", "h1", "h2", "l1", "", "h3", "", "given"}
	for i, e := range elements {
		if e.Metadata.ParentID != want[i] {
			t.Errorf("%s: parent %q, want %q", e.ID, e.Metadata.ParentID, want[i])
		}
	}
}

func streamOf(err error, elements ...Element) iter.Seq2[Element, error] {
	return func(yield func(Element, error) bool) {
		for _, e := range elements {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(Element{}, err)
		}
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	elements := []Element{{Type: Title, ID: "1", Text: "One"}, {Type: PageBreak, ID: "2"}, full()}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"json":   func(b *bytes.Buffer) error { return WriteJSON(b, streamOf(nil, elements...)) },
		"ndjson": func(b *bytes.Buffer) error { return WriteNDJSON(b, streamOf(nil, elements...)) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		var got []Element
		for e, err := range Decode(&b) {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got = append(got, e)
		}
		if !reflect.DeepEqual(got, elements) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	var b bytes.Buffer
	if err := WriteText(&b, streamOf(nil, elements[0], elements[1], Element{Text: "Two"})); err != nil || b.String() != "One\n\nTwo\n" {
		t.Errorf("%q %v", b.String(), err)
	}
	b.Reset()
	if err := WriteJSON(&b, streamOf(nil)); err != nil || strings.TrimSpace(b.String()) != "[]" {
		t.Errorf("%q %v", b.String(), err)
	}
	broken := errors.New("broken")
	if err := WriteJSON(&b, streamOf(broken, elements[0])); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestDecodeBadLists(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		n   int
		err string
	}{
		"":                                 {0, ""},
		" \ufeff []":                       {0, ""},
		"[]":                               {0, ""},
		`[{"type":"Title","text":"a"}`:     {1, "cut off"},
		`[{"type":"Title"},{"type":3}]`:    {1, "element 2"},
		`{"type":"Title"}{"type":`:         {1, "element 2"},
		`[{"type":"Title","text":"a"},`:    {1, "element 2"},
		`{"type":"Title"}` + "\n\n" + `{}`: {2, ""},
	} {
		n := 0
		var failed error
		for _, err := range Decode(strings.NewReader(in)) {
			if err != nil {
				failed = err
				break
			}
			n++
		}
		if n != want.n || (want.err == "") != (failed == nil) || failed != nil && !strings.Contains(failed.Error(), want.err) {
			t.Errorf("%q: %d elements, %v; want %+v", in, n, failed, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`[{"type":"Title","element_id":"1","text":"a","metadata":{"page_number":1,"orig_elements":"eJ"}}]`))
	f.Add([]byte(`{"type":"Table","metadata":{"coordinates":{"points":[[1,2]],"system":"x"}}}`))
	f.Add(AppendJSON(nil, full()))
	f.Fuzz(func(t *testing.T, in []byte) {
		for e, err := range Decode(bytes.NewReader(in)) {
			if err != nil {
				return
			}
			if out := AppendJSON(nil, e); !json.Valid(out) {
				t.Errorf("not JSON: %q", out)
			}
			_, _ = e.Metadata.Originals()
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	e := full()
	var buf []byte
	for b.Loop() {
		buf = AppendJSON(buf[:0], e)
	}
	b.SetBytes(int64(len(buf)))
}
