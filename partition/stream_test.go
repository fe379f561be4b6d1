package partition_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition"
)

// TestOneByOne holds that the elements of a PDF, which are made as they are taken, are those of a list that is finished as a whole: the way
// of all formats whose parsers give lists, and of chunking.
func TestOneByOne(t *testing.T) {
	t.Parallel()
	whole := func(elements []element.Element) ([]element.Element, error) { return elements, nil }
	files := map[string][]byte{"long": long()}
	for _, name := range []string{"greek-cyrillic-00", "paper-05", "tables-long-00"} {
		content, err := os.ReadFile(filepath.Join("..", "test", "layout", "testdata", name+".pdf"))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	for name, content := range files {
		for what, o := range map[string]partition.Options{
			"fast":        {Strategy: "fast", Coordinates: true, IncludePageBreaks: true},
			"hi_res":      {Strategy: "hi_res", Coordinates: true, StartingPageNumber: 7, LastModified: "2024-01-02"},
			"auto":        {URL: "https://example.com/a.pdf", FileDirectory: "in", Filename: "dir/b.pdf"},
			"some types":  {Strategy: "fast", ExcludeElements: []string{"header", "Title"}},
			"language":    {Strategy: "fast", Languages: []string{"deu"}},
			"no language": {Strategy: "fast", Languages: []string{""}},
			"each":        {Strategy: "fast", DetectPerElement: true},
		} {
			got, err := parse(t.Context(), name+".pdf", content, o)
			if err != nil {
				t.Fatal(err)
			}
			o.Chunk = whole
			want, err := parse(t.Context(), name+".pdf", content, o)
			if err != nil {
				t.Fatal(err)
			}
			if len(want) == 0 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: %d elements one by one are not the %d of the list", name, what, len(got), len(want))
			}
		}
	}
}

// long is a PDF with more text than languages are found with. Its last page is in another language.
func long() []byte {
	line := "The keeper of the light wrote down what he had seen from the tower in that night, and who had passed by."
	leaves := make([]formattest.Leaf, 30)
	for i := range leaves {
		for range 30 {
			leaves[i].Lines = append(leaves[i].Lines, line)
		}
	}
	leaves = append(leaves, formattest.Leaf{Lines: []string{"Der Hafenmeister schreibt jeden Morgen auf, welche Schiffe in der Nacht gekommen sind."}})
	return formattest.PDF(leaves...)
}

// What the first element says of the whole file stays when elements of its type are left out.
func TestAboutFileStays(t *testing.T) {
	t.Parallel()
	content := formattest.PDF(formattest.Leaf{Lines: []string{"Harbour rules"}}, formattest.Leaf{Lines: []string{"The keeper of the light wrote down what he had seen."}})
	// A later catalogue, as programs that change a file append it.
	before := content[bytes.LastIndex(content, []byte("startxref"))+len("startxref"):]
	script := append(bytes.Clone(content), "\n1 0 obj\n<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>\nendobj\n"...)
	script = fmt.Appendf(script, "xref\n1 1\n%010d 00000 n \ntrailer\n<</Size 99/Root 1 0 R/Prev %s>>\nstartxref\n%d\n%%%%EOF\n",
		len(content)+1, bytes.Fields(before)[0], len(script))
	whole := func(elements []element.Element) ([]element.Element, error) { return elements, nil }
	for name, o := range map[string]partition.Options{
		"one by one": {Strategy: "fast", ExcludeElements: []string{"Title"}}, "as a list": {Strategy: "fast", ExcludeElements: []string{"Title"}, Chunk: whole},
	} {
		got, err := parse(t.Context(), "a.pdf", script, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Type != element.NarrativeText || got[0].Metadata.Extra["ignored_actions"] == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
