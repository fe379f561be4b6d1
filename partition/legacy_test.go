package partition

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/filetype"
)

// TestLegacy reads files of each legacy kind under a name that means another: the content decides.
func TestLegacy(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]struct {
		mime, text string
	}{
		"doc/testdata/survey.doc": {filetype.DOC.MIME, "Survey of the northern gates"},
		"xls/testdata/stock.xls":  {filetype.XLS.MIME, "Stock of the southern yard"},
		"ppt/testdata/gates.ppt":  {filetype.PPT.MIME, "The northern gates – Überblick"},
	} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a.docx", "a.msg", "a"} {
			elements, err := Collect(Partition(t.Context(), document.NewFile(name, "", int64(len(b)), bytes.NewReader(b)), Options{}))
			if err != nil {
				t.Fatalf("%s as %s: %v", path, name, err)
			}
			found := false
			for _, e := range elements {
				found = found || e.Text == want.text
				if e.Metadata.Filetype != want.mime || e.Metadata.Filename != name || e.ID == "" {
					t.Errorf("%s as %s: %+v", path, name, e)
				}
			}
			if !found {
				t.Errorf("%s: %d elements without %q", path, len(elements), want.text)
			}
		}
	}
}

// TestPassword opens an encrypted document, and says what is needed when the password is missing or wrong.
func TestPassword(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("crypt/testdata/agile.docx")
	if err != nil {
		t.Fatal(err)
	}
	read := func(password string) (string, error) {
		elements, err := Collect(Partition(t.Context(), document.NewFile("plan.docx", "", int64(len(b)), bytes.NewReader(b)), Options{Password: password}))
		if len(elements) != 1 {
			return "", err
		}
		return elements[0].Metadata.Filetype + ": " + elements[0].Text, err
	}
	if got, err := read("Über den Fluß"); err != nil || got != filetype.DOCX.MIME+": The level at the bridge is falling again." {
		t.Errorf("%q, %v", got, err)
	}
	for password, words := range map[string]string{"": "plan.docx is encrypted; give its password", "no": "does not open it"} {
		_, err := read(password)
		var failed *budget.Error
		if !errors.As(err, &failed) || failed.Outcome != budget.Encrypted || !strings.Contains(failed.Message, words) {
			t.Errorf("%q: %v", password, err)
		}
	}
}
