package language

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                            nil,
		" \n":                         nil,
		"One two three four":          {"eng"},
		"12 34 56 78 90 12":           nil,
		"Lorem ipsum dolor sit amet.": {"por", "cat"},
		"The harbour master writes the tides into a book every morning.":   {"eng"},
		"Der Hafenmeister schreibt jeden Morgen die Gezeiten in ein Buch.": {"deu"},
		"Le capitaine du port note chaque matin les marées dans un livre.": {"fra"},
		"El capitán del puerto anota cada mañana las mareas en un libro.":  {"spa"},
		"Начальник порта каждое утро записывает приливы в книгу.":          {"rus"},
		"Ο λιμενάρχης γράφει κάθε πρωί τις παλίρροιες σε ένα βιβλίο.":      {"ell"},
		"港長は毎朝、潮の満ち引きを帳面に書き留めています。":                                        {"jpn"},
		"항만장은 매일 아침 조수를 책에 적는다.":                                           {"kor"},
		"港务长每天早上把潮汐写进一本书里，然后交给办公室。":                                        {"zho", "kor"},
		"Cảng vụ trưởng ghi lại thủy triều vào một cuốn sổ mỗi buổi sáng.": {"vie"},
	} {
		if got := Detect(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestPlain holds that the table of the n-grams of ASCII finds what the map of all of them does.
func TestPlain(t *testing.T) {
	t.Parallel()
	p, n := load(), 0
	for key, gram := range p.grams {
		if isPlain(key) {
			if n++; p.plain[plainKey(key)] != gram+1 {
				t.Fatalf("%x: %d, want %d", key, p.plain[plainKey(key)]-1, gram)
			}
		}
	}
	filled := 0
	for _, gram := range p.plain {
		if gram > 0 {
			filled++
		}
	}
	if n != filled || n < 1000 {
		t.Errorf("%d n-grams, %d in the table", n, filled)
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"en": "eng", "eng": "eng", "EN": "eng", "de": "deu", "ger": "deu", "zh-cn": "zho", "pt-BR": "por", "German": "deu",
		"chi_sim": "zho", "no": "nor", "tl": "tgl", "sw": "swa", "klingon-ish": "klingon-ish", "auto": "auto",
	} {
		if got := Code(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if Known("nonsense") || Known("x1") || !Known("fr") {
		t.Error("Known")
	}
}

func FuzzDetect(f *testing.F) {
	f.Add("héllo wörld a b c d e")
	f.Add("a\u0301e\u0300 \xff\xfe 日本語 https://example.org/x a@b.cd e")
	f.Fuzz(func(_ *testing.T, text string) { Detect(text) })
}

func BenchmarkDetect(b *testing.B) {
	for name, text := range map[string]string{
		"1kB":   strings.Repeat("The harbour master writes the tides into a book every morning. ", 16),
		"100kB": strings.Repeat("The harbour master writes the tides into a book every morning. ", 1600),
	} {
		b.Run(name, func(b *testing.B) {
			Detect(text)
			for b.Loop() {
				Detect(text)
			}
		})
	}
}

// TestPlainGrams holds that the short way for ASCII finds what the long way finds.
func TestPlainGrams(t *testing.T) {
	t.Parallel()
	p := load()
	draw := rand.New(rand.NewPCG(1, 2))
	texts := []string{"", " ", "A", "The gate was CLOSED at 6.30, wasn't it?  Yes", strings.Repeat("Water levels fall. ", 800)}
	for range 2000 {
		b := make([]byte, draw.IntN(60))
		for i := range b {
			b[i] = "  abcABCDeXyz.1\n-@"[draw.IntN(18)]
		}
		texts = append(texts, string(b))
	}
	for _, text := range texts {
		if got, want := p.plainGrams(text), p.anyGrams(text); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	}
}
