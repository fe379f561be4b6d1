package ppt

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func gates(t testing.TB) []byte {
	b, err := os.ReadFile("testdata/gates.ppt")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFixture(t *testing.T) {
	t.Parallel()
	lines := []string{
		"NarrativeText: Speak slowly here.\nThen pause.",
		"Title: The northern gates – Überblick", "ListItem: Rust on the hinges", "ListItem: worst at gate four", "ListItem: Moss on the sills",
		"NarrativeText: The board inspected every gate in early spring.", "EmailAddress: gates@water.example",
		"PageBreak: ", "Table: Gate Cost Four 1200", "NarrativeText: Above it, grouped", "Title: Inside a group",
	}
	got := formattest.Want(t, Parse, "gates.ppt", gates(t), format.Options{IncludeSlideNotes: true, IncludePageBreaks: true, StartingPageNumber: 3}, lines...)
	if *got[1].Metadata.PageNumber != 3 || *got[3].Metadata.CategoryDepth != 1 || *got[8].Metadata.PageNumber != 4 || *got[10].Metadata.CategoryDepth != 1 ||
		got[8].Metadata.TextAsHTML != "<table><tr><td>Gate</td><td>Cost</td></tr><tr><td>Four</td><td>1200</td></tr></table>" {
		t.Errorf("%+v", got)
	}
	if got := formattest.Want(t, Parse, "gates.ppt", gates(t), format.Options{NoTableHTML: true}, append(append([]string{}, lines[1:7]...), lines[8:]...)...); got[6].Metadata.TextAsHTML != "" {
		t.Error("a table with HTML")
	}
}

func le32(v ...int) string {
	var b []byte
	for _, n := range v {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return string(b)
}

func le16(v ...int) string {
	var b []byte
	for _, n := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	}
	return string(b)
}

func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

// rec is a record; box is one that holds others.
func rec(kind, instance int, data string) string {
	return le16(instance<<4, kind) + le32(len(data)) + data
}

func box(kind, instance int, inner ...string) string {
	data := strings.Join(inner, "")
	return le16(instance<<4|15, kind) + le32(len(data)) + data
}

// shape is a shape at a place with the records of its text.
func shape(top, left int, text ...string) string {
	return box(drawShape, 0, rec(drawAnchor, 0, le16(top, left, left+10, top+10)), box(drawTextbox, 0, text...))
}

// show makes a presentation: what the list of slides says of each slide, and the shapes of it.
func show(lists []string, slides ...string) map[string]string {
	var stream strings.Builder
	var offsets []int
	add := func(s string) {
		offsets = append(offsets, stream.Len())
		stream.WriteString(s)
	}
	list := ""
	for i := range slides {
		list += rec(recSlidePersist, 0, le32(2+i, 0, 0, 256+i, 0))
		if i < len(lists) {
			list += lists[i]
		}
	}
	add(box(recDocument, 0, box(recEnvironment, 0, rec(recMasterStyle, 1, le16(1)+le32(1)+le16(1)+le32(0))), box(recSlideList, listSlides, list)))
	for _, s := range slides {
		add(box(recSlide, 0, rec(recSlideAtom, 0, strings.Repeat("\x00", 24)), box(recDrawing, 0, box(drawContainer, 0, box(drawGroup, 0, box(drawShape, 0, rec(drawFlags, 0, le32(0, 5))), s)))))
	}
	directory := stream.Len()
	stream.WriteString(rec(recPersist, 0, le32(len(offsets)<<20|1)+le32(offsets...)))
	edit := stream.Len()
	stream.WriteString(rec(recUserEdit, 0, le32(0, 0, 0, directory, 1, 0, 0)))
	return map[string]string{"PowerPoint Document": stream.String(), "Current User": rec(0xff6, 0, le32(20, 0xe391c05f, edit, 0))}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	outline := rec(recTextHeader, 0, le32(textTitle)) + rec(recTextBytes, 0, "From the outline") + rec(recTextHeader, 0, le32(textBody)) + rec(recTextChars, 0, wide("水 one\rtwo"))
	slides := []string{
		shape(50, 10, rec(recOutlineRef, 0, le32(1))) + shape(10, 10, rec(recOutlineRef, 0, le32(0))) + shape(-5, -5, rec(recTextBytes, 0, "off the slide")) +
			shape(90, 10, rec(recOutlineRef, 0, le32(7))) + box(drawShape, 0, rec(drawFlags, 0, le32(0, 8)), box(drawTextbox, 0, rec(recTextBytes, 0, "deleted"))),
		shape(1, 1, rec(recTextHeader, 0, le32(4))+rec(recTextBytes, 0, "Page * of many\vor few")+rec(recSlideNumber, 0, le32(5))) +
			shape(2, 1, rec(recTextHeader, 0, le32(4))+rec(recTextBytes, 0, "a\rb\r")+rec(recStyleText, 0, le32(2)+le16(3)+le32(1)+le16(1)+le32(2)+le16(0)+le32(0x100000)+le16(1)+le32(0))),
	}
	got := formattest.Want(t, Parse, "a.ppt", formattest.OLE(show([]string{outline}, slides...)), format.Options{},
		"Title: From the outline", "ListItem: 水 one", "ListItem: two", "Title: Page 2 of many\nor few", "ListItem: a", "Title: b")
	if *got[4].Metadata.CategoryDepth != 3 || *got[0].Metadata.CategoryDepth != 0 || *got[5].Metadata.CategoryDepth != 1 {
		t.Errorf("%+v", got)
	}
}

// TestMargins shows the footer, the number and a date of a slide where its master has the places for them.
func TestMargins(t *testing.T) {
	t.Parallel()
	place := func(kind, top int) string {
		return box(drawShape, 0, rec(drawAnchor, 0, le16(top, 1, 9, top+5)), box(drawClientData, 0, rec(recPlaceholder, 0, le32(0)+string(rune(kind))+"\x00\x00\x00")))
	}
	drawing := func(shapes string) string {
		return box(recDrawing, 0, box(drawContainer, 0, box(drawGroup, 0, box(drawShape, 0, rec(drawFlags, 0, le32(0, 5))), shapes)))
	}
	edge := func(instance, flags int) string {
		return box(recMargins, instance, rec(recMarginsAtom, 0, le16(0, flags)), rec(recString, 0, wide("in May")), rec(recString, 2, wide("North water board")))
	}
	atom := func(geometry int) string { return rec(recSlideAtom, 0, le32(geometry, 0, 0, 0x80000000, 0, 0)) }
	objects := []string{
		box(recDocument, 0, rec(recDocumentAtom, 0, strings.Repeat("\x00", 32)+le16(7, 0)+"\x00\x01\x00\x00"), edge(3, 4|8|32),
			box(recSlideList, listMasters, rec(recSlidePersist, 0, le32(2, 0, 0, 0x80000000, 0))),
			box(recSlideList, listSlides, rec(recSlidePersist, 0, le32(3, 0, 0, 256, 0)), rec(recSlidePersist, 0, le32(4, 0, 0, 257, 0)), rec(recSlidePersist, 0, le32(5, 0, 0, 258, 0)))),
		box(recMainMaster, 0, drawing(place(placeDate, 400)+place(placeNumber, 410)+place(placeFooter, 420))),
		box(recSlide, 0, atom(0), drawing(shape(1, 1, rec(recTextBytes, 0, "Cover")))),
		box(recSlide, 0, atom(1), drawing(shape(1, 1, rec(recTextBytes, 0, "Gates")))),
		box(recSlide, 0, atom(1), drawing(shape(1, 1, rec(recTextBytes, 0, "Sills"))+place(placeNumber, 3)), edge(0, 8|32)),
	}
	var stream strings.Builder
	var offsets []int
	for _, o := range objects {
		offsets = append(offsets, stream.Len())
		stream.WriteString(o)
	}
	directory := stream.Len()
	stream.WriteString(rec(recPersist, 0, le32(len(offsets)<<20|1)+le32(offsets...)) + rec(recUserEdit, 0, le32(0, 0, 0, directory, 1, 0, 0)))
	formattest.Want(t, Parse, "a.ppt", formattest.OLE(map[string]string{"PowerPoint Document": stream.String()}), format.Options{},
		"Title: Cover", "Title: Gates", "Title: in May", "UncategorizedText: 8", "Title: North water board", "Title: Sills", "Title: North water board")
}

func TestBad(t *testing.T) {
	t.Parallel()
	whole := show(nil, shape(1, 1, rec(recTextBytes, 0, "Gate")))
	stream := whole["PowerPoint Document"]
	edit := strings.Index(stream, le16(0, recUserEdit))
	change := func(at, value int) map[string]string {
		return map[string]string{"PowerPoint Document": stream[:at] + le32(value) + stream[at+4:], "Current User": whole["Current User"]}
	}
	formattest.Want(t, Parse, "a.ppt", formattest.OLE(map[string]string{"PowerPoint Document": stream}), format.Options{}, "Title: Gate") // nobody says where the last edit is
	deep := shape(1, 1, rec(recTextBytes, 0, "Deep"))
	for range 600 {
		deep = box(drawGroup, 0, deep)
	}
	same := show(nil, strings.Repeat(shape(1, 1, rec(recTextBytes, 0, "Gate")), 50))
	many := same["PowerPoint Document"]
	list := box(recDocument, 0, box(recSlideList, listSlides, strings.Repeat(rec(recSlidePersist, 0, le32(2, 0, 0, 256, 0)), 1000)))
	at := strings.Index(many, string([]byte{15, 0})+le16(recSlide))
	claims := list + many[at:]
	shift := len(list) - at
	directory := strings.Index(claims, le16(0, recPersist))
	claims = claims[:directory] + rec(recPersist, 0, le32(2<<20|1, 0, at+shift)) + claims[directory+8+12:]
	claims = claims[:strings.Index(claims, le16(0, recUserEdit))] + rec(recUserEdit, 0, le32(0, 0, 0, directory, 1, 0, 0))
	for name, c := range map[string]struct {
		streams map[string]string
		want    budget.Outcome
	}{
		"edits in a circle":   {change(edit+8+8, edit), budget.Corrupt},
		"no directory":        {change(edit+8+12, 3), budget.Corrupt},
		"no document":         {change(edit+8+16, 77), budget.Corrupt},
		"edit elsewhere":      {map[string]string{"PowerPoint Document": stream, "Current User": rec(0xff6, 0, le32(20, 0, 1<<30, 0))}, budget.Corrupt},
		"deep groups":         {show(nil, deep), budget.TooLarge},
		"one slide, again":    {map[string]string{"PowerPoint Document": claims}, budget.Corrupt},
		"older":               {map[string]string{"PP40": "x"}, budget.Unsupported},
		"encrypted, no words": {map[string]string{"PowerPoint Document": stream[:edit] + rec(recUserEdit, 0, le32(0, 0, 0, strings.Index(stream, le16(0, recPersist)), 1, 0, 0, 1))}, budget.Encrypted},
	} {
		formattest.WantOutcome(t, Parse, name, formattest.OLE(c.streams), c.want)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	whole := gates(t)
	for i := range 20 {
		formattest.WantOutcome(t, Parse, fmt.Sprintf("cut at %d twentieths", i), whole[:len(whole)*i/20], budget.Corrupt)
	}
}

func FuzzParse(f *testing.F) {
	o := format.Options{IncludeSlideNotes: true, Password: "x"}
	formattest.Fuzz(f, Parse, "a.ppt", o, gates(f), formattest.OLE(show(nil, shape(1, 1, rec(recTextHeader, 0, le32(1))+rec(recTextBytes, 0, "a\rb")+rec(recStyleText, 0, le32(2)+le16(3)+le32(1)+le16(1))))))
}

func BenchmarkParse(b *testing.B) {
	content := gates(b)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := formattest.Parse(b, Parse, "a.ppt", content, format.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
