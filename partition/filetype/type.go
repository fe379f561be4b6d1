// Package filetype finds what a file is: by its content first, then by the type that its sender declared, then by its
// extension.
package filetype

import (
	"mime"
	"path"
	"strings"
)

// Type is a kind of file. Name is the word by which parsers are chosen; MIME is what metadata.filetype says.
type Type struct {
	Name, MIME string
}

// The types that files are told apart as.
var (
	Unknown = Type{"unknown", "application/octet-stream"}
	Empty   = Type{"empty", "inode/x-empty"}

	Text     = Type{"txt", "text/plain"}
	Markdown = Type{"md", "text/markdown"}
	HTML     = Type{"html", "text/html"}
	XML      = Type{"xml", "application/xml"}
	CSV      = Type{"csv", "text/csv"}
	TSV      = Type{"tsv", "text/tsv"}
	JSON     = Type{"json", "application/json"}
	NDJSON   = Type{"ndjson", "application/x-ndjson"}
	EML      = Type{"eml", "message/rfc822"}
	RTF      = Type{"rtf", "text/rtf"}
	Org      = Type{"org", "text/org"}
	RST      = Type{"rst", "text/x-rst"}

	PDF  = Type{"pdf", "application/pdf"}
	DOCX = Type{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}
	PPTX = Type{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"}
	XLSX = Type{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
	ODT  = Type{"odt", "application/vnd.oasis.opendocument.text"}
	ODS  = Type{"ods", "application/vnd.oasis.opendocument.spreadsheet"}
	ODP  = Type{"odp", "application/vnd.oasis.opendocument.presentation"}
	EPUB = Type{"epub", "application/epub"}
	ZIP  = Type{"zip", "application/zip"}
	DOC  = Type{"doc", "application/msword"}
	PPT  = Type{"ppt", "application/vnd.ms-powerpoint"}
	XLS  = Type{"xls", "application/vnd.ms-excel"}
	MSG  = Type{"msg", "application/vnd.ms-outlook"}

	PNG  = Type{"png", "image/png"}
	JPEG = Type{"jpg", "image/jpeg"}
	TIFF = Type{"tiff", "image/tiff"}
	BMP  = Type{"bmp", "image/bmp"}
	HEIC = Type{"heic", "image/heic"}
	WEBP = Type{"webp", "image/webp"}
	GIF  = Type{"gif", "image/gif"}
	WAV  = Type{"wav", "audio/wav"}
	MP3  = Type{"mp3", "audio/mpeg"}

	// EncryptedOffice is an office file of the XML kinds that is locked with a password: its container shows no more.
	EncryptedOffice = Type{"encrypted office file", "application/x-ole-storage"}
)

// extensions are those that name a type.
var extensions = map[string]Type{
	"txt": Text, "text": Text, "log": Text, "c": Text, "cc": Text, "cpp": Text, "cs": Text, "cxx": Text, "go": Text,
	"h": Text, "java": Text, "js": Text, "php": Text, "py": Text, "rb": Text, "rs": Text, "sh": Text, "swift": Text,
	"ts": Text, "yaml": Text, "yml": Text, "toml": Text, "ini": Text,
	"md": Markdown, "markdown": Markdown, "html": HTML, "htm": HTML, "xhtml": HTML, "xml": XML, "csv": CSV, "tsv": TSV,
	"tab": TSV, "json": JSON, "ndjson": NDJSON, "jsonl": NDJSON, "eml": EML, "p7s": EML, "p7m": EML, "rtf": RTF, "org": Org, "rst": RST,
	"pdf": PDF, "docx": DOCX, "docm": DOCX, "dotx": DOCX, "dotm": DOCX, "pptx": PPTX, "pptm": PPTX, "potx": PPTX,
	"potm": PPTX, "ppsx": PPTX, "ppsm": PPTX, "xlsx": XLSX, "xlsm": XLSX, "xltx": XLSX, "xltm": XLSX,
	"odt": ODT, "ott": ODT, "fodt": ODT, "ods": ODS, "ots": ODS, "fods": ODS, "odp": ODP, "otp": ODP, "fodp": ODP, "epub": EPUB, "zip": ZIP,
	"doc": DOC, "dot": DOC, "ppt": PPT, "pot": PPT, "pps": PPT, "xls": XLS, "xlt": XLS, "msg": MSG,
	"png": PNG, "jpg": JPEG, "jpeg": JPEG, "tif": TIFF, "tiff": TIFF, "bmp": BMP, "heic": HEIC, "webp": WEBP, "gif": GIF,
	"wav": WAV, "mp3": MP3,
}

// declared are other names of types, besides their own.
var declared = map[string]Type{
	"application/xhtml+xml": HTML, "text/x-csv": CSV, "application/csv": CSV, "application/x-csv": CSV,
	"text/comma-separated-values": CSV, "text/x-comma-separated-values": CSV, "text/tab-separated-values": TSV,
	"text/x-markdown": Markdown, "text/xml": XML, "application/epub+zip": EPUB, "application/rtf": RTF,
	"application/x-ndjson": NDJSON, "application/jsonl": NDJSON, "text/json": JSON,
	"image/x-bmp": BMP, "image/x-ms-bmp": BMP, "image/x-heic": HEIC, "image/jpg": JPEG,
	"application/x-zip-compressed": ZIP, "application/yaml": Text, "application/x-yaml": Text, "text/yaml": Text,
	"text/x-yaml": Text, "text/x-rst": RST, "text/prs.fallenstein.rst": RST, "text/x-org": Org,
	"application/javascript": Text, "application/typescript": Text, "application/x-sh": Text,
	"application/vnd.ms-word.document.macroenabled.12":                        DOCX,
	"application/vnd.ms-word.template.macroenabled.12":                        DOCX,
	"application/vnd.openxmlformats-officedocument.wordprocessingml.template": DOCX,
	"application/vnd.ms-powerpoint.presentation.macroenabled.12":              PPTX,
	"application/vnd.openxmlformats-officedocument.presentationml.template":   PPTX,
	"application/vnd.openxmlformats-officedocument.presentationml.slideshow":  PPTX,
	"application/vnd.ms-excel.sheet.macroenabled.12":                          XLSX,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.template":    XLSX,
	"application/vnd.ms-powerpoint.template.macroenabled.12":                  PPTX,
	"application/vnd.ms-powerpoint.slideshow.macroenabled.12":                 PPTX,
	"application/vnd.ms-excel.template.macroenabled.12":                       XLSX,
	"application/vnd.oasis.opendocument.text-template":                        ODT,
	"application/vnd.oasis.opendocument.text-web":                             ODT,
	"application/vnd.oasis.opendocument.text-master":                          ODT,
	"application/vnd.oasis.opendocument.spreadsheet-template":                 ODS,
	"application/vnd.oasis.opendocument.presentation-template":                ODP,
	"application/vnd.oasis.opendocument.text-flat-xml":                        ODT,
	"application/vnd.oasis.opendocument.spreadsheet-flat-xml":                 ODS,
	"application/vnd.oasis.opendocument.presentation-flat-xml":                ODP,
	"application/x-pkcs7-mime":                                                EML, "application/pkcs7-mime": EML, "multipart/signed": EML,
}

func init() {
	for _, t := range extensions {
		declared[t.MIME] = t
	}
}

// ByExtension finds the type that a file name ends in.
func ByExtension(name string) (Type, bool) {
	t, ok := extensions[extension(name)]
	return t, ok
}

func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}

// ByMIME finds the type that a sender declared. Text of a kind that has no type of its own, such as a programming
// language, is plain text.
func ByMIME(text string) (Type, bool) {
	media, _, err := mime.ParseMediaType(text)
	if err != nil {
		media, _, _ = strings.Cut(text, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	if t, ok := declared[media]; ok {
		return t, true
	}
	if strings.HasPrefix(media, "text/x-") {
		return Text, true
	}
	return Type{}, false
}

// isBinary tells types that have a signature: a file without it is not of that type, whatever was declared.
func (t Type) isBinary() bool {
	switch t {
	case Text, Markdown, HTML, XML, CSV, TSV, JSON, NDJSON, EML, Org, RST, Unknown:
		return false
	}
	return true
}
