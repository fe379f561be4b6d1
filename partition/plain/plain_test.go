package plain

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/format"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"lines that a blank line ends are a paragraph": {
			"The gates of the lock were closed at noon today,\nand they were opened again in the evening.\n\nThe river falls slowly over the night, says the keeper.\n",
			[]string{"NarrativeText: The gates of the lock were closed at noon today, and they were opened again in the evening.", "NarrativeText: The river falls slowly over the night, says the keeper."},
		},
		"without blank lines each line is one": {
			strings.Repeat("The gates of the lock were closed at noon today.\n", 10),
			slices.Repeat([]string{"NarrativeText: The gates of the lock were closed at noon today."}, 10),
		},
		"short lines stay apart": {"Northwater Trust\nMill Lane\n\nOffice\n", []string{"Title: Northwater Trust", "Title: Mill Lane", "Title: Office"}},
		"bullets":                {"- Ropes are long\n- Nails are\n  short\n\n\n", []string{"ListItem: Ropes are long", "ListItem: Nails are short"}},
		"line ends of old":       {"First words here\r\rOther words here\r", []string{"Title: First words here", "Title: Other words here"}},
		"nothing":                {" \n\n\t\n•\n", nil},
		"address and mail":       {"office@northwater.example\n\nAldertown, CA 94105\n", []string{"EmailAddress: office@northwater.example", "Address: Aldertown, CA 94105"}},
	} {
		elements, err := formattest.Parse(t, Parse, "a.txt", []byte(c.content), format.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := formattest.Lines(elements), strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a.txt", format.Options{}, []byte("A title\n\n- one\n- two\n\ntext"), []byte("e one\ne two\n\n\n•• x"))
}
