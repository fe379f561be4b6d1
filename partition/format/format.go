// Package format holds what the parsers of all formats share: their options and the shape of a parser.
package format

import (
	"context"
	"iter"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/ocr"
)

// Options are the settings of one parse that parsers look at. Everything else (languages, ids, file names, parents,
// excluded types) is done by package partition on what they return.
type Options struct {
	Strategy           string // auto, fast, hi_res or ocr_only; auto when empty. It matters for PDF and pictures
	IncludePageBreaks  bool
	StartingPageNumber int    // number of the first page, 1 when 0
	Encoding           string // of text files; "" detects
	IncludeSlideNotes  bool
	XMLKeepTags        bool   // XML: the whole file as one text
	InferTables        bool   // PDF: find tables, also where strategy auto would take the text layer as it is
	NoTableHTML        bool   // leave text_as_html out
	LabelledHTML       bool   // HTML whose classes say what its elements are (html_parser_version v2)
	SkipMargins        bool   // HTML and what becomes it, PDF and pictures: leave header and footer elements and page numbers out
	SkipHidden         bool   // PDF: leave text out that cannot be seen
	ImagePayloads      bool   // keep image_base64 where the file holds it
	Password           string // opens files that are encrypted
	Pages              Pages  // of PDF and TIFF; none is all
	MaxPages           int    // of PDF and TIFF: a file from which more would be read fails; 0 is no limit
	ScratchDir         string // for temporary files and caches; "" is the system's

	OCR          ocr.Engine // reads what has no text; nil is ocr.Default
	OCRLanguages []string   // of the text that it reads, as callers name them
	ImageBlocks  []string   // types of elements of PDFs and pictures that carry a cut-out of themselves

	// Route, when it is not nil, chooses for each page of a PDF as the Auto partitioner does.
	Route *Route

	// Nested reads a file inside the file, such as an attachment, and gives its elements their file name and type. It is
	// nil where such files are not wanted.
	Nested func(ctx context.Context, f document.File) ([]element.Element, error)

	// Cells, when it is not nil, is told where the cells of a page's tables are: boxes of left, top, right and bottom, on a page of
	// that width and height. Pages come in any order, and from several goroutines.
	Cells func(page int, width, height float64, boxes [][4]float64)
}

// FirstPage is the number of the first page.
func (o Options) FirstPage() int {
	if o.StartingPageNumber == 0 {
		return 1
	}
	return o.StartingPageNumber
}

// Parser turns the bytes of a file into elements in reading order. It sets types, texts and the metadata that the format
// itself holds; ids only where another element's parent_id names them. Its error is a *budget.Error or the context's.
type Parser func(ctx context.Context, f document.File, o Options, b *budget.Budget) ([]element.Element, error)

// Streamer is a Parser whose elements are made as they are taken, for formats of which one file gives hundreds of thousands. It has taken
// them from the budget before; the sequence may be gone through once, and sets no ids.
type Streamer func(ctx context.Context, f document.File, o Options, b *budget.Budget) (iter.Seq[element.Element], error)

// Reader is the OCR engine to use.
func (o Options) Reader() ocr.Engine {
	if o.OCR == nil {
		return ocr.Default
	}
	return o.OCR
}
