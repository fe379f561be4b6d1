package vector

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// Text is a decoded JSON value as a text: numbers as they are written, objects and lists as JSON.
func Text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	b, err := JSON(value)
	if err != nil { // no decoded value comes here
		return ""
	}
	return string(b)
}

// Number reads a number, or a text that is one.
func Number(value any) (float64, bool) {
	var from string
	switch v := value.(type) {
	case json.Number:
		from = v.String()
	case string:
		from = strings.TrimSpace(v)
	}
	f, err := strconv.ParseFloat(from, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// Time reads epoch seconds from 1970 to 9999, or ISO 8601 with or without a zone (UTC then), as elements have them, to the
// microsecond, in UTC.
func Time(value any) (time.Time, bool) {
	if f, ok := Number(value); ok {
		const last = 253402300799 // the end of the year 9999
		return time.UnixMicro(int64(math.Round(f * 1e6))).UTC(), f >= 0 && f <= last
	}
	from, _ := value.(string)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(from)); err == nil {
			return t.UTC().Truncate(time.Microsecond), true
		}
	}
	return time.Time{}, false
}

// Level puts the metadata of a decoded element into its top level: the names of objects in objects are joined by underscores, as in
// data_source_url, and lists stay lists. Those of the element itself win. A name in whole keeps its object.
func Level(object map[string]any, whole ...string) map[string]any {
	out := map[string]any{}
	var level func(name string, value any)
	level = func(name string, value any) {
		inner, ok := value.(map[string]any)
		for _, w := range whole {
			ok = ok && name != w
		}
		if !ok {
			if value != nil {
				out[name] = value
			}
			return
		}
		for k, v := range inner {
			if name != "" {
				k = name + "_" + k
			}
			level(k, v)
		}
	}
	level("", object["metadata"])
	for k, v := range object {
		if k != "metadata" {
			out[k] = v
		}
	}
	return out
}

// Stem is the name of a collection that is made for a workflow, before its number of dimensions: begin and the first characters of
// the workflow's id, between, and the short name of the model. clean keeps of a text what names may have. It has at most so many characters; ""
// when it is not known what the destination is opened for.
func Stem(workflow, model, begin, between string, longest int, clean func(string) string) string {
	const workflowPart = 8
	id := clean(strings.ReplaceAll(workflow, "-", ""))
	if id == "" {
		return ""
	}
	out := begin + id[:min(len(id), workflowPart)]
	model = model[strings.LastIndexByte(model, '/')+1:]
	if model = clean(model); model != "" {
		out += between + model[:min(len(model), longest-len(out)-1)]
	}
	return strings.TrimRight(out, between)
}
