package ooxml

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/partition/budget"
)

// Tags reads a part tag by tag without making anything of it, for parts of millions of tags such as worksheets. What it
// gives is valid until the next call.
type Tags struct {
	Name  []byte // of a tag, without its prefix
	attrs []byte // of a start tag, as written
	text  []byte // as written

	r      io.ReadCloser
	src    io.Reader
	buf    []byte
	pos    int
	eof    bool
	closed bool // the tag that was given closes itself: its end comes next
	raw    bool // text is CDATA
	ctx    context.Context
	budget *budget.Budget
	part   string
	limit  int
}

// TagKind is what Next found.
type TagKind int

const (
	TagEnd TagKind = iota
	TagStart
	TagText
)

// Tags opens a part; fs.ErrNotExist when there is no such part. Close it.
func (p *Package) Tags(ctx context.Context, part string) (*Tags, error) {
	r, err := p.open(part)
	if err != nil {
		return nil, err
	}
	return &Tags{r: r, src: unicoded(r), buf: make([]byte, 0, 64<<10), ctx: ctx, budget: p.budget, part: part, limit: p.limits.token}, nil
}

// Close closes the part.
func (t *Tags) Close() error { return t.r.Close() }

// fill reads more behind what is in the buffer; the piece that is being read stays.
func (t *Tags) fill() error {
	if t.eof {
		return io.ErrUnexpectedEOF
	}
	if t.pos > 0 {
		t.buf = t.buf[:copy(t.buf, t.buf[t.pos:])]
		t.pos = 0
	}
	if len(t.buf) > t.limit {
		return budget.Errorf(budget.TooLarge, "the file has a piece of XML of more than %d bytes", t.limit)
	}
	if len(t.buf) == cap(t.buf) {
		t.buf = append(t.buf, 0)[:len(t.buf)]
	}
	n, err := t.src.Read(t.buf[len(t.buf):cap(t.buf)])
	t.buf = t.buf[:len(t.buf)+n]
	if errors.Is(err, io.EOF) {
		t.eof = true
		return nil
	}
	return err
}

// until gives the number of bytes up to the end of a mark, from an offset on, reading what is needed.
func (t *Tags) until(mark string, from int) (int, error) {
	for {
		if rest := t.buf[t.pos:]; from < len(rest) {
			if i := bytes.Index(rest[from:], []byte(mark)); i >= 0 {
				return from + i + len(mark), nil
			}
			from = max(from, len(rest)-len(mark)+1)
		}
		if err := t.fill(); err != nil {
			return 0, err
		}
	}
}

// Next gives the next start tag, end tag or text. A tag that closes itself is a start and an end. io.EOF is the end of the
// part; other errors are those of the budget, the context or the container, or say that the part is damaged.
func (t *Tags) Next() (TagKind, error) {
	kind, err := t.next()
	if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return kind, err
	}
	return 0, t.Damaged(err)
}

// Damaged keeps the errors of the budget, the context and the container, and makes of others one that names the part.
func (t *Tags) Damaged(err error) error {
	return (&scanner{ctx: t.ctx, part: t.part}).damaged(err)
}

func (t *Tags) next() (TagKind, error) {
	if t.closed {
		t.closed = false
		return TagEnd, nil
	}
	for {
		if err := t.budget.Tick(t.ctx); err != nil {
			return 0, err
		}
		for t.pos == len(t.buf) {
			if t.eof {
				return 0, io.EOF
			}
			if err := t.fill(); err != nil {
				return 0, err
			}
		}
		if t.buf[t.pos] != '<' {
			n, err := t.until("<", 0)
			switch {
			case err == nil:
				n--
			case t.eof && errors.Is(err, io.ErrUnexpectedEOF):
				n = len(t.buf) - t.pos
			default:
				return 0, err
			}
			t.text, t.raw = t.buf[t.pos:t.pos+n], false
			t.pos += n
			return TagText, nil
		}
		for len(t.buf)-t.pos < len("<![CDATA[") && !t.eof {
			if err := t.fill(); err != nil {
				return 0, err
			}
		}
		rest := t.buf[t.pos:]
		if len(rest) > 1 && rest[1] != '?' && rest[1] != '!' {
			return t.tag()
		}
		mark, from := "", 0
		switch {
		case bytes.HasPrefix(rest, []byte("<?")):
			mark = "?>"
		case bytes.HasPrefix(rest, []byte("<!--")):
			mark, from = "-->", len("<!--")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			n, err := t.until("]]>", len("<![CDATA["))
			if err != nil {
				return 0, err
			}
			t.text, t.raw = t.buf[t.pos+len("<![CDATA["):t.pos+n-len("]]>")], true
			t.pos += n
			return TagText, nil
		case bytes.HasPrefix(rest, []byte("<!")):
			if err := t.declaration(); err != nil {
				return 0, err
			}
			continue
		}
		if mark != "" {
			n, err := t.until(mark, from)
			if err != nil {
				return 0, err
			}
			t.pos += n
			continue
		}
		return t.tag()
	}
}

// declaration passes over a document type, whose own declarations stand in brackets.
func (t *Tags) declaration() error {
	depth, quote := 0, byte(0)
	for i := 0; ; i++ {
		for t.pos+i == len(t.buf) {
			if err := t.fill(); err != nil {
				return err
			}
		}
		switch c := t.buf[t.pos+i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			depth++
		case c == '>':
			if depth--; depth == 0 {
				t.pos += i + 1
				return nil
			}
		}
	}
}

// length is the number of bytes of the tag at the start of the buffer, without its last. Angles may stand in quotes.
func (t *Tags) length() (int, error) {
	rest := t.buf[t.pos:]
	if n := bytes.IndexByte(rest, '>'); n >= 0 && bytes.IndexByte(rest[:n], '\'') < 0 && bytes.Count(rest[:n], []byte{'"'})%2 == 0 {
		return n, nil
	}
	quote := byte(0)
	for n := 1; ; n++ {
		for t.pos+n == len(t.buf) {
			if err := t.fill(); err != nil {
				return 0, err
			}
		}
		c := t.buf[t.pos+n]
		if quote != 0 {
			if c == quote {
				quote = 0
			}
			continue
		}
		switch c {
		case '"', '\'':
			quote = c
		case '>':
			return n, nil
		}
	}
}

// tag reads a start or end tag.
func (t *Tags) tag() (TagKind, error) {
	n, err := t.length()
	if err != nil {
		return 0, err
	}
	inner := t.buf[t.pos+1 : t.pos+n]
	t.pos += n + 1
	kind := TagStart
	if len(inner) > 0 && inner[0] == '/' {
		kind, inner = TagEnd, inner[1:]
	} else if len(inner) > 0 && inner[len(inner)-1] == '/' {
		t.closed, inner = true, inner[:len(inner)-1]
	}
	begin, end := 0, 0
	for ; end < len(inner); end++ {
		c := inner[end]
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			break
		}
		if c == ':' && begin == 0 {
			begin = end + 1
		}
	}
	t.Name, t.attrs = inner[begin:end], inner[end:]
	if len(t.Name) == 0 {
		return 0, errors.New("a tag has no name")
	}
	return kind, nil
}

// Attr gives an attribute of the start tag by its local name, as written; nil when it is absent.
func (t *Tags) Attr(name string) []byte {
	rest := t.attrs
	for {
		equals := bytes.IndexByte(rest, '=')
		if equals < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:equals])
		rest = bytes.TrimLeft(rest[equals+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(key) == name || len(key) > len(name) && key[len(key)-len(name)-1] == ':' && string(key[len(key)-len(name):]) == name {
			return rest[1 : 1+end]
		}
		rest = rest[end+2:]
	}
}

// Raw is the text as written. Plain numbers need no more.
func (t *Tags) Raw() []byte { return t.text }

// AppendText adds the text with its references resolved. Those of a document's own making stay as they are written.
func (t *Tags) AppendText(to []byte) []byte {
	b := t.text
	if t.raw || bytes.IndexByte(b, '&') < 0 && bytes.IndexByte(b, '\r') < 0 {
		return append(to, b...)
	}
	for len(b) > 0 {
		i := bytes.IndexAny(b, "&\r")
		if i < 0 {
			break
		}
		to = append(to, b[:i]...)
		if b = b[i:]; b[0] == '\r' { // a line end is one line feed
			b = bytes.TrimPrefix(b[1:], []byte("\n"))
			to = append(to, '\n')
			continue
		}
		end := bytes.IndexByte(b[:min(len(b), 16)], ';')
		r, ok := rune(0), false
		if end > 0 {
			r, ok = character(string(b[1:end]))
		}
		if !ok {
			to, b = append(to, '&'), b[1:]
			continue
		}
		to, b = utf8.AppendRune(to, r), b[end+1:]
	}
	return append(to, b...)
}

// character resolves one of the references that every XML has.
func character(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	v, err := strconv.ParseUint(digits, base, 32)
	return rune(v), err == nil && v > 0 && utf8.ValidRune(rune(v))
}

// Skip reads to the end of the element whose start was given.
func (t *Tags) Skip() error {
	for depth := 1; depth > 0; {
		kind, err := t.Next()
		if errors.Is(err, io.EOF) {
			return t.Damaged(io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		switch kind {
		case TagStart:
			if depth++; depth > 0 {
				if err := t.budget.Depth(depth); err != nil {
					return err
				}
			}
		case TagEnd:
			depth--
		}
	}
	return nil
}
