package engine

import (
	"cmp"
	"maps"
	"strconv"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/store"
)

// documentOf reads the document that a source listed, or makes one of an uploaded file.
func documentOf(f store.File) (document.Document, error) {
	if f.InputBlob != "" {
		return document.Document{
			Identifier: f.WireID, Name: f.WireID, Path: f.WireID, Version: f.Version, Size: f.Size, MIMEType: f.ContentType,
		}, nil
	}
	l, err := parseListed(f.Document)
	return l.Document, err
}

// deliveredOf is documentOf as destinations see it.
func deliveredOf(f store.File) (document.Document, error) {
	if f.InputBlob != "" {
		return documentOf(f)
	}
	l, err := parseListed(f.Document)
	return l.delivered(), err
}

// dataSource is metadata.data_source of a document that a source listed. Dates are seconds since 1970 as decimal
// strings, as the reference has them.
func dataSource(d document.Document, processed time.Time) *element.DataSource {
	return &element.DataSource{
		URL: d.URL, Version: d.Version, RecordLocator: d.RecordLocator, PermissionsData: d.Permissions,
		DateCreated: epoch(d.Created), DateModified: epoch(d.Modified), DateProcessed: epoch(processed),
		PermissionsVersion: connector.PermissionsVersion(d.Permissions), FilesizeBytes: d.Size,
	}
}

// complete puts into it what fetching has told of the document.
func complete(d *element.DataSource, f document.Found) {
	d.Version = cmp.Or(f.Version, d.Version)
	d.DateModified = cmp.Or(epoch(f.Modified), d.DateModified)
	if len(f.RecordLocator) > 0 {
		locator := maps.Clone(d.RecordLocator)
		if locator == nil {
			locator = map[string]any{}
		}
		maps.Copy(locator, f.RecordLocator)
		d.RecordLocator = locator
	}
}

func epoch(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatFloat(float64(t.UnixMicro())/1e6, 'f', -1, 64)
}
