package engine

import (
	"reflect"
	"testing"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
)

// What fetching tells is added to what the listing said; the listing's own map stays as it is.
func TestDataSourceOfFetchedDocument(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d := document.Document{
		Size: 12, Permissions: []map[string]any{{"mode": 33188}}, URL: "s3://b/k", Version: "1", Modified: at, RecordLocator: map[string]any{"protocol": "s3"},
	}
	got := dataSource(d, at)
	want := *got
	complete(got, document.Found{})
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("nothing found: %+v, want %+v", *got, want)
	}
	complete(got, document.Found{
		Version: "2", Modified: at.Add(time.Second), RecordLocator: map[string]any{"metadata": map[string]any{"author": "me"}},
	})
	if want := (element.DataSource{
		URL: "s3://b/k", Version: "2", DateModified: "1767323046", DateProcessed: "1767323045",
		RecordLocator:      map[string]any{"protocol": "s3", "metadata": map[string]any{"author": "me"}},
		FilesizeBytes:      12,
		PermissionsData:    []map[string]any{{"mode": 33188}},
		PermissionsVersion: "3a99454a19903235205ddaaf9de9fa73ac9434aa5f658b7fb665f16977d3a935", // SHA-256 of [{"mode":33188}]
	}); !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", *got, want)
	}
	if len(d.RecordLocator) != 1 {
		t.Errorf("the listing's locator has become %v", d.RecordLocator)
	}
}
