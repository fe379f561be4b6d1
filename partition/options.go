package partition

import (
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// Options are the settings of one call, under the names of the partition endpoint (see Set). The zero value is usable:
// strategy auto, languages detected, hashed ids.
type Options struct {
	Strategy            string   // auto, fast, hi_res, ocr_only; "" is auto
	Filename            string   // metadata_filename: replaces the file's own name in metadata and ids
	FileDirectory       string   // metadata.file_directory; "" leaves it out
	LastModified        string   // metadata.last_modified; "" leaves it out
	URL                 string   // metadata.url
	ContentType         string   // content_type: declared type, a hint
	Password            string   // password: opens files that are encrypted; never logged
	Encoding            string   // of text files; "" detects
	Languages           []string // given languages, of OCR too; nil detects and recognises English, [""] leaves them out
	DetectPerElement    bool     // detect_language_per_element
	IncludePageBreaks   bool
	Pages               format.Pages // pages: of PDF and TIFF, by their place in the file; none is all
	MaxPages            int          // max_pages: a PDF or TIFF from which more pages would be read fails; 0 is no limit
	StartingPageNumber  int          // 0 is 1
	UniqueElementIDs    bool         // random UUIDs instead of hashes
	Coordinates         bool         // keep metadata.coordinates
	ExcludeElements     []string
	XMLKeepTags         bool
	HTMLParserVersion   string // html_parser_version: v1, or v2 for pages whose classes say what their elements are; "" is v1
	SkipHeadersFooters  bool   // skip_headers_and_footers: of HTML pages and what becomes them, and of PDFs and pictures
	SkipHiddenText      bool   // skip_hidden_text: what a reader of a PDF's pages does not see; otherwise hidden_text of the metadata says why
	SkipAttachments     bool   // process_attachments=false: leave out what a mail carries
	IncludeSlideNotes   bool
	InferTableStructure bool     // pdf_infer_table_structure, infer_table_structure
	SkipInferTableTypes []string // file types whose tables get no text_as_html
	ImageBlockTypes     []string // extract_image_block_types: elements of PDFs and pictures that carry a cut-out of themselves
	Limits              budget.Limits
	ScratchDir          string // where parsers may put temporary files and caches; "" is the system's

	// Route, when set, chooses for each page of a PDF as the Auto partitioner does; Strategy is then auto. See PagePictures.
	Route *format.Route

	// OCR recognises the text of pictures and scanned pages; nil is Tesseract. It does not travel to child processes.
	OCR OCR `json:"-"`

	// Chunk, when set, is chunking within the call (chunking_strategy of the partition endpoint). It is given all elements
	// of the file as the parser made them, with UUIDs for ids, before languages, file type, file name, hashed ids and
	// parents are set; these are then set on what it returns. It does not travel to child processes: set it there.
	Chunk func([]element.Element) ([]element.Element, error) `json:"-"`

	// Cells, when set, is told where the cells of tables are on the pages of PDFs and pictures: boxes of left, top, right and
	// bottom, on a page of that width and height. It is called from several goroutines, and does not travel to child processes.
	Cells func(page int, width, height float64, boxes [][4]float64) `json:"-"`
}
