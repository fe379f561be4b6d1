package output

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/document"
)

const (
	// MaxName is the longest name of a file or folder that common file systems take, in bytes.
	MaxName = 255
	// Reserved begins the names that connectors use for probes and for what is not finished. No output has one.
	Reserved = ".sluice-"
)

// Path returns where the output of a document stands below the destination's folder or prefix, with slashes. The
// document's own path is another system's choice: what comes out has no empty, "." or ".." names, no control characters,
// no reserved name and none longer than MaxName. A path that has to change gets a hash of what it was, so that two
// documents never share an output by that.
func Path(d document.Document) string { return clean(cmp.Or(d.Path, d.Name, d.Identifier)) }

func clean(p string) string {
	var names []string
	for name := range strings.SplitSeq(strings.ReplaceAll(p, "\\", "/"), "/") {
		if name != "" && name != "." && name != ".." {
			names = append(names, name)
		}
	}
	tail := ""
	if strings.Join(names, "/") != p {
		tail = mark(p)
	}
	if len(names) == 0 {
		names = []string{"document"}
	}
	names[len(names)-1] += tail + ".json"
	for i, name := range names {
		names[i] = safeName(name)
	}
	return strings.Join(names, "/")
}

// mark is a short hash of what a name was before it was changed.
func mark(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "-" + hex.EncodeToString(sum[:4])
}

func safeName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == utf8.RuneError {
			return '_'
		}
		return r
	}, name)
	if strings.HasPrefix(safe, Reserved) {
		safe = "_" + safe[1:]
	}
	if safe == name && len(name) <= MaxName {
		return name
	}
	tail := mark(name)
	if strings.HasSuffix(safe, ".json") {
		safe, tail = strings.TrimSuffix(safe, ".json"), tail+".json"
	}
	if room := MaxName - len(tail); len(safe) > room {
		safe = safe[:room]
		for !utf8.ValidString(safe) {
			safe = safe[:len(safe)-1]
		}
	}
	return safe + tail
}
