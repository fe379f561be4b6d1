package eml

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

const start = "From: =?utf-8?q?J=C3=BCrgen_Vogt?= <vogt@northwater.example>\r\nTo: a@x.example, \"B, C\" <b@x.example>\r\nCc: c@x.example\r\n" +
	"Subject: =?iso-8859-1?q?Pegelst=E4nde?=\r\n im Herbst\r\nMessage-ID: <17@northwater.example>\r\nDate: Tue, 3 Feb 2026 10:00:00 +0200\r\nMIME-Version: 1.0\r\n"

func multipart(kind string, parts ...string) []byte {
	return []byte(start + "Content-Type: multipart/" + kind + "; boundary=\"=_b\"\r\n\r\npreamble\r\n--=_b\r\n" + strings.Join(parts, "\r\n--=_b\r\n") + "\r\n--=_b--\r\nepilogue\r\n")
}

func TestBody(t *testing.T) {
	got := formattest.Want(t, Parse, "a.eml", []byte(start+"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"+
		"The level at the bridge is 3=2C2 m and fal=\r\nling =FCber night.\r\n"), format.Options{},
		"NarrativeText: The level at the bridge is 3,2 m and falling über night.")
	m := got[0].Metadata
	if !slices.Equal(m.SentFrom, []string{"Jürgen Vogt <vogt@northwater.example>"}) || !slices.Equal(m.SentTo, []string{"a@x.example", "B, C <b@x.example>"}) ||
		!slices.Equal(m.CCRecipient, []string{"c@x.example"}) || m.Subject != "Pegelstände im Herbst" || m.EmailMessageID != "17@northwater.example" ||
		m.LastModified != "2026-02-03T08:00:00+00:00" {
		t.Errorf("%+v", m)
	}
	html := "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGgxPkxldmVscyB0b2RheTwvaDE+\r\n"
	formattest.Want(t, Parse, "a.eml", multipart("alternative", "Content-Type: text/plain\r\n\r\nLevels today in plain\r\n", html), format.Options{}, "Title: Levels today")
	formattest.Want(t, Parse, "a.eml", []byte("From MAILER\nSubject: x\n\nJust one line here.\n"), format.Options{}, "Title: Just one line here.")
	formattest.Want(t, Parse, "a.eml", []byte(start+"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nThe end line never comes for this body."), format.Options{},
		"NarrativeText: The end line never comes for this body.")
}

func TestAttachments(t *testing.T) {
	b := multipart("mixed", "\r\nThe list of pumps is attached to this message.",
		"Content-Type: text/csv; name=\"=?utf-8?q?pumps=2Ecsv?=\"\r\nContent-Disposition: attachment; filename=\"..\\\\..\\\\pumps.csv\"\r\n\r\na,b",
		"Content-Type: application/x-broken\r\nContent-Disposition: attachment; filename=broken.bin\r\n\r\nzzz",
		"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nThe inner body stands here.")
	body := "NarrativeText: The list of pumps is attached to this message."
	formattest.Want(t, Parse, "a.eml", b, format.Options{}, body)
	var names []string
	o := format.Options{Nested: func(_ context.Context, f document.File) ([]element.Element, error) {
		names = append(names, f.Name)
		if f.Name == "broken.bin" {
			return nil, budget.Errorf(budget.Unsupported, "no such type")
		}
		raw, err := f.Bytes(0)
		return []element.Element{{Type: element.Table, Text: strings.TrimSpace(string(raw))}}, err
	}}
	got := formattest.Want(t, Parse, "a.eml", b, o, body, "Table: a,b", "Table: Subject: inner\r\n\r\nThe inner body stands here.")
	if !slices.Equal(names, []string{"pumps.csv", "broken.bin", "unknown.eml"}) || got[1].Metadata.AttachedToFilename != "a.eml" || got[0].Metadata.AttachedToFilename != "" {
		t.Errorf("%q %+v", names, got[1].Metadata)
	}
	o.Nested = func(context.Context, document.File) ([]element.Element, error) {
		return nil, budget.Errorf(budget.TooLarge, "over the limit")
	}
	if _, err := formattest.Parse(t, Parse, "a.eml", b, o); err == nil {
		t.Error("a limit inside an attachment is a limit of the message")
	}
}

func TestBad(t *testing.T) {
	formattest.WantOutcome(t, Parse, "encrypted", multipart("encrypted", "\r\nx"), budget.Encrypted)
	formattest.WantOutcome(t, Parse, "encrypted", []byte(start+"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nAAAA"), budget.Encrypted)
	var deep strings.Builder
	for i := range 2000 {
		b := "b" + strconv.Itoa(i)
		deep.WriteString("Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n")
	}
	formattest.WantOutcome(t, Parse, "deep", []byte(deep.String()), budget.TooLarge)
	formattest.WantOutcome(t, Parse, "wide", []byte("Content-Type: multipart/mixed; boundary=b\n\n"+strings.Repeat("--b\n\n", maxParts+2)), budget.TooLarge)
	for name, s := range map[string]string{
		"folded": "Subject: x\n" + strings.Repeat(" y\n", 1_000_000) + "\nThe body of it stands here.", "no header": "only text",
		"no boundary": "Content-Type: multipart/mixed\n\nThe body of it stands here.", "half": "Content-Transfer-Encoding: base64\n\nQUJ",
	} {
		if _, err := formattest.Parse(t, Parse, "a.eml", []byte(s), format.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, Parse, "a.eml", format.Options{}, []byte(start+"\r\nbody"), multipart("mixed", "\r\none", "Content-Type: text/html\r\n\r\n<p>two"))
}
