package partition

import (
	"github.com/sluicehq/sluice/partition/csv"
	"github.com/sluicehq/sluice/partition/doc"
	"github.com/sluicehq/sluice/partition/docx"
	"github.com/sluicehq/sluice/partition/eml"
	"github.com/sluicehq/sluice/partition/epub"
	"github.com/sluicehq/sluice/partition/filetype"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/html"
	"github.com/sluicehq/sluice/partition/image"
	"github.com/sluicehq/sluice/partition/json"
	"github.com/sluicehq/sluice/partition/markdown"
	"github.com/sluicehq/sluice/partition/msg"
	"github.com/sluicehq/sluice/partition/ods"
	"github.com/sluicehq/sluice/partition/odt"
	"github.com/sluicehq/sluice/partition/org"
	"github.com/sluicehq/sluice/partition/pdf"
	"github.com/sluicehq/sluice/partition/plain"
	"github.com/sluicehq/sluice/partition/ppt"
	"github.com/sluicehq/sluice/partition/pptx"
	"github.com/sluicehq/sluice/partition/rst"
	"github.com/sluicehq/sluice/partition/rtf"
	"github.com/sluicehq/sluice/partition/xls"
	"github.com/sluicehq/sluice/partition/xlsx"
	"github.com/sluicehq/sluice/partition/xml"
)

// parsers is the one table of formats. A type that is not in it is unsupported.
var parsers map[filetype.Type]format.Parser

// streamers are the formats whose elements need not stand in memory together.
var streamers = map[filetype.Type]format.Streamer{filetype.PDF: pdf.Stream}

func init() { // mail may hold any file, mail too
	parsers = map[filetype.Type]format.Parser{
		filetype.EPUB:     epub.Parse,
		filetype.ODS:      ods.Parse,
		filetype.ODT:      odt.Parse,
		filetype.ODP:      odt.ParseSlides,
		filetype.EML:      eml.Parse,
		filetype.PPTX:     pptx.Parse,
		filetype.XLSX:     xlsx.Parse,
		filetype.XLS:      xls.Parse,
		filetype.PPT:      ppt.Parse,
		filetype.DOC:      doc.Parse,
		filetype.MSG:      msg.Parse,
		filetype.XML:      xml.Parse,
		filetype.DOCX:     docx.Parse,
		filetype.Text:     plain.Parse,
		filetype.HTML:     html.Parse,
		filetype.Markdown: markdown.Parse,
		filetype.CSV:      csv.Parse,
		filetype.TSV:      csv.ParseTSV,
		filetype.JSON:     json.Parse,
		filetype.NDJSON:   json.ParseLines,
		filetype.PDF:      pdf.Parse,
		filetype.RTF:      rtf.Parse,
		filetype.Org:      org.Parse,
		filetype.RST:      rst.Parse,
		filetype.PNG:      image.Parse,
		filetype.JPEG:     image.Parse,
		filetype.TIFF:     image.Parse,
		filetype.BMP:      image.Parse,
		filetype.WEBP:     image.Parse,
		filetype.HEIC:     image.Parse,
		filetype.GIF:      image.Parse,
	}
}
