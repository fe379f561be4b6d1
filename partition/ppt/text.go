package ppt

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/sluicehq/sluice/partition/slide"
)

// Kinds of texts, which tell the style that they inherit.
const (
	textTitle       = 0
	textBody        = 1
	textNotes       = 2
	textCenterBody  = 5
	textCenterTitle = 6
	textHalfBody    = 7
	textQuarterBody = 8
)

// body is a text with what stands beside it.
type body struct {
	chars  data
	wide   bool
	styles data
	marks  []mark
}

// mark is a place of the text that a program fills in.
type mark struct{ at, kind int }

func isMark(kind int) bool {
	switch kind {
	case recSlideNumber, recDateTime, recGenericDate, recHeaderText, recFooterText, recRTFDate:
		return true
	}
	return false
}

func (t *body) units() []uint16 {
	if !t.wide {
		out := make([]uint16, len(t.chars))
		for i, c := range t.chars {
			out[i] = uint16(c)
		}
		return out
	}
	out := make([]uint16, len(t.chars)/2)
	for i := range out {
		out[i] = uint16(t.chars.u16(2 * i))
	}
	return out
}

// paragraphs cuts a text at its ends of paragraphs and reads their levels and bullets.
func (t *body) paragraphs(kind int, m *master, page int) []slide.Paragraph {
	units := t.units()
	filled := map[int]string{}
	for _, k := range t.marks {
		filled[k.at] = ""
		if k.kind == recSlideNumber {
			filled[k.at] = strconv.Itoa(page)
		}
	}
	runs := t.runs(len(units) + 1)
	var out []slide.Paragraph
	run, used := 0, 0 // the run at hand, and how many of its characters were passed
	start := 0
	for start <= len(units) {
		end := start
		for end < len(units) && units[end] != '\r' {
			end++
		}
		p := slide.Paragraph{Text: words(units[start:end], start, filled)}
		bullet := mark{kind: -1}
		if run < len(runs) {
			p.Level = min(runs[run].level, slide.MaxLevel)
			bullet.kind = runs[run].bullet
		}
		p.Bullet = bullet.kind == 1 || bullet.kind < 0 && m.bullet(kind, p.Level)
		out = append(out, p)
		used += end - start + 1
		for run < len(runs) && used >= runs[run].count {
			used -= runs[run].count
			run++
		}
		start = end + 1
	}
	if n := len(out); n > 1 && out[n-1].Text == "" { // behind the last end
		out = out[:n-1]
	}
	return out
}

// words decodes characters; what a program fills in takes the place of its mark.
func words(units []uint16, start int, filled map[int]string) string {
	var s strings.Builder
	from := 0
	add := func(to int) {
		for _, c := range utf16.Decode(units[from:to]) {
			switch {
			case c == '\v': // a line break
				s.WriteByte('\n')
			case c >= ' ', c == '\t':
				s.WriteRune(c)
			}
		}
	}
	if len(filled) > 0 {
		for i := range units {
			if text, ok := filled[start+i]; ok {
				add(i)
				s.WriteString(text)
				from = i + 1
			}
		}
	}
	add(len(units))
	return s.String()
}

// paragraphRun is what holds for some characters: bullet is 1, 0, or -1 to inherit it.
type paragraphRun struct{ count, level, bullet int }

// runs reads the properties of the paragraphs of n characters.
func (t *body) runs(n int) []paragraphRun {
	var out []paragraphRun
	b := t.styles
	for n > 0 && len(b) >= 10 {
		count := b.u32(0)
		if count <= 0 {
			return out
		}
		bullet, size := paragraphProperties(b[6:])
		out = append(out, paragraphRun{count, b.u16(4), bullet})
		n -= count
		if 6+size > len(b) {
			return out
		}
		b = b[6+size:]
	}
	return out
}

// paragraphProperties reads whether a paragraph has a bullet (1, 0, or -1 when nothing is said) and how many bytes its
// properties take (MS-PPT 2.9.20, TextPFException).
func paragraphProperties(b data) (bullet, size int) {
	mask := b.u32(0)
	bullet, size = -1, 4
	if mask&0xf != 0 {
		if mask&1 != 0 {
			bullet = b.u16(size) & 1
		}
		size += 2
	}
	for _, field := range []struct{ bit, size int }{
		{7, 2}, {4, 2}, {6, 2}, {5, 4}, {11, 2}, {12, 2}, {13, 2}, {14, 2}, {8, 2}, {10, 2}, {15, 2},
	} {
		if mask>>field.bit&1 != 0 {
			size += field.size
		}
	}
	if mask>>20&1 != 0 { // tab stops
		size += 2 + 4*b.u16(size)
	}
	if mask>>16&1 != 0 {
		size += 2
	}
	if mask>>17&7 != 0 {
		size += 2
	}
	if mask>>21&1 != 0 {
		size += 2
	}
	return bullet, size
}

// characterProperties gives how many bytes the properties of characters take (TextCFException).
func characterProperties(b data) int {
	mask, size := b.u32(0), 4
	if mask&0x3eb7 != 0 {
		size += 2
	}
	for _, field := range []struct{ bit, size int }{{16, 2}, {21, 2}, {22, 2}, {23, 2}, {17, 2}, {18, 4}, {19, 2}} {
		if mask>>field.bit&1 != 0 {
			size += field.size
		}
	}
	return size
}

// levels is how many levels of indentation have styles.
const levels = 5

// master holds which levels of which texts have bullets.
type master struct {
	bullets map[int][levels]int // by kind of text: 1, 0, or -1 to inherit
	behind  *master
	places  map[int]frame // where placeholders stand
}

// master reads a master, once.
func (r *reader) master(id int, general *master) (*master, error) {
	if m, ok := r.masters[id]; ok {
		return m, nil
	}
	m := &master{behind: general}
	one, err := r.object(id)
	if err != nil {
		return nil, err
	}
	if one.kind == recMainMaster {
		if err := m.read(r, one.data); err != nil {
			return nil, err
		}
		p := &page{reader: r, master: m, places: map[int]frame{}}
		err := r.each(one.data, func(c record) error {
			if c.kind != recDrawing {
				return nil
			}
			_, err := p.shapes(c.data)
			return err
		})
		if err != nil {
			return nil, err
		}
		m.places = p.places
	}
	r.masters[id] = m
	return m, nil
}

// read reads the styles of texts that stand in a master or in the document's environment.
func (m *master) read(r *reader, b data) error {
	m.bullets = map[int][levels]int{}
	return r.each(b, func(c record) error {
		if c.kind != recMasterStyle {
			return nil
		}
		all := [levels]int{-1, -1, -1, -1, -1}
		d := c.data
		n := d.u16(0)
		d = d[min(2, len(d)):]
		for i := range min(n, levels) {
			if c.instance >= textCenterBody { // the level is written before each
				d = d[min(2, len(d)):]
			}
			if len(d) < 4 {
				break
			}
			bullet, size := paragraphProperties(d)
			all[i] = bullet
			d = d[min(size, len(d)):]
			d = d[min(characterProperties(d), len(d)):]
		}
		m.bullets[c.instance] = all
		return nil
	})
}

// bullet tells whether paragraphs of a kind and level have one unless they say otherwise.
func (m *master) bullet(kind, level int) bool {
	kinds := []int{kind}
	switch kind {
	case textCenterBody, textHalfBody, textQuarterBody:
		kinds = append(kinds, textBody)
	case textCenterTitle:
		kinds = append(kinds, textTitle)
	}
	for at := m; at != nil; at = at.behind {
		for _, k := range kinds {
			all, ok := at.bullets[k]
			if !ok {
				continue
			}
			for i := min(level, levels-1); i >= 0; i-- {
				if all[i] >= 0 {
					return all[i] == 1
				}
			}
		}
	}
	return false
}
