package speech

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tokens cuts s into words and marks as the reference's English model has them: at white space, then marks off both ends
// of a piece, then at hyphens, slashes and the like between letters. Contractions are two words: do and n't.
func Tokens(s string) []string {
	out := make([]string, 0, len(s)/5+1)
	for _, piece := range strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }) {
		out = cut(out, piece)
	}
	return out
}

// cut appends the tokens of a piece without white space.
func cut(out []string, s string) []string {
	var tail [8]string // marks taken off the end, the last one first
	n := 0
	for s != "" && n < len(tail) {
		if whole(s) {
			break
		}
		if i := contraction(s); i > 0 {
			tail[n] = s[i:]
			n++
			s = s[:i]
			continue
		}
		if i := prefix(s); i > 0 && i < len(s) {
			out = append(out, s[:i])
			s = s[i:]
			continue
		}
		i := suffix(s)
		if i <= 0 {
			break
		}
		tail[n] = s[i:]
		n++
		s = s[:i]
	}
	if s != "" {
		if whole(s) || isAddress(s) {
			out = append(out, s)
		} else {
			out = infixes(out, s)
		}
	}
	for n > 0 {
		n--
		out = append(out, tail[n])
	}
	return out
}

// whole tells whether s is an abbreviation that keeps its dot.
func whole(s string) bool {
	if s[len(s)-1] != '.' || len(s) > 6 {
		return false
	}
	switch s {
	case "Mr.", "Mrs.", "Ms.", "Dr.", "Prof.", "Gen.", "Rep.", "Sen.", "Gov.", "Rev.", "St.", "Mt.", "Jr.", "Inc.", "Co.", "Corp.", "Ltd.",
		"Bros.", "vs.", "v.s.", "e.g.", "i.e.", "E.g.", "I.e.", "E.G.", "I.E.", "a.m.", "p.m.", "Adm.", "Ph.D.", "Jan.", "Feb.", "Mar.", "Apr.", "Jun.",
		"Jul.", "Aug.", "Sep.", "Sept.", "Oct.", "Nov.", "Dec.", "Ala.", "Ariz.", "Ark.", "Calif.", "Colo.", "Conn.", "Del.", "Fla.",
		"Ga.", "Ill.", "Ind.", "Kan.", "Kans.", "Ky.", "La.", "Mass.", "Mich.", "Minn.", "Miss.", "N.C.", "N.D.", "N.H.", "N.J.",
		"N.M.", "N.Y.", "Neb.", "Nebr.", "Nev.", "Okla.", "Ore.", "Pa.", "S.C.", "Tenn.", "Va.", "Wash.", "Wis.", "D.C.":
		return true
	}
	return false
}

// contraction is where the second word of s begins, if s is one.
func contraction(s string) int {
	i := strings.LastIndexByte(s, '\'')
	quote := 1
	if i < 0 {
		if i, quote = strings.LastIndex(s, "’"), len("’"); i < 0 {
			if strings.EqualFold(s, "cannot") {
				return 3
			}
			return 0
		}
	}
	if i == 0 || len(s)-i-quote > 2 {
		return 0
	}
	first := strings.ToLower(s[:i])
	switch strings.ToLower(s[i+quote:]) {
	case "t":
		switch strings.TrimSuffix(first, "n") {
		case "ai", "are", "ca", "could", "did", "do", "does", "had", "has", "have", "is", "might", "must", "need", "should", "was", "were", "wo", "would":
			return i - 1
		}
	case "s":
		return i
	case "m", "d", "ll", "ve", "re":
		switch first {
		case "i", "you", "he", "she", "it", "we", "they", "who", "what", "when", "where", "why", "how", "there", "that", "this", "these", "those",
			"could", "might", "must", "should", "would":
			return i
		}
	}
	return 0
}

// prefix is the length of the mark at the start of s.
func prefix(s string) int {
	if strings.HasPrefix(s, "..") {
		i := 2
		for i < len(s) && s[i] == '.' {
			i++
		}
		return i
	}
	for _, money := range [...]string{"US$", "C$", "A$"} {
		if strings.HasPrefix(s, money) {
			return len(money)
		}
	}
	r, size := utf8.DecodeRuneInString(s)
	switch r {
	case '§', '%', '=', '—', '–':
		return size
	case '+':
		if size < len(s) && (s[size] < '0' || s[size] > '9') {
			return size
		}
		return 0
	}
	if isMark(r) || unicode.Is(unicode.Sc, r) || unicode.Is(unicode.So, r) {
		return size
	}
	return 0
}

// suffix is where the mark at the end of s begins; 0 if it has none.
func suffix(s string) int {
	if strings.HasSuffix(s, "..") {
		return len(strings.TrimRight(s, "."))
	}
	r, size := utf8.DecodeLastRuneInString(s)
	i := len(s) - size
	if i == 0 {
		return 0
	}
	before, width := utf8.DecodeLastRuneInString(s[:i])
	switch {
	case isMark(r), r == '—', r == '–', unicode.Is(unicode.So, r):
		return i
	case r == '.':
		if isLow(before) || unicode.IsDigit(before) || isMark(before) || strings.ContainsRune("%²-+)", before) {
			return i
		}
		if second, _ := utf8.DecodeLastRuneInString(s[:i-width]); isHigh(before) && isHigh(second) {
			return i
		}
	case before >= '0' && before <= '9' && (r == '+' || r == '%' || unicode.Is(unicode.Sc, r) || strings.ContainsRune("mgtTGMK", r)):
		return i
	}
	if j := strings.LastIndexAny(s, "0123456789") + 1; j > 0 && j < i {
		switch s[j:] {
		case "km", "cm", "mm", "dm", "ha", "nm", "yd", "in", "ft", "kg", "mg", "lb", "oz", "mph", "hPa", "Pa", "mbar", "mb", "MB", "kb", "KB", "gb", "GB", "tb", "TB", "km/h", "m/s":
			return j
		}
	}
	return 0
}

// infixes appends the parts of s between the marks inside it, and the marks.
func infixes(out []string, s string) []string {
	from := 0
	for i, r := range s {
		if i <= from || r != '.' && r != '…' && r != ',' && r != '-' && r != '–' && r != '—' && r != '~' && r != ':' && r != '<' && r != '>' && r != '=' && r != '/' &&
			r != '+' && r != '*' && r != '^' && !unicode.Is(unicode.So, r) {
			continue
		}
		end := i + utf8.RuneLen(r)
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[end:])
		split := false
		switch r {
		case '.':
			for end < len(s) && s[end] == '.' {
				end++
			}
			split = end > i+1 || (isLow(before) || isQuote(before)) && (isHigh(after) || isQuote(after))
		case ',', '~', '–', '—':
			split = isLetter(before) && isLetter(after)
		case '-':
			for end < len(s) && end < i+3 && s[end] == '-' {
				end++
			}
			after, _ = utf8.DecodeRuneInString(s[end:])
			split = isLetter(before) && isLetter(after) || end == i+1 && isDigit(before) && isDigit(after)
		case ':', '<', '>', '=', '/':
			split = (isLetter(before) || isDigit(before)) && isLetter(after)
		case '+', '*', '^':
			split = isDigit(before) && (isDigit(after) || after == '-')
		default:
			split = true
		}
		if split && i > from {
			out = append(out, s[from:i], s[i:end])
			from = end
		}
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}

var host = regexp.MustCompile(`^(?:[a-zA-Z]+://)?(?:\S+@)?(?:[\p{L}\d_](?:[\p{L}\d_-]*[\p{L}\d])?\.)+[\p{Ll}\p{Lo}]{2,63}(?::\d{2,5})?(?:[/?#]\S*)?$`)

// isAddress tells whether s is an address of the web or of mail, or the name of a file, which are one word.
func isAddress(s string) bool {
	return len(s) > 4 && strings.IndexByte(s[1:], '.') >= 0 && host.MatchString(s)
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// isLow and isHigh both hold for letters without case, and for the marks that many scripts end words with.
func isLow(r rune) bool  { return unicode.IsLower(r) || isLetter(r) && !unicode.IsUpper(r) }
func isHigh(r rune) bool { return unicode.IsUpper(r) || isLetter(r) && !unicode.IsLower(r) }

func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }

func isQuote(r rune) bool {
	switch r {
	case '\'', '"', '”', '“', '`', '‘', '´', '’', '‚', '„', '»', '«', '「', '」', '『', '』', '（', '）', '〔', '〕', '【', '】', '《', '》', '〈', '〉':
		return true
	}
	return false
}

func isMark(r rune) bool {
	switch r {
	case '…', ',', ':', ';', '!', '?', '¿', '؟', '¡', '(', ')', '[', ']', '{', '}', '<', '>', '_', '#', '*', '&', '。', '？', '！', '，', '、', '；', '：', '～',
		'·', '।', '،', '۔', '؛', '٪':
		return true
	}
	return isQuote(r)
}
