package mail

import (
	"io"
	"mime"
	"net/mail"
	"strings"

	"github.com/sluicehq/sluice/partition/charset"
)

// Header holds the fields by lower-case name, unfolded, in their order.
type Header map[string][]string

// Get is the first field of a name in lower case, "" when there is none.
func (h Header) Get(name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Split takes the header off. A text that does not begin with a field has none.
func Split(s string) (Header, string) {
	h := Header{}
	name := ""
	var folded strings.Builder // the rest of the field at hand
	unfold := func() {
		if folded.Len() > 0 {
			values := h[name]
			values[len(values)-1] += folded.String()
			folded.Reset()
		}
	}
	defer unfold()
	for s != "" {
		line, rest, _ := strings.Cut(s, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			return h, rest
		}
		if (line[0] == ' ' || line[0] == '\t') && name != "" { // it goes on
			folded.WriteByte(' ')
			folded.WriteString(strings.TrimLeft(line, " \t"))
			s = rest
			continue
		}
		field, value, ok := strings.Cut(line, ":")
		if !ok || field == "" || strings.ContainsFunc(field, noName) {
			return h, s // the empty line is missing
		}
		unfold()
		name = strings.ToLower(field)
		h[name] = append(h[name], strings.TrimSpace(value))
		s = rest
	}
	return h, ""
}

// noName tells characters that no field has in its name, though some of them might be there (RFC 5322, 2.2): a line of
// JSON or of a program is none.
func noName(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"'(){}[]<>\,;=`, r) }

var decoder = mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return nil, err
	}
	if !charset.Known(name) {
		name = ""
	}
	s, err := charset.Decode(b, name)
	if err != nil {
		return nil, err
	}
	return strings.NewReader(s), nil
}}

// Words decodes encoded words (RFC 2047) and what was sent as raw bytes.
func Words(s string) string {
	if decoded, err := decoder.DecodeHeader(s); err == nil {
		s = decoded
	}
	if fixed, err := charset.Decode([]byte(s), ""); err == nil {
		s = fixed
	}
	return strings.TrimSpace(s)
}

// Addresses lists the addresses of a field, as "Name <address>" or the bare address.
func Addresses(values []string) []string {
	var out []string
	for _, v := range values {
		parser := mail.AddressParser{WordDecoder: &decoder}
		list, err := parser.ParseList(v)
		if err != nil {
			for one := range strings.SplitSeq(Words(v), ",") {
				if one = strings.TrimSpace(one); one != "" {
					out = append(out, one)
				}
			}
			continue
		}
		for _, a := range list {
			if a.Name == "" {
				out = append(out, a.Address)
			} else {
				out = append(out, a.Name+" <"+a.Address+">")
			}
		}
	}
	return out
}

// Date is the field Date in UTC, "" when it cannot be read.
func Date(value string) string {
	t, err := mail.ParseDate(value)
	if err != nil {
		return ""
	}
	return Time(t)
}
