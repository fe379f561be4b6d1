//go:build ignore

// Command generate makes profiles.bin.gz of the n-gram profiles that langdetect 1.0.9 publishes (Apache-2.0). Unpack its
// source package, as `pip download --no-deps --no-binary :all: langdetect==1.0.9` gives it, and run in this folder:
//
//	go run generate.go FOLDER/langdetect
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run generate.go FOLDER")
	}
	entries, err := os.ReadDir(filepath.Join(os.Args[1], "profiles"))
	if err != nil {
		log.Fatal(err)
	}
	type share struct {
		language int
		count    uint64
	}
	var b []byte
	grams := map[uint64][]share{}
	b = binary.AppendUvarint(b, uint64(len(entries)))
	for i, e := range entries {
		text, err := os.ReadFile(filepath.Join(os.Args[1], "profiles", e.Name()))
		if err != nil {
			log.Fatal(err)
		}
		var p struct {
			Freq  map[string]uint64 `json:"freq"`
			Words []uint64          `json:"n_words"`
		}
		if err := json.Unmarshal(text, &p); err != nil || len(p.Words) != 3 {
			log.Fatal(e.Name(), ": not a profile: ", err)
		}
		b = append(binary.AppendUvarint(b, uint64(len(e.Name()))), e.Name()...)
		for _, n := range p.Words {
			b = binary.AppendUvarint(b, n)
		}
		for gram, n := range p.Freq {
			runes := []rune(gram)
			if len(runes) < 1 || len(runes) > 3 {
				continue
			}
			var key uint64
			for _, r := range runes {
				key = key<<21 | uint64(r)
			}
			grams[key] = append(grams[key], share{i, n})
		}
	}
	b = binary.AppendUvarint(b, uint64(len(grams)))
	previous := uint64(0)
	for _, key := range slices.Sorted(maps.Keys(grams)) {
		b = binary.AppendUvarint(b, key-previous)
		previous = key
		b = binary.AppendUvarint(b, uint64(len(grams[key])))
		for _, s := range grams[key] {
			b = append(b, byte(s.language))
			b = binary.AppendUvarint(b, s.count)
		}
	}
	b = appendKanji(b, filepath.Join(os.Args[1], "utils", "messages.properties"))
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if _, err := z.Write(b); err != nil {
		log.Fatal(err)
	}
	if err := z.Close(); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("profiles.bin.gz", out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// appendKanji adds the classes of ideographs, each of which counts as its first member.
func appendKanji(b []byte, path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	escaped := regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)
	class := map[rune]rune{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || !strings.HasPrefix(name, "NGram.KANJI_") {
			continue
		}
		value = escaped.ReplaceAllStringFunc(value, func(s string) string {
			n, _ := strconv.ParseUint(s[2:], 16, 32)
			return string(rune(n))
		})
		members := []rune(value)
		for _, r := range members {
			class[r] = members[0]
		}
	}
	b = binary.AppendUvarint(b, uint64(len(class)))
	for _, r := range slices.Sorted(maps.Keys(class)) {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(r)), uint64(class[r]))
	}
	return b
}
