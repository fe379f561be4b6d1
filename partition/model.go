package partition

import (
	"github.com/sluicehq/sluice/partition/layout"
	"github.com/sluicehq/sluice/partition/ocr"
)

// What others can put in the place of what is built in.
type (
	OCR         = ocr.Engine        // recognises words; built in: the Tesseract command
	LayoutModel = layout.Model      // cuts a page into regions; built in: rules
	TableModel  = layout.TableModel // finds the tables of a page; built in: rules
)
