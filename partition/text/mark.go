package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsBullet tells whether r is one of the characters that people and programs put before list items.
func IsBullet(r rune) bool {
	switch r {
	case 0x95, 0x2022, 0x2023, 0x2043, 0x3164, 0x204C, 0x204D, 0x2219, 0x25CB, 0x25CF, 0x25D8, 0x25E6, 0x2619, 0x2765,
		0x2767, 0x29BE, 0x29BF, '-', 0x2013, 0xF0B7, '*', 0xB7:
		return true
	}
	return false
}

// IsBulleted tells whether s, stripped, begins with one bullet: "---" does not, "-5.3" does.
func IsBulleted(s string) bool {
	s = Strip(s)
	r, size := utf8.DecodeRuneInString(s)
	if !IsBullet(r) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(s[size:])
	return !IsBullet(next)
}

// TrimBullet drops the bullet, which must be the very first character, and strips.
func TrimBullet(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if !IsBullet(r) || !IsBulleted(s) {
		return s
	}
	return Strip(s[size:])
}

var numbered = regexp.MustCompile(`^\d+[.)]\s.`)

// IsNumberedList tells whether s, stripped, begins with digits, a dot or bracket, a white space, and goes on.
func IsNumberedList(s string) bool {
	s = Strip(s)
	return s != "" && s[0] >= '0' && s[0] <= '9' && numbered.MatchString(s)
}

var email = regexp.MustCompile(`^[a-z0-9.+_-]+@[a-z0-9.+_-]+\.[a-z]+`)

// IsEmailAddress tells whether s, stripped, begins with an address in lower case.
func IsEmailAddress(s string) bool {
	s = Strip(s)
	return strings.IndexByte(s, '@') > 0 && email.MatchString(s)
}

// The names and codes are those of the reference's pattern, in which the first and last of each list never match.
const states = `Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois|` +
	`Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|` +
	`Nebraska|Nevada|New[ ]Hampshire|New[ ]Jersey|New[ ]Mexico|New[ ]York|North[ ]Carolina|North[ ]Dakota|Ohio|Oklahoma|` +
	`Oregon|Pennsylvania|Rhode[ ]Island|South[ ]Carolina|South[ ]Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|` +
	`West[ ]Virginia|Wisconsin|` +
	`AK|AS|AZ|AR|CA|CO|CT|DE|DC|FM|FL|GA|GU|HI|ID|IL|IN|IA|KS|KY|LA|ME|MH|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|` +
	`MP|OH|OK|OR|PW|PA|PR|RI|SC|SD|TN|TX|UT|VT|VI|VA|WA|WV|WI`

var address = regexp.MustCompile(`(?i)^(?:[A-Z][a-z.-]{1,15}[ ]?){1,5},\s?(?:` + states + `)(?:, |\s)?\d{5}(?:-\d{4})?`)

// IsUSCityStateZip tells whether s, stripped, begins with a city, a state of the US and a ZIP code.
func IsUSCityStateZip(s string) bool {
	s = Strip(s)
	return strings.IndexByte(s, ',') > 0 && address.MatchString(s)
}

// Strip removes white space from both ends, as Python's str.strip does.
func Strip(s string) string { return strings.TrimFunc(s, IsSpace) }

// IsSpace is Python's idea of white space: Unicode's and the four separators of ASCII.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// Collapse makes every run of white space one space and strips.
func Collapse(s string) string { return strings.Join(strings.FieldsFunc(s, IsSpace), " ") }

func length(s string) int { return utf8.RuneCountInString(s) }
