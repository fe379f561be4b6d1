package xlsx

import (
	"strings"

	"github.com/sluicehq/sluice/partition/ooxml"
)

// maxStrings is the most that sheets may share.
const maxStrings = 5_000_000

// table holds the strings that sheets share, in pieces: a list of millions would be copied whenever it grows.
type table struct {
	pieces [][]string
	n      int
}

const piece = 1 << 14 // strings

func (t *table) add(s string) {
	if t.n%piece == 0 {
		t.pieces = append(t.pieces, nil)
	}
	last := &t.pieces[len(t.pieces)-1]
	*last = append(*last, s)
	t.n++
}

// at returns string i, "" where there is none.
func (t *table) at(i int) string {
	if i < 0 || i >= t.n {
		return ""
	}
	return t.pieces[i/piece][i%piece]
}

// richText joins the runs of a string; readings of ideographs are left out.
func richText(n *ooxml.Node) string {
	if len(n.Children) == 1 && n.Children[0].Name == "t" {
		return n.Children[0].Text
	}
	var b strings.Builder
	for _, c := range n.Children {
		switch c.Name {
		case "t":
			b.WriteString(c.Text)
		case "r":
			if t := c.Child("t"); t != nil {
				b.WriteString(t.Text)
			}
		}
	}
	return b.String()
}
