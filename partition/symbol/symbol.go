// Package symbol turns the codes of symbol fonts, whose letters are drawings, into the characters that they draw: office
// files store a Greek letter or a tick as the code of a place in such a font.
package symbol

import "strings"

// Rune is the character that a code draws in a font of a given name. Codes stand either at the font's own places (0x20 to
// 0xFF) or moved by 0xF000, as Windows has it. ok is false for fonts and places that are not known.
func Rune(font string, code rune) (r rune, ok bool) {
	if code >= 0xf000 && code <= 0xf0ff {
		code -= 0xf000
	}
	switch name := strings.ToLower(strings.TrimSpace(font)); name {
	case "symbol":
		if code >= 0x20 && int(code-0x20) < len(greek) {
			r = greek[code-0x20]
		}
	case "wingdings":
		r = wingdings[code]
	case "wingdings 2":
		r = wingdings2[code]
	}
	return r, r != 0
}

// Known tells whether the letters of a font are drawings that Rune knows.
func Known(font string) bool {
	switch strings.ToLower(strings.TrimSpace(font)) {
	case "symbol", "wingdings", "wingdings 2":
		return true
	}
	return false
}

// greek are the places of the font Symbol from 0x20 on, by the encoding that PostScript publishes for it; 0 is an empty
// place.
var greek = table(
	" !\u2200#\u2203%&\u220b()\u2217+,\u2212./0123456789:;<=>?",
	"\u2245\u0391\u0392\u03a7\u0394\u0395\u03a6\u0393\u0397\u0399\u03d1\u039a\u039b\u039c\u039d\u039f",
	"\u03a0\u0398\u03a1\u03a3\u03a4\u03a5\u03c2\u03a9\u039e\u03a8\u0396[\u2234]\u22a5_",
	"\u203e\u03b1\u03b2\u03c7\u03b4\u03b5\u03c6\u03b3\u03b7\u03b9\u03d5\u03ba\u03bb\u03bc\u03bd\u03bf",
	"\u03c0\u03b8\u03c1\u03c3\u03c4\u03c5\u03d6\u03c9\u03be\u03c8\u03b6{|}\u223c\x00",
	strings.Repeat("\x00", 32),
	"\u20ac\u03d2\u2032\u2264\u2044\u221e\u0192\u2663\u2666\u2665\u2660\u2194\u2190\u2191\u2192\u2193",
	"\u00b0\u00b1\u2033\u2265\u00d7\u221d\u2202\u2022\u00f7\u2260\u2261\u2248\u2026\u23d0\u23af\u21b5",
	"\u2135\u2111\u211c\u2118\u2297\u2295\u2205\u2229\u222a\u2283\u2287\u2284\u2282\u2286\u2208\u2209",
	"\u2220\u2207\u00ae\u00a9\u2122\u220f\u221a\u22c5\u00ac\u2227\u2228\u21d4\u21d0\u21d1\u21d2\u21d3",
	"\u25ca\u2329\u00ae\u00a9\u2122\u2211\u239b\u239c\u239d\u23a1\u23a2\u23a3\u23a7\u23a8\u23a9\u23aa",
	"\x00\u232a\u222b\u2320\u23ae\u2321\u239e\u239f\u23a0\u23a4\u23a5\u23a6\u23ab\u23ac\u23ad\x00",
)

func table(lines ...string) []rune { return []rune(strings.Join(lines, "")) }

// wingdings are those places of the font Wingdings that stand in texts: bullets, ticks, boxes, arrows, signs.
var wingdings = map[rune]rune{
	0x20: ' ', 0x21: '\u270f', 0x22: '\u2702', 0x28: '\u260e', 0x2a: '\u2709', 0x36: '\u231b', 0x3e: '\u2707', 0x3f: '\u270d',
	0x41: '\u270c', 0x46: '\u261e', 0x4a: '\u263a', 0x4c: '\u2639', 0x4e: '\u2620', 0x52: '\u263c', 0x54: '\u2744', 0x58: '\u2720',
	0x59: '\u2721', 0x5a: '\u262a', 0x5b: '\u262f', 0x6c: '\u25cf', 0x6d: '\u274d', 0x6e: '\u25a0', 0x6f: '\u25a1', 0x70: '\u25a1',
	0x71: '\u2751', 0x72: '\u2752', 0x73: '\u2b27', 0x74: '\u29eb', 0x75: '\u25c6', 0x76: '\u2756', 0x77: '\u2b25', 0x78: '\u2327',
	0x7a: '\u2318', 0x9e: '\u00b7', 0x9f: '\u2022', 0xa0: ' ', 0xa1: '\u25cb', 0xa4: '\u25c9', 0xa7: '\u25aa', 0xa8: '\u25fb',
	0xaa: '\u2726', 0xab: '\u2605', 0xac: '\u2736', 0xb6: '\u2730', 0xd5: '\u232b', 0xd8: '\u27a2', 0xdc: '\u27b2', 0xdf: '\u2190',
	0xe0: '\u2192', 0xe1: '\u2191', 0xe2: '\u2193', 0xe3: '\u2196', 0xe4: '\u2197', 0xe5: '\u2199', 0xe6: '\u2198', 0xe8: '\u2794',
	0xef: '\u21e6', 0xf0: '\u21e8', 0xf1: '\u21e7', 0xf2: '\u21e9', 0xf3: '\u21d4', 0xfb: '\u2717', 0xfc: '\u2713', 0xfd: '\u2612',
	0xfe: '\u2611',
}

var wingdings2 = map[rune]rune{
	0x4f: '\u2717', 0x50: '\u2713', 0x51: '\u2612', 0x52: '\u2611', 0x53: '\u2612', 0x97: '\u25cf', 0xa2: '\u25a0', 0xa3: '\u25a1',
}
