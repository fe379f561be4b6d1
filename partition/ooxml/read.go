package ooxml

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"

	"github.com/sluicehq/sluice/partition/budget"
)

// limits bound what stands in memory at a time.
type limits struct {
	token int   // bytes of one tag, comment or piece of text
	block int64 // bytes of XML of one tree
	nodes int   // elements and attributes of one tree
}

var usual = limits{token: 16 << 20, block: 256 << 20, nodes: 16_000_000}

// Each reads a part and calls fn with each element that stands directly inside the element at a path from the root, one
// after the other; memory holds one of them at a time. fs.ErrNotExist when there is no such part.
func (p *Package) Each(ctx context.Context, part string, at []string, fn func(*Node) error) error {
	return p.EachIn(ctx, part, at, nil, fn)
}

// EachIn is Each that also tells of the elements at the path itself: enter, unless nil, is called with the start tag of each
// one before what stands in it.
func (p *Package) EachIn(ctx context.Context, part string, at []string, enter, fn func(*Node) error) error {
	r, err := p.open(part)
	if err != nil {
		return err
	}
	defer r.Close()
	s := p.scan(ctx, part, r)
	depth := 0
	for {
		token, err := s.next()
		if errors.Is(err, io.EOF) && depth == 0 {
			return nil
		}
		if err != nil {
			return s.damaged(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch {
			case depth < len(at) && t.Name.Local == at[depth]:
				if depth++; depth == len(at) && enter != nil {
					if err := enter(&Node{Name: t.Name.Local, Attrs: t.Attr}); err != nil {
						return err
					}
				}
			case depth == len(at):
				n, err := s.tree(t, p.Mixed)
				if err != nil {
					return err
				}
				if err := fn(n); err != nil {
					return err
				}
			default:
				if err := s.skip(); err != nil {
					return err
				}
			}
		case xml.EndElement:
			if depth--; depth < 0 {
				return s.damaged(errUnopened)
			}
		}
	}
}

var errUnopened = errors.New("an end tag closes nothing")

// scanner gives the tokens of a part. Names keep their prefixes, entities that a document type declares stay unknown,
// nothing outside the part is read.
type scanner struct {
	*xml.Decoder
	ctx    context.Context
	part   string
	limits limits
	budget *budget.Budget
	meter  *meter
}

func (p *Package) scan(ctx context.Context, part string, r io.Reader) *scanner {
	m := &meter{r: unicoded(r), limit: p.limits.token}
	d := xml.NewDecoder(m)
	d.Strict = false // office programs write what is not quite XML
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	return &scanner{d, ctx, part, p.limits, p.budget, m}
}

// unicoded turns UTF-16, the other encoding that OOXML allows (ECMA-376 part 2), into UTF-8.
func unicoded(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(2); bytes.Equal(mark, []byte("\xff\xfe")) || bytes.Equal(mark, []byte("\xfe\xff")) {
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(b)
	}
	return b
}

// meter ends a token that is too long: the decoder gathers it whole before anyone can look at it.
type meter struct {
	r        io.Reader
	n, limit int
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if m.n += n; m.n > m.limit {
		return 0, budget.Errorf(budget.TooLarge, "the file has a piece of XML of more than %d bytes", m.limit)
	}
	return n, err
}

func (s *scanner) next() (xml.Token, error) {
	if err := s.budget.Tick(s.ctx); err != nil {
		return nil, err
	}
	s.meter.n = 0
	return s.RawToken()
}

// open is an element whose end was not read yet.
type open struct {
	*Node
	text []byte // once it came in pieces
}

// tree builds the tree of an element whose start tag was read.
func (s *scanner) tree(start xml.StartElement, mixed bool) (*Node, error) {
	root := &Node{Name: start.Name.Local, Attrs: start.Attr}
	stack := []open{{Node: root}}
	begin, nodes := s.InputOffset(), 1+len(start.Attr)
	for len(stack) > 0 {
		token, err := s.next()
		if err != nil {
			return nil, s.damaged(err)
		}
		if nodes > s.limits.nodes || s.InputOffset()-begin > s.limits.block {
			return nil, budget.Errorf(budget.TooLarge, "the part %s of the file has a table or paragraph that is too large to be read; divide it", s.part)
		}
		top := &stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if err := s.budget.Depth(len(stack)); err != nil {
				return nil, err
			}
			n := &Node{Name: t.Name.Local, Attrs: t.Attr}
			nodes += 1 + len(t.Attr)
			top.Children = append(top.Children, n)
			stack = append(stack, open{Node: n})
		case xml.EndElement:
			if top.text != nil {
				top.Text = string(top.text)
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			switch {
			case mixed:
				nodes++
				top.Children = append(top.Children, &Node{Text: string(t)})
			case len(top.Children) > 0 && strings.TrimSpace(string(t)) == "":
			case top.text != nil:
				top.text = append(top.text, t...)
			case top.Text != "":
				top.text = append([]byte(top.Text), t...)
			default:
				top.Text = string(t)
			}
		}
	}
	return root, nil
}

// skip reads to the end of the element whose start tag was read.
func (s *scanner) skip() error {
	for depth := 1; depth > 0; {
		token, err := s.next()
		if err != nil {
			return s.damaged(err)
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	return nil
}

// damaged keeps the errors of the budget, the context and the container, and names the part in those of the XML.
func (s *scanner) damaged(err error) error {
	var known *budget.Error
	if errors.As(err, &known) || s.ctx.Err() != nil {
		return err
	}
	e := budget.Errorf(budget.Corrupt, "the part %s of the file is not valid XML; open the file in its program and save it again", s.part)
	e.Err = err
	return e
}
