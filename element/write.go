package element

import (
	"fmt"
	"io"
	"iter"
	"strings"
)

// Format is a form that elements are written in.
type Format string

const (
	JSON     Format = "json"     // one array
	NDJSON   Format = "ndjson"   // one object a line
	Markdown Format = "markdown" // CommonMark with tables
	HTML     Format = "html"     // one page
	Text     Format = "text"     // the texts alone
)

// formats are all of them, with the names that they go by in requests, their media types and the ends of file names.
var formats = []struct {
	format    Format
	media     string
	extension string
	others    []string
}{
	{JSON, "application/json", ".json", []string{"application/json"}},
	{NDJSON, "application/x-ndjson", ".ndjson", []string{"application/x-ndjson", "jsonl"}},
	{Markdown, "text/markdown; charset=utf-8", ".md", []string{"text/markdown", "md"}},
	{HTML, "text/html; charset=utf-8", ".html", []string{"text/html"}},
	{Text, "text/plain; charset=utf-8", ".txt", []string{"text/plain", "txt"}},
}

// FormatNames lists the formats.
func FormatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, string(f.format))
	}
	return names
}

// ParseFormat finds a format by its name or media type.
func ParseFormat(name string) (Format, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, f := range formats {
		if name == string(f.format) {
			return f.format, true
		}
		for _, other := range f.others {
			if name == other {
				return f.format, true
			}
		}
	}
	return "", false
}

// MediaType is the Content-Type of what Write writes.
func (f Format) MediaType() string {
	for _, k := range formats {
		if k.format == f {
			return k.media
		}
	}
	return "application/octet-stream"
}

// Extension is the end of a file's name, with its dot.
func (f Format) Extension() string {
	for _, k := range formats {
		if k.format == f {
			return k.extension
		}
	}
	return ""
}

// Write writes a stream in a format. The first error of the stream ends it; what was written until then is no whole file.
func (f Format) Write(w io.Writer, elements iter.Seq2[Element, error]) error {
	switch f {
	case JSON:
		return WriteJSON(w, elements)
	case NDJSON:
		return WriteNDJSON(w, elements)
	case Markdown:
		return WriteMarkdown(w, elements)
	case HTML:
		return WriteHTML(w, elements)
	case Text:
		return WriteText(w, elements)
	}
	return fmt.Errorf("format %q is not known; use one of %s", string(f), strings.Join(FormatNames(), ", "))
}
