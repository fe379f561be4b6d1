package connectortest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"path"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// documentAt is a document as a source of files gives it.
func documentAt(identifier string) document.Document {
	at := time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	return document.Document{
		Identifier: identifier, Name: path.Base(identifier), Path: identifier, Version: "7", Size: 1234,
		MIMEType: "application/pdf", URL: "test://place/" + identifier, Created: at, Modified: at.Add(time.Hour),
		RecordLocator: map[string]any{"protocol": "test", "remote_file_path": "place/"},
		Permissions:   []map[string]any{{"read": map[string]any{"users": []any{"u1"}, "groups": []any{}}}},
	}
}

// elementsOf makes n elements. The same document, generation and place in the list always give the same element; ids
// are as a partitioner makes them, embeddings as an embedder does (on every second element, or on all).
func elementsOf(d document.Document, generation string, n int, allEmbedded bool) []element.Element {
	out := make([]element.Element, n)
	for i := range out {
		text := fmt.Sprintf("%s, element %d of %q", generation, i, d.Identifier)
		sum := sha256.Sum256([]byte(text))
		e := element.Element{
			Type: element.NarrativeText, ID: hex.EncodeToString(sum[:16]), Text: text,
			Metadata: element.Metadata{
				Filename: d.Name, FileDirectory: path.Dir(d.Path), Filetype: "application/pdf", Languages: []string{"eng", "deu"},
				LastModified: "2026-03-04T05:06:07", PageNumber: new(1 + i/10), CategoryDepth: new(1), ParentID: out[0].ID,
				DataSource: &element.DataSource{
					URL: d.URL, Version: d.Version, RecordLocator: d.RecordLocator, PermissionsData: d.Permissions,
					DateCreated: "1772600767.89", DateModified: "1772604367.89", DateProcessed: "1772700000.5",
				},
				Extra: map[string]any{"own_key": "own value"},
			},
		}
		switch i % 5 {
		case 1:
			e.Type, e.Metadata.TextAsHTML = element.Table, "<table><tr><td>"+text+"</td></tr></table>"
		case 2:
			e.Metadata.Coordinates = &element.Coordinates{
				Points: [][2]float64{{1.5, 2}, {1.5, 20}, {100, 20}, {100, 2}}, System: "PixelSpace",
				LayoutWidth: 612, LayoutHeight: 792,
			}
		case 3:
			e.Metadata.Links = []element.Link{{Text: "link", URL: "https://example.com/?a=b&c='d'", StartIndex: 3}}
			e.Metadata.EmphasizedTextContents, e.Metadata.EmphasizedTextTags = []string{"of"}, []string{"b"}
		case 4:
			e.Type = element.CompositeElement
			e.Metadata.OrigElements = []element.Element{{Type: element.Title, ID: e.ID, Text: "part"}}
		}
		if allEmbedded || i%2 == 0 {
			e.Embeddings = Embedding(sum[0], Dimensions)
		}
		out[i] = e
	}
	return out
}

// Embedding makes a vector of length 1 and so many dimensions.
func Embedding(seed byte, dimensions int) []float32 {
	v := make([]float32, dimensions)
	v[int(seed)%dimensions] = 0.6
	v[(int(seed)+1)%dimensions] = -0.8
	return v
}

// streamThen calls a function after half of the elements. An error of it ends the stream.
func streamThen(elements []element.Element, half func() error) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for i, e := range elements {
			if i == len(elements)/2 {
				if err := half(); err != nil {
					yield(element.Element{}, err)
					return
				}
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}
