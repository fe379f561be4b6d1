package sheet

import (
	"math"
	"strings"
	"time"
)

// DateText turns a day count into a date; below one day it is a time. It is false for what no
// spreadsheet takes for a date. The leap day of 1900, which never was, is counted as
// spreadsheets do.
func DateText(v float64, from1904 bool) (string, bool) {
	if v < 0 || v >= 2_958_466 {
		return "", false
	}
	seconds := math.Round(v * 86400)
	if v < 1 && !from1904 {
		return time.Unix(int64(seconds), 0).UTC().Format("15:04:05"), true
	}
	base := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case from1904:
		base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case v < 60:
		base = time.Date(1899, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	days := math.Floor(seconds / 86400)
	return base.AddDate(0, 0, int(days)).Add(time.Duration(seconds-days*86400) * time.Second).Format("2006-01-02 15:04:05"), true
}

// IsBuiltinDate knows the number formats that are not written in the file.
func IsBuiltinDate(id int) bool {
	return id >= 14 && id <= 22 || id >= 27 && id <= 36 || id >= 45 && id <= 47 || id >= 50 && id <= 58
}

// IsDateFormat looks for a letter of days, months, years, hours or seconds outside quotes, brackets and escapes.
func IsDateFormat(code string) bool {
	code, _, _ = strings.Cut(code, ";")
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == '[':
			bracket = true
			if i+1 < len(code) && strings.IndexByte("hmsHMS", code[i+1]) >= 0 { // elapsed time
				return true
			}
		case c == ']':
			bracket = false
		case bracket:
		case strings.IndexByte("dmyhsDMYHS", c) >= 0:
			return true
		}
	}
	return false
}
