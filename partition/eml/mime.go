package eml

import (
	"bytes"
	"context"
	"encoding/base64"
	"mime"
	"strings"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/mail"
)

// part is a node of a message: a body, or parts.
type part struct {
	header      mail.Header
	media       string            // lower case, text/plain when unknown
	params      map[string]string // of the media type
	disposition string            // attachment, inline or ""
	filename    string            // declared, decoded
	body        string            // as it was sent
	parts       []*part
}

// maxParts bounds the parts of one message.
const maxParts = 100_000

// tree reads a message as a tree of parts. It takes what mail programs send in earnest: missing end lines, boundaries
// that never come, headers that are none.
func tree(ctx context.Context, s string, depth int, count *int, b *budget.Budget) (*part, error) {
	if err := b.Tick(ctx); err != nil {
		return nil, err
	}
	if err := b.Depth(depth); err != nil {
		return nil, err
	}
	if *count++; *count > maxParts {
		return nil, budget.Errorf(budget.TooLarge, "the message has more than %d parts", maxParts)
	}
	p := &part{}
	p.header, p.body = mail.Split(s)
	p.describe()
	if !strings.HasPrefix(p.media, "multipart/") || p.params["boundary"] == "" {
		return p, nil
	}
	for _, piece := range pieces(p.body, p.params["boundary"]) {
		child, err := tree(ctx, piece, depth+1, count, b)
		if err != nil {
			return nil, err
		}
		p.parts = append(p.parts, child)
	}
	return p, nil
}

// describe reads the fields that say what a part is.
func (p *part) describe() {
	kind := p.header.Get("content-type")
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		media, _, _ = strings.Cut(kind, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		params = map[string]string{}
		if _, rest, ok := strings.Cut(kind, "boundary="); ok {
			rest, _, _ = strings.Cut(rest, ";")
			params["boundary"] = strings.Trim(strings.TrimSpace(rest), `"`)
		}
	}
	if !strings.Contains(media, "/") {
		media = "text/plain"
	}
	p.media, p.params = media, params
	disposition, more, _ := mime.ParseMediaType(p.header.Get("content-disposition"))
	p.disposition = disposition
	p.filename = more["filename"]
	if p.filename == "" {
		p.filename = params["name"]
	}
	p.filename = mail.Words(p.filename)
}

// pieces cuts a body at the lines that begin with its boundary.
func pieces(body, boundary string) []string {
	mark := "--" + boundary
	var out []string
	start := -1
	for at := 0; at < len(body); {
		end := strings.IndexByte(body[at:], '\n')
		next := len(body)
		if end >= 0 {
			next = at + end + 1
		}
		line := strings.TrimRight(body[at:next], " \t\r\n")
		if strings.HasPrefix(line, mark) && (line == mark || line == mark+"--") {
			if start >= 0 {
				out = append(out, strings.TrimSuffix(strings.TrimSuffix(body[start:at], "\n"), "\r"))
			}
			start = next
			if line == mark+"--" {
				return out
			}
		}
		at = next
	}
	if start >= 0 && start < len(body) {
		out = append(out, body[start:])
	}
	return out
}

// bytes undoes the transfer encoding, as far as it can be undone.
func (p *part) bytes() []byte {
	switch strings.ToLower(strings.TrimSpace(p.header.Get("content-transfer-encoding"))) {
	case "base64":
		return fromBase64(p.body)
	case "quoted-printable":
		return fromQuoted(p.body)
	}
	return []byte(p.body)
}

// text is the body of a text part as UTF-8.
func (p *part) text() string {
	b := p.bytes()
	if name := p.params["charset"]; name != "" && charset.Known(name) {
		if s, err := charset.Decode(b, name); err == nil {
			return s
		}
	}
	s, err := charset.Decode(b, "")
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return s
}

func fromBase64(s string) []byte {
	clean := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			clean = append(clean, c)
		}
	}
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, _ := base64.RawStdEncoding.Decode(out, clean)
	return out[:n]
}

// fromQuoted decodes =XX and soft line ends; what is no escape stays as it is.
func fromQuoted(s string) []byte {
	var out bytes.Buffer
	out.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '=' {
			out.WriteByte(s[i])
			continue
		}
		rest := s[i+1:]
		switch {
		case strings.HasPrefix(rest, "\r\n"):
			i += 2
		case strings.HasPrefix(rest, "\n"):
			i++
		case len(rest) >= 2 && hex(rest[0]) >= 0 && hex(rest[1]) >= 0:
			out.WriteByte(byte(hex(rest[0])<<4 | hex(rest[1])))
			i += 2
		default:
			out.WriteByte('=')
		}
	}
	return out.Bytes()
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
