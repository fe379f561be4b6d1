// Package element holds the unit that Sluice produces: one typed piece of a document (a title, a paragraph, a list
// item, a table ...) with its text and metadata, and its JSON form.
//
// It is the bottom of the program: partitioners make elements, chunkers, enrichers and embedders change lists of them,
// destinations write them. It imports nothing of the project.
package element

// Type is the class of an element: the value of "type" in JSON. The set is open; the constants are those that Sluice
// or the reference emits.
type Type string

const (
	Title             Type = "Title"
	NarrativeText     Type = "NarrativeText"
	ListItem          Type = "ListItem"
	UncategorizedText Type = "UncategorizedText"
	Address           Type = "Address"
	EmailAddress      Type = "EmailAddress"
	Table             Type = "Table"
	TableChunk        Type = "TableChunk"       // made by chunking only: a piece of a table
	CompositeElement  Type = "CompositeElement" // made by chunking only: text of one or more elements
	Header            Type = "Header"
	Footer            Type = "Footer"
	Image             Type = "Image"
	CodeSnippet       Type = "CodeSnippet"
	PageBreak         Type = "PageBreak" // text ""
	FigureCaption     Type = "FigureCaption"
	Formula           Type = "Formula"
	PageNumber        Type = "PageNumber"
	CheckBox          Type = "CheckBox" // text "", see Element.Checked
	Form              Type = "Form"
	FormKeysValues    Type = "FormKeysValues"
	DocumentData      Type = "DocumentData" // data about the whole document, first in the list
)

// Element is one piece of a document. Lengths of Text are always counted in Unicode code points, never in bytes.
type Element struct {
	Type       Type
	ID         string // 32 hex digits (see AssignIDs) or a UUID
	Text       string
	Metadata   Metadata
	Embeddings []float32 // nil until an embedder ran
	Checked    *bool     // only for CheckBox
}

// Metadata is what is known about an element. A zero field is unknown and is absent in JSON; keys that Sluice does not
// know are kept in Extra and written back. Field names follow the keys of the wire format.
type Metadata struct {
	Filename               string
	FileDirectory          string
	Filetype               string // canonical MIME type
	LastModified           string // ISO 8601
	Languages              []string
	PageNumber             *int // 1-based page, slide or sheet
	PageName               string
	ParentID               string
	CategoryDepth          *int
	Coordinates            *Coordinates
	TextAsHTML             string
	EmphasizedTextContents []string
	EmphasizedTextTags     []string
	LinkTexts              []string
	LinkURLs               []string
	LinkStartIndexes       []int
	Links                  []Link
	HeaderFooterType       string
	StyleName              string // of the paragraph, in Word files
	ImageURL               string
	ImageBase64            string
	ImageMimeType          string
	SentFrom               []string
	SentTo                 []string
	CCRecipient            []string
	BCCRecipient           []string
	Subject                string
	EmailMessageID         string
	Signature              string
	AttachedToFilename     string
	URL                    string
	DataSource             *DataSource
	IsContinuation         bool
	OrigElements           []Element // packed as Base64 of zlib of JSON, see Pack and Unpack
	TableID                string
	ChunkIndex             *int
	NumCarriedOverHeaders  *int // num_carried_over_header_rows
	DetectionClassProb     *float64
	IsExtracted            string // "true", "false" or "partial"
	TableExtractionMethod  string
	PartitionerType        string
	EnrichmentOrigins      map[string]any
	Extra                  map[string]any // keys not listed above, kept as decoded JSON

	packed string // orig_elements as they were read, see Originals
}

// Link is a hyperlink inside an element's text. StartIndex counts code points of the text.
type Link struct {
	Text       string `json:"text"`
	URL        string `json:"url"`
	StartIndex int    `json:"start_index"`
}

// Coordinates is the box of an element. Points run top left, bottom left, bottom right, top right; in PixelSpace y
// grows downwards. Both points and system are set, or neither.
type Coordinates struct {
	Points       [][2]float64 `json:"points"`
	System       string       `json:"system"` // PixelSpace, PointSpace or RelativeCoordinateSystem
	LayoutWidth  float64      `json:"layout_width"`
	LayoutHeight float64      `json:"layout_height"`
}

// DataSource says where the document came from. Dates are epoch seconds as decimal strings, except for the sources that
// give ISO 8601. An empty DataSource that is set is written as {}.
type DataSource struct {
	URL             string           `json:"url,omitempty"`
	Version         string           `json:"version,omitempty"`
	RecordLocator   map[string]any   `json:"record_locator,omitempty"`
	DateCreated     string           `json:"date_created,omitempty"`
	DateModified    string           `json:"date_modified,omitempty"`
	DateProcessed   string           `json:"date_processed,omitempty"`
	PermissionsData []map[string]any `json:"permissions_data,omitempty"`
	// PermissionsVersion is a hash that changes with PermissionsData.
	PermissionsVersion string `json:"permissions_version,omitempty"`
	FilesizeBytes      int64  `json:"filesize_bytes,omitempty"` // 0 when unknown
}
