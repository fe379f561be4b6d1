package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// maxSegment is the longest name of a file or folder that is written as it is; file systems allow 255 bytes.
const maxSegment = 200

var errKey = errors.New("not a blob key")

// local makes a key a path below the root.
func local(key string, prefix bool) (string, error) {
	names, err := segments(key, prefix)
	return filepath.Join(names...), err
}

// segments makes each part of a key the name of one file or folder: letters, digits, -, _ and inner dots stay, all else is
// written as %XX, so two keys never meet and none leaves the root. prefix says that the key ends with a slash.
func segments(key string, prefix bool) ([]string, error) {
	rest := key
	if prefix {
		var ok bool
		if rest, ok = strings.CutSuffix(key, "/"); !ok {
			return nil, fmt.Errorf("%w: prefix %q does not end with a slash", errKey, key)
		}
	}
	names := strings.Split(rest, "/")
	for i, s := range names {
		if s == "" {
			return nil, fmt.Errorf("%w: %q has an empty part", errKey, key)
		}
		names[i] = escape(s)
	}
	return names, nil
}

func escape(s string) string {
	plain := func(i int) bool {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			return true
		case c == '.':
			return i > 0 && i < len(s)-1
		}
		return false
	}
	var b strings.Builder
	for i := range len(s) {
		if plain(i) {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	if b.Len() <= maxSegment {
		return b.String()
	}
	// Its hash tells a long name from others with the same beginning; a ~ is in no short one.
	sum := sha256.Sum256([]byte(s))
	return b.String()[:maxSegment-65] + "~" + hex.EncodeToString(sum[:])
}
