package ocr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/language"
)

// Codes turns the names of languages (ISO 639-1 and 639-3 codes, tags such as zh-TW, English names, Tesseract's own codes,
// several joined by +) into the names of Tesseract's data, each once. Words such as auto are left out.
func Codes(names []string) []string {
	var out []string
	for _, name := range names {
		for word := range strings.SplitSeq(name, "+") {
			if code := Code(word); code != "" && !slices.Contains(out, code) {
				out = append(out, code)
			}
		}
	}
	return out
}

// Code turns one name into that of Tesseract's data; "" for auto and the empty name.
func Code(name string) string {
	name = strings.TrimSpace(name)
	if isScript(name) {
		return name
	}
	word := strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	if code, ok := special[word]; ok {
		return code
	}
	if slices.Contains(variants, word) {
		return word
	}
	code := language.Code(name)
	if t, ok := special[code]; ok {
		return t
	}
	return code
}

// Known tells whether Code understands a name. Whether the data is installed is for the engine to say.
func Known(name string) bool {
	name = strings.TrimSpace(name)
	word := strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	_, named := special[word]
	return named || isScript(name) || slices.Contains(variants, word) || language.Known(name)
}

// isScript tells names such as script/Latin, which are data for all languages of a script.
func isScript(name string) bool {
	rest, ok := strings.CutPrefix(name, "script/")
	return ok && rest != "" && !strings.ContainsFunc(rest, func(r rune) bool {
		return r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// special are names whose data is called otherwise than by the language's ISO 639-3 code.
var special = map[string]string{
	"auto": "", "": "",
	"zho": "chi_sim", "cmn": "chi_sim", "zh_cn": "chi_sim", "zh_sg": "chi_sim", "zh_hans": "chi_sim", "zh_hans_cn": "chi_sim",
	"zh_tw": "chi_tra", "zh_hk": "chi_tra", "zh_mo": "chi_tra", "zh_hant": "chi_tra", "zh_hant_tw": "chi_tra", "yue": "chi_tra",
	"nob": "nor", "nno": "nor", "tgl": "fil", "kur": "kmr", "pes": "fas", "prs": "fas", "arb": "ara", "ekk": "est", "lvs": "lav",
	"swh": "swa", "azj": "aze", "uzn": "uzb", "khk": "mon", "npi": "nep", "ory": "ori", "pbt": "pus", "ydd": "yid",
	"zsm": "msa", "als": "sqi", "quz": "que", "plt": "mlg", "gre": "ell", "hbs": "hrv",
}

// variants are data that no ISO code names.
var variants = []string{
	"aze_cyrl", "chi_sim", "chi_sim_vert", "chi_tra", "chi_tra_vert", "dan_frak", "deu_frak", "deu_latf", "frk", "frm", "enm",
	"ita_old", "jpn_vert", "kat_old", "kor_vert", "slk_frak", "spa_old", "srp_latn", "uzb_cyrl", "osd", "equ",
}

// Package names the Debian package that holds the data of a code.
func Package(code string) string {
	return "tesseract-ocr-" + strings.ToLower(strings.NewReplacer("_", "-", "/", "-").Replace(code))
}

// missing says which packages have the data that is not there.
func missing(codes, installed []string) error {
	var packages []string
	for _, c := range codes {
		packages = append(packages, Package(c))
	}
	have := "none"
	if len(installed) > 0 {
		have = strings.Join(installed, ", ")
	}
	e := budget.Errorf(budget.Unsupported, "Tesseract has no data for %s (it has: %s). Install the package: apt-get install %s",
		strings.Join(codes, ", "), have, strings.Join(packages, " "))
	e.Err = fmt.Errorf("no traineddata for %s", strings.Join(codes, ", "))
	return e
}
