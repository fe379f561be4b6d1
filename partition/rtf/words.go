package rtf

import (
	"strings"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/charset"
)

// sign is a control symbol.
func (r *reader) sign(c byte) {
	if c == '*' {
		r.starred = true
		return
	}
	if r.skip > 0 && c != '\n' && c != '\r' {
		r.skip--
		return
	}
	switch c {
	case '\\', '{', '}':
		r.text(string(c))
	case '~':
		r.text("\u00a0")
	case '_':
		r.text("\u2011")
	case '\n', '\r':
		r.endParagraph()
	}
}

// characters are the words that stand for one.
var characters = map[string]string{
	"tab": "\t", "emdash": "\u2014", "endash": "\u2013", "emspace": "\u2003", "enspace": "\u2002", "qmspace": "\u2005",
	"bullet": "\u2022", "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d", "zwj": "\u200d",
	"zwnj": "\u200c", "ltrmark": "\u200e", "rtlmark": "\u200f", "softline": " ", "nestcell": " ",
}

// unread are groups whose content is no text of the document. All that begin with \* and are not known are unread too.
var unread = map[string]bool{
	"colortbl": true, "info": true, "pict": true, "filetbl": true, "revtbl": true, "listtable": true,
	"listoverridetable": true, "nonshppict": true, "shprslt": true, "nonesttables": true, "xe": true, "tc": true, "rxe": true,
	"txe": true, "themedata": true, "colorschememapping": true, "latentstyles": true, "datastore": true, "generator": true,
	"rsidtbl": true, "xmlnstbl": true, "bkmkstart": true, "bkmkend": true, "annotation": true, "atnid": true, "atnauthor": true,
	"atnref": true, "atntime": true, "fldtype": true, "ftnsep": true, "ftnsepc": true, "aftnsep": true, "aftnsepc": true,
	"objclass": true, "objname": true, "objdata": true, "private": true, "sp": true, "listname": true, "panose": true,
	"falt": true, "listpicture": true, "mmathPict": true, "ffname": true, "pgdsctbl": true,
}

// word is a control word.
func (r *reader) word(t token) {
	if r.skip > 0 { // a word is no character
		r.skip = 0
	}
	starred := r.starred
	r.starred = false
	if r.place == skipped {
		return
	}
	if starred {
		if !r.open(t) {
			r.place = skipped
		}
		return
	}
	if s, ok := characters[t.name]; ok {
		r.text(s)
		return
	}
	if unread[t.name] {
		r.place = skipped
		return
	}
	switch r.place {
	case fonts:
		r.fontWord(t)
		return
	case styles:
		r.styleWord(t)
		return
	case object:
		if t.name == "result" {
			r.place = body
		}
		return
	}
	on := !t.given || t.number != 0
	switch t.name {
	case "u":
		r.char(rune(t.number))
		r.skip = r.fallout
	case "uc":
		r.fallout = min(max(t.number, 0), 100)
	case "par", "page", "column":
		r.endParagraph()
	case "sect":
		r.endParagraph()
		if r.place == body && r.story == r.main {
			r.endSection()
		}
	case "line":
		if r.place == body && !r.hidden {
			r.story.cur.WriteString("<br/>")
		}
	case "cell":
		if r.place == body {
			r.story.endCell()
		}
	case "row":
		if r.place == body {
			r.story.endRow()
		}
	case "pard":
		r.par = paragraph{outline: -1}
	case "intbl":
		r.par.inTable = on
	case "s":
		r.par.style = t.number
	case "outlinelevel":
		r.par.outline = outline(t.number)
	case "ls":
		r.par.list = t.number > 0
	case "ilvl":
		r.par.depth = t.number
	case "plain":
		r.look, r.hidden = look{link: r.look.link}, false
	case "b":
		r.look.bold = on
	case "i":
		r.look.italic = on
	case "strike":
		r.look.strike = on
	case "super":
		r.look.super, r.look.sub = on, false
	case "sub":
		r.look.super, r.look.sub = false, on
	case "nosupersub":
		r.look.super, r.look.sub = false, false
	case "v", "deleted":
		r.hidden = on
	case "f":
		r.font = t.number
	case "ansicpg":
		if p := charset.CodePage(t.number); p != nil {
			r.page = p
		}
	case "mac":
		r.page = charset.CodePage(10000)
	case "pc":
		r.page = charset.CodePage(437)
	case "pca":
		r.page = charset.CodePage(850)
	default:
		r.open(t)
	}
}

// open reads the words that say what a group is; false for those that it does not know.
func (r *reader) open(t token) bool {
	switch t.name {
	case "fonttbl":
		r.place = fonts
	case "stylesheet":
		r.place = styles
	case "object":
		r.place = object
	case "upr":
		r.place = variants
	case "ud":
		r.place = body
	case "shppict", "shpinst", "do": // hold what is known
	case "shptxt", "dptxbxtext": // a text box stands in the middle of a paragraph
		if outer := r.story; r.place == body {
			r.inside(func(html string) { outer.out.WriteString(html) })
		}
	case "field":
		r.field = &field{}
	case "fldinst":
		r.place = instruction
	case "fldrslt":
		if r.field != nil {
			r.field.address = address(r.field.words.String())
			r.look.link = r.field
		}
	case "listtext", "pntext", "pn":
		if r.place == body {
			r.story.item = true
		}
		r.place = skipped
	case "footnote":
		if r.place == body {
			r.note()
		}
	case "header", "headerr", "headerl", "headerf":
		r.margin(element.Header, pages(t.name))
	case "footer", "footerr", "footerl", "footerf":
		r.margin(element.Footer, pages(t.name))
	default:
		return false
	}
	return true
}

// pages are those that a header or footer stands on.
func pages(word string) string {
	switch word[len(word)-1] {
	case 'l':
		return "even_page"
	case 'f':
		return "first_page"
	}
	return "primary" // the word headerr ends as header does
}

// outline makes a heading level of \outlinelevel, where 9 is text.
func outline(n int) int {
	if n < 0 || n > 8 {
		return 0
	}
	return n + 1
}

const maxDeclared = 100_000 // fonts, and styles

func (r *reader) fontWord(t token) {
	switch t.name {
	case "f":
		r.font = t.number
		if r.fonts[t.number] == nil && len(r.fonts) < maxDeclared {
			r.fonts[t.number] = &font{}
		}
	case "fmodern":
		if f := r.fonts[r.font]; f != nil {
			f.code = true
		}
	case "fcharset", "cpg":
		if f := r.fonts[r.font]; f != nil {
			if page := charset.OfFont(t.number); t.name == "fcharset" && page != nil {
				f.page = page
			}
			if page := charset.CodePage(t.number); t.name == "cpg" && page != nil {
				f.page = page
			}
		}
	case "u":
		r.char(rune(t.number))
		r.skip = r.fallout
	}
}

func (r *reader) styleWord(t token) {
	switch t.name {
	case "s":
		r.styled = &style{base: -1}
		if len(r.styles) < maxDeclared {
			r.styles[t.number] = r.styled
		}
	case "cs", "ds", "ts":
		r.styled = nil
	case "outlinelevel":
		if r.styled != nil {
			r.styled.outline = outline(t.number)
		}
	case "sbasedon":
		if r.styled != nil {
			r.styled.base = t.number
		}
	case "u":
		r.char(rune(t.number))
		r.skip = r.fallout
	}
}

// address reads where a field leads: HYPERLINK "address" \l "place". Fields of other kinds lead nowhere.
func address(instruction string) string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(instruction), "HYPERLINK")
	if !ok {
		return ""
	}
	url, place := "", ""
	into := &url
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		var part string
		switch {
		case strings.HasPrefix(rest, `\l`):
			into, rest = &place, rest[2:]
			continue
		case strings.HasPrefix(rest, `\`): // other switches; \o and \t have a text
			after, _, _ := strings.Cut(rest[1:], " ")
			into, rest = new(string), rest[1+len(after):]
			continue
		case rest[0] == '"':
			part, rest, _ = strings.Cut(rest[1:], `"`)
		default:
			part, rest, _ = strings.Cut(rest, " ")
		}
		if *into == "" {
			*into = part
		}
		into = &url
	}
	if place != "" {
		return url + "#" + place
	}
	return url
}
