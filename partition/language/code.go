package language

import (
	"strings"

	"golang.org/x/text/language"
)

// Code returns the ISO 639-3 code of a two- or three-letter code, a tag such as zh-cn, an English name or a code of the
// Tesseract program, and the word itself in lower case when it is none of these.
func Code(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if code, ok := special[name]; ok {
		return code
	}
	base, _, _ := strings.Cut(strings.ReplaceAll(name, "_", "-"), "-")
	if len(base) != 2 && len(base) != 3 {
		return name
	}
	b, err := language.ParseBase(base)
	if err != nil {
		return name
	}
	return b.ISO3()
}

// Known tells whether Code understands a word.
func Known(name string) bool {
	code := Code(name)
	if len(code) != 3 {
		return false
	}
	_, err := language.ParseBase(code)
	return err == nil
}

// special are words that are no codes, and codes that x/text turns into another than the reference.
var special = map[string]string{
	"auto": "auto", "zh": "zho", "zh-cn": "zho", "zh-tw": "zho", "chi_sim": "zho", "chi_tra": "zho", "chinese": "zho",
	"english": "eng", "german": "deu", "french": "fra", "spanish": "spa", "italian": "ita", "portuguese": "por",
	"dutch": "nld", "swedish": "swe", "norwegian": "nor", "danish": "dan", "finnish": "fin", "polish": "pol",
	"czech": "ces", "slovak": "slk", "slovenian": "slv", "croatian": "hrv", "hungarian": "hun", "romanian": "ron",
	"bulgarian": "bul", "greek": "ell", "russian": "rus", "ukrainian": "ukr", "turkish": "tur", "arabic": "ara",
	"hebrew": "heb", "persian": "fas", "hindi": "hin", "bengali": "ben", "urdu": "urd", "tamil": "tam", "telugu": "tel",
	"thai": "tha", "vietnamese": "vie", "indonesian": "ind", "japanese": "jpn", "korean": "kor", "catalan": "cat",
	"latvian": "lav", "lithuanian": "lit", "estonian": "est", "albanian": "sqi", "macedonian": "mkd", "swahili": "swa",
	"afrikaans": "afr", "welsh": "cym", "somali": "som", "tagalog": "tgl", "nepali": "nep", "marathi": "mar",
	"gujarati": "guj", "punjabi": "pan", "kannada": "kan", "malayalam": "mal",
	"ger": "deu", "fre": "fra", "dut": "nld", "chi": "zho", "cze": "ces", "gre": "ell", "per": "fas", "rum": "ron",
	"slo": "slk", "alb": "sqi", "mac": "mkd", "wel": "cym", "arm": "hye", "baq": "eus", "bur": "mya", "geo": "kat",
	"ice": "isl", "may": "msa", "tib": "bod", "tl": "tgl", "no": "nor", "nb": "nob", "sw": "swa",
}
