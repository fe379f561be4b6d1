package html

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// labelledSummary writes elements as "Type[depth] page<parent: text | markup" lines, parents as the number of their line.
func labelledSummary(elements []element.Element) string {
	var b strings.Builder
	lines := map[string]int{"": -1}
	for i, e := range elements {
		if e.ID != "" {
			lines[e.ID] = i
		}
	}
	for _, e := range elements {
		m := e.Metadata
		b.WriteString(string(e.Type))
		if m.CategoryDepth != nil {
			fmt.Fprintf(&b, "[%d]", *m.CategoryDepth)
		}
		if m.PageNumber != nil {
			fmt.Fprintf(&b, " page %d", *m.PageNumber)
		}
		if m.ParentID != "" {
			if n, ok := lines[m.ParentID]; ok {
				fmt.Fprintf(&b, " in %d", n)
			} else {
				b.WriteString(" in the document")
			}
		}
		fmt.Fprintf(&b, ": %s | %s\n", e.Text, m.TextAsHTML)
	}
	return b.String()
}

func TestLabelled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ page, want string }{
		"layout and leaves": {
			`<body class="Document"><div class="Page" data-page-number="3" id="p"><h1 class="Title">Harbour <b>dues</b></h1>` +
				`<section class="Section"><h3>Small craft</h3><ul><li>One</li><li>Two</li></ul></section></div></body>`,
			`UncategorizedText page 3 in the document:  | <div class="Page" data-page-number="3" />` + "\n" +
				`Title[0] page 3: Harbour dues | <h1 class="Title"><p class="Paragraph">Harbour</p><span class="UncategorizedText">dues</span></h1>` + "\n" +
				`UncategorizedText page 3 in 0:  | <section class="Section" />` + "\n" +
				`Title[2] page 3: Small craft | <h3 class="Heading">Small craft</h3>` + "\n" +
				`UncategorizedText page 3: One Two | <ul class="UnorderedList"><li class="ListItem">One</li><li class="ListItem">Two</li></ul>` + "\n",
		},
		"a page without a document": {
			`<p>before</p><div class="Page">Words <a href="https://example.com/a?b=1&amp;c">here</a><p class="Quote">and there</p></div>`,
			`UncategorizedText:  | <div class="Page" />` + "\n" +
				`NarrativeText: Words here and there | <p class="Paragraph">Words</p><a class="Hyperlink" href="https://example.com/a?b=1&amp;c">here</a><blockquote class="Quote">and there</blockquote>` + "\n",
		},
		"tables keep spans, not classes": {
			`<body class="Document"><table class="Table"><tr class="TableRow"><td class="TableCell" colspan="2">5 &lt; 6 "</td><td></td></tr>` +
				`<tr><td><input type="checkbox" checked></td></tr></table></body>`,
			`Table: 5 < 6 "   | <table class="Table"><tr><td colspan="2">5 &lt; 6 "</td><td></td></tr><tr><td>` +
				`<input checked="" class="Checkbox" type="checkbox"/></td></tr></table>` + "\n",
		},
		"a class decides over the tag, the tag where there is none": {
			`<body class="Document"><div class="Caption">Fig. 1</div><strange>odd</strange><div lang="en"><p>a</p><p>b</p></div><img class="Stamp" alt="paid"></body>`,
			`FigureCaption: Fig. 1 | <figcaption class="Caption">Fig. 1</figcaption>` + "\n" +
				`UncategorizedText: odd | <span class="UncategorizedText">odd</span>` + "\n" +
				"UncategorizedText: a\nb | <div class=\"UncategorizedText\" lang=\"en\">a\nb</div>\n" +
				`UncategorizedText: paid | <img class="Stamp" alt="paid" />` + "\n",
		},
		"nothing that runs": {
			`<body class="Document"><h1 onclick="x()" style="color: red; position: fixed; background-color: url(x)">A</h1>` +
				`<a href=" java	script:x()" target="_blank">B</a><script>x()</script><h2 data-x='"><script>'>C</h2></body>`,
			`Title[0]: A | <h1 class="Title" style="color: red">A</h1>` + "\n" +
				`UncategorizedText: B | <a class="Hyperlink" rel="noopener noreferrer" target="_blank">B</a>` + "\n" +
				`Title[1]: C | <h2 class="Subtitle" data-x="&quot;&gt;&lt;script&gt;">C</h2>` + "\n",
		},
		"a field has the value for text": {
			`<body class="Document"><form class="Form"><label class="FormField">Name</label><input class="FormFieldValue" value="Ada"></form></body>`,
			`UncategorizedText: Name Ada | <form class="Form"><label class="FormField">Name</label><input class="FormFieldValue" value="Ada" /></form>` + "\n",
		},
		"blank": {" \n", ""},
	} {
		got, err := parsePage([]byte(c.page), format.Options{LabelledHTML: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s := labelledSummary(got); s != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, s, c.want)
		}
	}
}

func TestLabelledSettings(t *testing.T) {
	t.Parallel()
	page := []byte(`<body class="Document"><header>Top</header><table><tr><td>a</td></tr></table><footer class="Footer">Bottom</footer></body>`)
	got, err := parsePage(page, format.Options{LabelledHTML: true, SkipMargins: true, NoTableHTML: true})
	if s := labelledSummary(got); err != nil || s != "Table: a | \n" {
		t.Errorf("%s, %v", s, err)
	}
	var failed *budget.Error
	_, err = parsePage([]byte("<p>An ordinary page</p>"), format.Options{LabelledHTML: true})
	if !errors.As(err, &failed) || failed.Outcome != budget.Corrupt || !strings.Contains(failed.Message, "html_parser_version") {
		t.Errorf("%v", err)
	}
}

func TestLabelledTraps(t *testing.T) {
	t.Parallel()
	more := traps(100_000)
	more["nested tables of the vocabulary"] = strings.Repeat(`<table class="Table"><tr><td>`, 30_000) + "deep words here"
	more["nested columns"] = strings.Repeat(`<div class="Column">`, 100_000) + "deep words here"
	more["around a picture"] = strings.Repeat(`<span id=x>`, 100_000) + "<img src=x>deep words here"
	more["comments in a style"] = `<p style="` + strings.Repeat("/**/", 100_000) + `">deep words here`
	for name, page := range more {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parsePage([]byte(`<body class="Document">`+page), format.Options{LabelledHTML: true})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(labelledSummary(got), "deep words here") && !strings.Contains(name, "without end") {
				t.Errorf("the words are lost: %.200q", labelledSummary(got))
			}
		})
	}
}
