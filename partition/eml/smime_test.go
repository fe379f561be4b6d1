package eml

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// ber encodes a value; endless leaves its length open.
func ber(tag byte, parts ...[]byte) []byte {
	content := bytes.Join(parts, nil)
	n := len(content)
	switch {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	default:
		return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, content...)
	}
}

func endless(tag byte, parts ...[]byte) []byte {
	return append(append([]byte{tag, 0x80}, bytes.Join(parts, nil)...), 0, 0)
}

// block makes a signed block around a content, which is encoded already; nil leaves it out.
func block(content []byte) []byte {
	inner := ber(0x06, []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01})
	if content != nil {
		inner = append(inner, ber(0xa0, content)...)
	}
	return ber(0x30, ber(0x06, oidSigned), ber(0xa0, ber(0x30, ber(0x02, []byte{1}), ber(0x31), ber(0x30, inner), ber(0x31))))
}

const inside = "Content-Type: text/plain\r\n\r\nThe boats are tied to the quay at night.\r\n"

func TestSigned(t *testing.T) {
	t.Parallel()
	const head = "From: A <a@harbour.example>\nSubject: Rules\n"
	whole := block(ber(0x04, []byte(inside)))
	pieces := endless(0x30, ber(0x06, oidSigned), endless(0xa0, endless(0x30, ber(0x02, []byte{1}), ber(0x31), endless(0x30, ber(0x06, []byte{1}),
		endless(0xa0, endless(0x24, ber(0x04, []byte(inside[:20])), ber(0x04, []byte(inside[20:]))))))))
	mail := func(media string, b []byte) []byte {
		return []byte(head + "Content-Type: " + media + "; smime-type=signed-data; name=smime.p7m\nContent-Disposition: attachment; filename=smime.p7m\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString(b) + "\n")
	}
	detached := []byte(head + "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=x\n\n--x\n" + strings.ReplaceAll(inside, "\r\n", "\n") +
		"--x\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Disposition: attachment; filename=smime.p7s\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString(block(nil)) + "\n--x--\n")
	bare := []byte(head + "Content-Type: multipart/signed; boundary=x\n\n--x\nThe boats are tied to the quay at night.\n--x--\n")
	o := format.Options{Nested: func(_ context.Context, f document.File) ([]element.Element, error) {
		t.Errorf("%s was read as an attachment", f.Name)
		return nil, nil
	}}
	for name, b := range map[string][]byte{
		"a.eml": mail("application/pkcs7-mime", whole), "b.eml": mail("application/x-pkcs7-mime", pieces), "c.p7m": whole, "d.p7m": pieces,
		"e.p7s": detached, "f.p7s": bare, "twice.eml": mail("application/pkcs7-mime", block(ber(0x04, mail("application/pkcs7-mime", whole)))),
	} {
		got := formattest.Want(t, Parse, name, b, o, "NarrativeText: The boats are tied to the quay at night.")
		if m := got[0].Metadata; strings.HasSuffix(name, ".eml") && (m.Subject != "Rules" || len(m.SentFrom) != 1) {
			t.Errorf("%s: %+v", name, m)
		}
	}
	formattest.WantOutcome(t, Parse, "signature alone", block(nil), budget.Unsupported)
	sealed := ber(0x30, ber(0x06, oidEnveloped), ber(0xa0, ber(0x30, make([]byte, 500))))
	formattest.WantOutcome(t, Parse, "sealed", sealed, budget.Encrypted)
	formattest.WantOutcome(t, Parse, "sealed mail", mail("application/pkcs7-mime", sealed), budget.Encrypted)
}

func TestBrokenBlocks(t *testing.T) {
	t.Parallel()
	whole := block(ber(0x04, []byte(strings.Repeat(inside, 10))))
	formattest.WantOutcome(t, Parse, "cut.p7m", whole[:200], budget.Corrupt)
	for i := range 20 {
		if _, kind := signed(whole[:len(whole)*i/20]); kind != isOther {
			t.Errorf("cut at %d of 20 it is %d", i, kind)
		}
	}
	for name, b := range map[string][]byte{
		"nested": bytes.Repeat([]byte{0x30, 0x80}, 1_000_000), "too long": {0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, "much too long": {0x30, 0x88, 1, 1, 1, 1, 1, 1, 1, 1},
		"high tag": {0x3f, 0x81, 0x00, 0x00}, "open text": {0x04, 0x80, 0, 0}, "zeros": make([]byte, 1000),
	} {
		if _, kind := signed(b); kind != isOther {
			t.Errorf("%s is %d", name, kind)
		}
	}
	deep := []byte(inside)
	for range 600 {
		deep = append([]byte("Content-Type: application/pkcs7-mime\n\n"), block(ber(0x04, deep))...)
	}
	formattest.WantOutcome(t, Parse, "messages in messages", deep, budget.TooLarge)
}

func FuzzSigned(f *testing.F) {
	f.Add(block(ber(0x04, []byte(inside))))
	f.Add(endless(0x30, ber(0x06, oidSigned), endless(0xa0)))
	f.Fuzz(func(_ *testing.T, b []byte) { signed(b) })
}
