//go:build linux

package hostile

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
)

const mailHead = "From: A <a@harbour.example>\nTo: B <b@harbour.example>\nSubject: Gates\nMIME-Version: 1.0\n"

// TestMail has messages in messages, and messages that carry more than anybody sends.
func TestMail(t *testing.T) {
	t.Parallel()
	const deep, many = 10_000, 100_000
	check(t, []hostile{
		{name: "messages.eml", content: func() []byte {
			var b strings.Builder
			for i := range deep {
				fmt.Fprintf(&b, "%sContent-Type: multipart/mixed; boundary=b%d\n\n--b%d\n\n%s\n--b%d\nContent-Type: message/rfc822\n\n", mailHead, i, i, sentence, i)
			}
			return []byte(b.String() + mailHead + "\n" + sentence)
		}, want: budget.TooLarge},
		{name: "bare messages.eml", content: text(times(deep, mailHead+"Content-Type: message/rfc822\n\n"), mailHead, "\n", sentence), want: budget.TooLarge},
		{name: "parts.eml", content: func() []byte {
			var b strings.Builder
			b.WriteString(mailHead)
			for i := range deep {
				fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
			}
			return []byte(b.String() + "\n" + sentence)
		}, want: budget.TooLarge},
		{name: "the same boundary.eml", content: text(mailHead, times(deep, "Content-Type: multipart/mixed; boundary=b\n\n--b\n"), "\n", sentence), want: budget.OK},
		{name: "messages.msg", content: func() []byte {
			var root formattest.Storage
			message(&root, 32, sentence)
			s := &root
			for range deep {
				a := s.Inside("__attach_version1.0_#00000000")
				a.Put("__properties_version1.0", times(8, "\x00"))
				s = a.Inside("__substg1.0_3701000D")
				message(s, 24, sentence)
			}
			return root.Pack()
		}, want: budget.TooLarge},
		{name: "attachments.eml", content: text(mailHead, "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", sentence, "\n",
			times(many-2, "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nclosed\n"), "--b--\n"), want: budget.OK, text: sentence, memory: 450},
		{name: "more attachments.eml", content: text(mailHead, "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", sentence, "\n",
			times(many, "--b\nContent-Disposition: attachment\n\nx\n"), "--b--\n"), want: budget.TooLarge},
		{name: "attachments.msg", content: func() []byte {
			var root formattest.Storage
			message(&root, 32, sentence)
			for i := range many {
				attachment(&root, fmt.Sprintf("%08X", i), "a.txt", "closed")
			}
			return root.Pack()
		}, want: budget.OK, text: sentence, memory: 700},
		{name: "recipients.msg", content: func() []byte {
			var root formattest.Storage
			message(&root, 32, sentence)
			for i := range 20_000 {
				r := root.Inside(fmt.Sprintf("__recip_version1.0_#%08X", i))
				r.Put("__properties_version1.0", times(8, "\x00"))
				r.Put("__substg1.0_3003001F", wide("b@harbour.example"))
			}
			return root.Pack()
		}, want: budget.OK, text: sentence},
		{name: "rtf.msg", content: func() []byte { // compressed, 165 bytes for each byte
			var root formattest.Storage
			root.Put("__properties_version1.0", times(32, "\x00"))
			root.Put("__substg1.0_10090102", "\x00\x00\x00\x10\xff\xff\xff\x7fLZFu\x00\x00\x00\x00"+times(1<<20, "\xff\x0f\xff\x0f\xff\x0f\xff\x0f\xff\x0f\xff\x0f\xff\x0f\xff\x0f\xff"))
			return root.Pack()
		}, want: budget.Empty},
	})
}

// TestMailNames has attachments whose names lead out of the folder that somebody saves them to.
func TestMailNames(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	for sent, want := range map[string]string{
		"../../../../etc/passwd": "passwd", `..\..\Windows\x.txt`: "x.txt", "/etc/shadow": "shadow", `C:\x\y.txt`: "y.txt", "..": "unknown", "a/../..": "unknown", "../a.txt": "a.txt",
	} {
		var msg formattest.Storage
		message(&msg, 32, "Body")
		attachment(&msg, "00000000", sent, sentence)
		eml := mailHead + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nBody\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"" + strings.ReplaceAll(sent, `\`, `\\`) + "\"\n\n" + sentence + "\n--b--\n"
		for name, content := range map[string][]byte{"a.eml": []byte(eml), "a.msg": msg.Pack()} {
			r := parse(t, p, name, content, partition.Options{})
			if r.outcome != budget.OK || len(r.elements) != 2 {
				t.Errorf("%s, %s: %s, %d elements", name, sent, r.outcome, len(r.elements))
				continue
			}
			if m := r.elements[1].Metadata; m.Filename != want || m.AttachedToFilename != name || m.FileDirectory != "" {
				t.Errorf("%s, %s: %q in %q of %q, want %q", name, sent, m.Filename, m.FileDirectory, m.AttachedToFilename, want)
			}
		}
	}
}

// TestMessagesThatHoldThemselves has attachments that are the message which they stand in, twice at every level: a reader
// that follows them reads more messages than there are atoms.
func TestMessagesThatHoldThemselves(t *testing.T) {
	t.Parallel()
	var root formattest.Storage
	message(&root, 32, sentence)
	for i := range 2 {
		a := root.Inside(fmt.Sprintf("__attach_version1.0_#%08X", i))
		a.Put("__properties_version1.0", times(8, "\x00"))
		message(a.Inside("__substg1.0_3701000D"), 24, sentence)
	}
	b := root.Pack()
	check(t, []hostile{{name: "itself.msg", content: of(tangle(b)), want: budget.TooLarge}})
}

// tangle makes every storage of an attached message hold what the root holds.
func tangle(b []byte) []byte {
	le := binary.LittleEndian
	directory := (int(le.Uint32(b[48:])) + 1) * 512 // its sectors stand one behind the other
	top := le.Uint32(b[directory+76:])
	for at := directory; at+128 <= len(b) && b[at+66] != 0; at += 128 {
		if strings.HasPrefix(string(b[at:at+64]), wide("__substg1.0_3701000D")) {
			le.PutUint32(b[at+76:], top)
		}
	}
	return b
}
