package record

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/document"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	ids := NewIDs("doc")
	a, again, b := ids.Next("a"), ids.Next("a"), ids.Next("b")
	if want := connector.ElementRecordID(document.Document{Identifier: "doc"}, "a"); a.String() != want {
		t.Errorf("%s, want %s", a, want)
	}
	if a == again || a == b || again == b || !ids.Has(again) || ids.Has(uuid.New()) {
		t.Errorf("%s %s %s", a, again, b)
	}
	if repeated := NewIDs("doc"); repeated.Next("a") != a || repeated.Next("a") != again {
		t.Error("another writer of the same elements makes other ids")
	}
}

func TestFileName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"t-1": "t-1.csv", "ä b": "ä b.csv", "a/b": "a_b-c14cddc0.csv"} {
		if got := FileName(in, ".csv"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	long := strings.Repeat("ü", 150)
	if a, b := FileName(long+"a", ".txt"), FileName(long+"b", ".txt"); a == b || len(a) > 255 || !strings.HasSuffix(a, ".txt") {
		t.Errorf("%q %q", a, b)
	}
}
