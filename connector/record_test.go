package connector

import (
	"testing"

	"github.com/sluicehq/sluice/document"
)

func TestRecordIDs(t *testing.T) {
	t.Parallel()
	d := document.Document{Identifier: "bucket/a.txt"}
	if got := RecordID(d); got != "bucket/a.txt" {
		t.Errorf("RecordID = %q", got)
	}
	// uuid.uuid5(uuid.NAMESPACE_DNS, "0f3c" + "bucket/a.txt") of Python's standard library.
	if got, want := ElementRecordID(d, "0f3c"), "5a53c457-5f49-54a1-9b87-4ea09ce6effc"; got != want {
		t.Errorf("ElementRecordID = %s, want %s", got, want)
	}
}

func TestPermissionsVersion(t *testing.T) {
	t.Parallel()
	if got := PermissionsVersion(nil); got != "" {
		t.Errorf("without permissions: %q", got)
	}
	// hashlib.sha256(b'[{"read":{"groups":[],"users":["u1"]}}]').hexdigest() of Python's standard library.
	const want = "ded25cfc994e9a43be11316c479fe5cc74ef63b9426aa376d0523e341370da2f"
	list := []map[string]any{{"read": map[string]any{"users": []string{"u1"}, "groups": []string{}}}}
	if got := PermissionsVersion(list); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
