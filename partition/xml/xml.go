// Package xml reads XML of any kind: the text at the beginning of each element is classified by the text rule, in the
// order in which elements end. With tags kept the whole file is one text.
package xml

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/text"
)

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	raw, err := f.Bytes(0)
	if err != nil {
		return nil, err
	}
	s, err := charset.Decode(raw, o.Encoding)
	if err != nil {
		return nil, err
	}
	if o.XMLKeepTags {
		if text.Strip(s) == "" {
			return nil, nil
		}
		return []element.Element{{Type: element.UncategorizedText, Text: s}}, nil
	}
	return read(ctx, s, b)
}

// open is an element whose end has not come.
type open struct {
	text strings.Builder
	done bool // a child has begun
}

func read(ctx context.Context, s string, b *budget.Budget) ([]element.Element, error) {
	d := xml.NewDecoder(strings.NewReader(s))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8 by now
	var out []element.Element
	var stack []*open
	tags := false
	end := func() {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		words := top.text.String()
		if text.Strip(words) == "" {
			return
		}
		if kind, rest, ok := text.Classify(words); ok {
			out = append(out, element.Element{Type: kind, Text: rest})
		}
	}
	for {
		if err := b.Tick(ctx); err != nil {
			return nil, err
		}
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if len(out) > 0 || len(stack) > 0 { // damaged further on: what was read stays
				break
			}
			return nil, &budget.Error{Outcome: budget.Corrupt, Err: err, Message: "Not a valid XML file; check it with a validator."}
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := b.Depth(len(stack)); err != nil {
				return nil, err
			}
			if len(stack) > 0 {
				stack[len(stack)-1].done = true
			}
			stack, tags = append(stack, &open{}), true
		case xml.EndElement:
			if len(stack) > 0 {
				end()
			}
		case xml.CharData:
			if len(stack) > 0 && !stack[len(stack)-1].done {
				stack[len(stack)-1].text.Write(t)
			}
		}
	}
	if !tags && text.Strip(s) != "" {
		return nil, budget.Errorf(budget.Corrupt, "Not a valid XML file: it holds no tag. If it is of another type, give it the extension of that.")
	}
	for len(stack) > 0 {
		end()
	}
	return out, nil
}
