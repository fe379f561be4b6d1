package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"

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
	var d document.Document
	if err := json.Unmarshal(f.Document, &d); err != nil {
		return d, fmt.Errorf("the stored listing entry of this file cannot be read: run the workflow again")
	}
	return d, nil
}

// dataSource is metadata.data_source of a document that a source listed. Dates are seconds since 1970 as decimal
// strings, as the reference has them.
func dataSource(d document.Document, processed time.Time) *element.DataSource {
	return &element.DataSource{
		URL: d.URL, Version: d.Version, RecordLocator: d.RecordLocator, PermissionsData: d.Permissions,
		DateCreated: epoch(d.Created), DateModified: epoch(d.Modified), DateProcessed: epoch(processed),
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

// versionOf tells a changed document of a source without versions by its size and the time of its last change; "" when the
// source gives no time either, so that every run works on it.
func versionOf(d document.Document) string {
	if d.Version != "" || d.Modified.IsZero() {
		return d.Version
	}
	return fmt.Sprintf("%d-%d", d.Modified.UnixMicro(), d.Size)
}

func epoch(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatFloat(float64(t.UnixMicro())/1e6, 'f', -1, 64)
}
