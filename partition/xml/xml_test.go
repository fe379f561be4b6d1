package xml

import (
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func TestParse(t *testing.T) {
	const feed = `<?xml version="1.0"?><!-- skipped --><feed a="b"><title>Harbour news</title><entry><p>The harbour opens at six every morning.</p>
<![CDATA[- Bring a rope]]></entry><entry> &amp; &unknown; </entry></feed>`
	formattest.Want(t, Parse, "a.xml", []byte(feed), format.Options{},
		"Title: Harbour news", "NarrativeText: The harbour opens at six every morning.", "Title:  & &unknown; ")
	formattest.Want(t, Parse, "a.xml", []byte("<a>\n<b/></a>"), format.Options{XMLKeepTags: true}, "UncategorizedText: <a>\n<b/></a>")
	formattest.Want(t, Parse, "a.xml", []byte("<?xml version='1.0' encoding='iso-8859-1'?><a>Caf\xe9 au lait</a>"), format.Options{Encoding: "iso-8859-1"}, "NarrativeText: Café au lait")
	formattest.Want(t, Parse, "a.xml", []byte("<a><b>Kept words</b><c <<< "), format.Options{}, "Title: Kept words")
}

func TestBad(t *testing.T) {
	formattest.WantOutcome(t, Parse, "deep", []byte(strings.Repeat("<a>", 100_000)), budget.TooLarge)
	formattest.WantOutcome(t, Parse, "no XML", []byte("<<<"), budget.Corrupt)
	formattest.WantOutcome(t, Parse, "no tag", []byte("The gates of the lock were closed."), budget.Corrupt)
	formattest.Want(t, Parse, "blank.xml", []byte(" \n"), format.Options{})
	for _, hostile := range []string{
		`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`,
		`<!DOCTYPE a [<!ENTITY x "aaaaaaaaaa"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>`,
	} {
		elements, err := formattest.Parse(t, Parse, "a.xml", []byte(hostile), format.Options{})
		if err != nil || strings.Contains(formattest.Lines(elements), "root:") || strings.Contains(formattest.Lines(elements), "aaaa") {
			t.Errorf("%s: %v, %v", hostile, elements, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a.xml", format.Options{}, []byte("<a>text<b/>more</a>"), []byte("<a><![CDATA[x]]>"))
}
