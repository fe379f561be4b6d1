package eml

import (
	"context"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/format"
)

func TestTruncated(t *testing.T) {
	t.Parallel()
	whole := multipart("mixed", "\r\nThe list of pumps is attached to this message.", "Content-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\nYSxiCg==")
	o := format.Options{Nested: func(context.Context, document.File) ([]element.Element, error) { return nil, nil }}
	for i := range 20 {
		if _, err := formattest.Parse(t, Parse, "a.eml", whole[:len(whole)*i/20], o); err != nil {
			t.Errorf("cut at %d twentieths: %v", i, err)
		}
	}
}

// TestNames has attachments whose names point out of the folder that somebody may save them to.
func TestNames(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		`"../../etc/passwd"`: "passwd", `"C:\\Windows\\x.ini"`: "x.ini", `".."`: "unknown", `"/"`: "unknown", `""`: "unknown", `"a/"`: "a", `"=?utf-8?q?=2E=2E=2Fx?="`: "x",
	} {
		var got string
		o := format.Options{Nested: func(_ context.Context, f document.File) ([]element.Element, error) {
			got = f.Name
			return nil, nil
		}}
		b := multipart("mixed", "\r\nBody", "Content-Type: application/x\r\nContent-Disposition: attachment; filename="+sent+"\r\n\r\nx")
		if _, err := formattest.Parse(t, Parse, "a.eml", b, o); err != nil || got != want {
			t.Errorf("%s: %q, want %q, %v", sent, got, want, err)
		}
	}
}

// TestMany has as many attachments as a message may, and headers and bodies that go on and on.
func TestMany(t *testing.T) {
	t.Parallel()
	count := 0
	o := format.Options{Nested: func(context.Context, document.File) ([]element.Element, error) {
		count++
		return nil, nil
	}}
	many := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Disposition: attachment\n\nx\n", maxParts-1) + "--b--\n"
	if _, err := formattest.Parse(t, Parse, "a.eml", []byte(many), o); err != nil || count != maxParts-1 {
		t.Errorf("%d attachments, %v", count, err)
	}
	for name, s := range map[string]string{
		"recipients":    "To: " + strings.Repeat("a@x.example, ", 100_000) + "b@x.example\n\nThe body of it stands here.",
		"comments":      "To: " + strings.Repeat("(", 100_000) + "\n\nThe body of it stands here.",
		"encoded words": "Subject: " + strings.Repeat("=?utf-8?q?a?= ", 100_000) + "\n\nThe body of it stands here.",
		"fields":        strings.Repeat("X-A: b\n", 500_000) + "\nThe body of it stands here.",
		"parameters":    "Content-Type: text/plain" + strings.Repeat("; a=b", 100_000) + "\n\nThe body of it stands here.",
		"boundaries":    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nThe body of it stands here.\n" + strings.Repeat("--bb\n", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			elements, err := formattest.Parse(t, Parse, "a.eml", []byte(s), format.Options{})
			if err != nil || len(elements) == 0 || elements[0].Text != "The body of it stands here." {
				t.Errorf("%d elements, %v", len(elements), err)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	content := multipart("alternative", "Content-Type: text/plain\r\n\r\n"+strings.Repeat("The pump at the north gate was replaced because it leaked.\r\n\r\n", 40))
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := formattest.Parse(b, Parse, "a.eml", content, format.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
