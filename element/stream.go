package element

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Encoder writes a JSON array of elements, one at a time.
type Encoder struct {
	w   io.Writer
	buf []byte
	n   int
}

// NewEncoder makes an Encoder. Close ends the array.
func NewEncoder(w io.Writer) *Encoder { return &Encoder{w: w} }

// Encode writes one element.
func (enc *Encoder) Encode(e Element) error {
	enc.buf = append(enc.buf[:0], ",\n"...)
	if enc.n == 0 {
		enc.buf[0] = '['
		enc.buf = enc.buf[:1]
	}
	enc.n++
	enc.buf = AppendJSON(enc.buf, e)
	_, err := enc.w.Write(enc.buf)
	return err
}

// Close ends the array; it does not close the writer.
func (enc *Encoder) Close() error {
	end := "]\n"
	if enc.n == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(enc.w, end)
	return err
}

// WriteJSON writes a stream as one JSON array. The first error of the stream ends it.
func WriteJSON(w io.Writer, elements iter.Seq2[Element, error]) error {
	enc := NewEncoder(w)
	for e, err := range elements {
		if err != nil {
			return err
		}
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return enc.Close()
}

// WriteNDJSON writes a stream as one JSON object a line.
func WriteNDJSON(w io.Writer, elements iter.Seq2[Element, error]) error {
	var buf []byte
	for e, err := range elements {
		if err != nil {
			return err
		}
		buf = append(AppendJSON(buf[:0], e), '\n')
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// WriteText writes the texts of a stream, a blank line between two.
func WriteText(w io.Writer, elements iter.Seq2[Element, error]) error {
	first := true
	for e, err := range elements {
		if err != nil {
			return err
		}
		if e.Text == "" {
			continue
		}
		text := e.Text + "\n"
		if !first {
			text = "\n" + text
		}
		first = false
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}

// Decode reads a JSON array of elements, or objects one behind the other (NDJSON), one at a time. The first error ends
// the stream and names the number of the element.
func Decode(r io.Reader) iter.Seq2[Element, error] {
	return func(yield func(Element, error) bool) {
		in := bufio.NewReader(r)
		array, err := isArray(in)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				yield(Element{}, err)
			}
			return
		}
		d := json.NewDecoder(in)
		if array {
			if _, err := d.Token(); err != nil {
				yield(Element{}, err)
				return
			}
		}
		for n := 1; !array || d.More(); n++ {
			var e Element
			err := d.Decode(&e)
			if err == io.EOF && !array {
				return
			}
			if err != nil {
				yield(Element{}, fmt.Errorf("element %d: %w", n, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if _, err := d.Token(); err != nil { // the closing bracket
			yield(Element{}, fmt.Errorf("the list of elements is cut off: %w", err))
		}
	}
}

// isArray looks at the first byte that is not white space.
func isArray(in *bufio.Reader) (bool, error) {
	for {
		c, err := in.ReadByte()
		if err != nil {
			return false, err
		}
		if bytes.IndexByte([]byte(" \t\r\n\ufeff"), c) >= 0 {
			continue
		}
		return c == '[', in.UnreadByte()
	}
}
