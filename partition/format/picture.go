package format

// Route is how the Auto partitioner chooses for each page of a PDF (contract section 3.1): fast for text alone, hi_res for
// tables and for text with small pictures, a vision model for scans and pages that are mostly pictures.
type Route struct {
	NoFast  bool   // allow_fast is false: pages of text go to hi_res
	Without string // why no vision model takes its pages; they are read by OCR or hi_res, and their reason says this too
}

// Picture is one page as a model that sees it is shown it.
type Picture struct {
	Page     int    // its number, as in page_number; 0 of a file that has no pages
	Strategy string // vlm; else how the parsers read the page: fast, hi_res, ocr, auto, or empty when there is nothing on it
	Reason   string
	Image    []byte `json:",omitempty"` // JPEG, when Strategy is vlm
	More     bool   // another page follows
}
