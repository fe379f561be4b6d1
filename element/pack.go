package element

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

// maxUnpacked is the largest inflated size of orig_elements, bytes. It is the reference's limit.
const maxUnpacked = 200 << 20

// Pack gives the elements in the form of metadata.orig_elements: Base64 of zlib of a JSON array with sorted keys, a space
// behind separators and only ASCII. Coordinates and class probabilities are rounded, as the reference does to save room.
func Pack(elements []Element) string {
	j := jsonWriter{packed: true}
	j.b = append(j.b, '[')
	for i, e := range elements {
		if i > 0 {
			j.comma()
		}
		e.Metadata.OrigElements, e.Metadata.packed = nil, ""
		j.element(e)
	}
	j.b = append(j.b, ']')
	var out bytes.Buffer
	z := deflaters.Get().(*zlib.Writer)
	z.Reset(&out)
	_, _ = z.Write(j.b) // a bytes.Buffer takes everything
	_ = z.Close()
	deflaters.Put(z)
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

var deflaters = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

func (j *jsonWriter) rounded(v float64, digits int) float64 {
	if !j.packed {
		return v
	}
	scale := math.Pow10(digits)
	return math.RoundToEven(v*scale) / scale
}

// Unpack reads what Pack wrote.
func Unpack(text string) ([]Element, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("orig_elements is not Base64")
	}
	z, err := zlib.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, errors.New("orig_elements is not compressed with zlib")
	}
	b, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	if err != nil {
		return nil, errors.New("orig_elements is cut off")
	}
	if len(b) > maxUnpacked {
		return nil, fmt.Errorf("Decompressed data exceeds maximum allowed size of %d bytes (%.1f MB).", //nolint:staticcheck // the reference's text
			maxUnpacked, float64(maxUnpacked)/(1<<20))
	}
	var out []Element
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("orig_elements: %w", err)
	}
	return out, nil
}

// Originals returns the elements that a chunk was made of.
func (m Metadata) Originals() ([]Element, error) {
	if m.packed == "" {
		return m.OrigElements, nil
	}
	return Unpack(m.packed)
}

// WithoutOriginals returns m without orig_elements.
func (m Metadata) WithoutOriginals() Metadata {
	m.OrigElements, m.packed = nil, ""
	return m
}
