package record

import (
	"encoding/json"
	"testing"
)

func TestAccess(t *testing.T) {
	t.Parallel()
	var a Access
	a.User("u2", MayDelete)
	a.User("u1", MayRead)
	a.User("", MayDelete)
	a.User("nobody", None)
	a.Group("g1", MayUpdate)
	show := func(a Access) string {
		raw, err := json.Marshal(a.Data())
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got, want := show(a), `[{"read":{"groups":["g1"],"users":["u1","u2"]}},{"update":{"groups":["g1"],"users":["u2"]}},{"delete":{"groups":[],"users":["u2"]}}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	b := Access{Read: a.Read.And(a.Update), Update: a.Delete.Or(a.Read)}
	if got, want := show(b), `[{"read":{"groups":["g1"],"users":["u2"]}},{"update":{"groups":["g1"],"users":["u1","u2"]}},{"delete":{"groups":[],"users":[]}}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !b.Delete.Empty() || b.Read.Empty() {
		t.Error("empty")
	}
}

func TestSafeName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"a.pdf": "a.pdf", "no extension": "no extension", ".profile": ".profile", "a/b.pdf": "a_b-c14cddc0.pdf",
		"a.b/c": "a.b_c-", "..": "_..", "": "_"} {
		if got := SafeName(in); got != want && (want[len(want)-1] != '-' || len(got) != len(want)+8 || got[:len(want)] != want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
