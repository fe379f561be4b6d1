package language

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/binary"
	"io"
	"sync"
)

//go:embed profiles.bin.gz
var packed []byte

// profiles are the frequencies of n-grams in every language. An n-gram of one to three characters is packed into 63
// bits. grams gives the place of its shares in first; those of gram i end where those of gram i+1 begin.
type profiles struct {
	names  []string
	grams  map[uint64]int32
	plain  []int32 // the same for n-grams of ASCII by plainKey, counted from 1; 0 is none
	first  []int32
	shares []share
	kanji  map[rune]rune // each ideograph of a class counts as the class's first member
}

// share is the probability of an n-gram among those of its length in one language.
type share struct {
	language int32
	p        float64
}

var load = sync.OnceValue(func() *profiles {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("language: the profiles in the program are damaged: " + err.Error())
	}
	b, err := io.ReadAll(z)
	if err != nil {
		panic("language: the profiles in the program are damaged: " + err.Error())
	}
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		b = b[n:]
		return v
	}
	p := &profiles{}
	var words [][3]float64
	for range next() {
		n := next()
		p.names = append(p.names, string(b[:n]))
		b = b[n:]
		words = append(words, [3]float64{float64(next()), float64(next()), float64(next())})
	}
	count := int(next())
	p.grams = make(map[uint64]int32, count)
	p.plain = make([]int32, 1<<18)
	p.first = make([]int32, 0, count+1)
	key := uint64(0)
	for i := range count {
		key += next()
		length := 1
		for k := key >> 21; k > 0; k >>= 21 {
			length++
		}
		p.grams[key] = int32(i)
		if isPlain(key) {
			p.plain[plainKey(key)] = int32(i) + 1
		}
		p.first = append(p.first, int32(len(p.shares)))
		for range next() {
			language := int32(b[0])
			b = b[1:]
			p.shares = append(p.shares, share{language, float64(next()) / words[language][length-1]})
		}
	}
	p.first = append(p.first, int32(len(p.shares)))
	n := next()
	p.kanji = make(map[rune]rune, n)
	for range n {
		r := rune(next())
		p.kanji[r] = rune(next())
	}
	return p
})

// of returns the shares of an n-gram by its index.
func (p *profiles) of(gram int32) []share { return p.shares[p.first[gram]:p.first[gram+1]] }
