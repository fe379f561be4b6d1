package local

import (
	"path"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/connector"
)

// anyFolders is a step of a pattern that stands for any number of folders, none included.
const anyFolders = "**"

// glob is a pattern of paths, cut into steps. One without a slash is compared with the name of a file alone; ./ before it
// asks for a file of the outermost folder.
type glob struct {
	steps []string
	name  bool
}

// newGlob reads a pattern of a config.
func newGlob(text string) (glob, error) {
	g := glob{name: !strings.Contains(text, "/")}
	for step := range strings.SplitSeq(text, "/") {
		if step != "." {
			g.steps = append(g.steps, step)
		}
	}
	for _, step := range g.steps {
		if _, err := path.Match(step, ""); err != nil {
			return g, connector.Fail(nil, "glob %q: not a pattern; it is made of *, ?, [a-z] and **/ for any folders", text)
		}
	}
	return g, nil
}

// matches compares a pattern with the path of a file.
func (g glob) matches(file string) bool {
	if g.name {
		file = path.Base(file)
	}
	return g.after(file)[len(g.steps)]
}

// reaches tells whether the path of a file below a folder, "" or "." for the outermost, can match.
func (g glob) reaches(dir string) bool {
	if g.name || dir == "" || dir == "." {
		return true
	}
	at := g.after(dir)
	return slices.Contains(at[:len(g.steps)], true)
}

// after tells for each number of steps of the pattern whether so many can stand for the whole path. It takes the product of
// both lengths: patterns and paths may be hostile.
func (g glob) after(name string) []bool {
	at := make([]bool, len(g.steps)+1)
	at[0] = true
	g.skip(at)
	for part := range strings.SplitSeq(name, "/") {
		next := make([]bool, len(at))
		for i, step := range g.steps {
			if !at[i] {
				continue
			}
			if step == anyFolders {
				next[i] = true
			} else if ok, _ := path.Match(step, part); ok {
				next[i+1] = true
			}
		}
		g.skip(next)
		at = next
	}
	return at
}

// skip lets ** stand for nothing.
func (g glob) skip(at []bool) {
	for i, step := range g.steps {
		if at[i] && step == anyFolders {
			at[i+1] = true
		}
	}
}
