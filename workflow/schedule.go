package workflow

import (
	"fmt"
	"strings"
)

// schedules are the phrases of the contract with their cron expressions (UTC).
var schedules = []struct{ phrase, cron string }{
	{"every 15 minutes", "*/15 * * * *"},
	{"every hour", "0 * * * *"},
	{"every 2 hours", "0 */2 * * *"},
	{"every 4 hours", "0 */4 * * *"},
	{"every 6 hours", "0 */6 * * *"},
	{"every 8 hours", "0 */8 * * *"},
	{"every 10 hours", "0 */10 * * *"},
	{"every 12 hours", "0 */12 * * *"},
	{"daily", "0 0 * * *"},
	{"weekly", "0 0 * * 0"},
	{"monthly", "0 0 1 * *"},
}

// ParseSchedule returns the cron expression of a phrase, which is compared without regard to case and spacing. The
// error lists the phrases.
func ParseSchedule(phrase string) (cron string, err error) {
	given := strings.ToLower(strings.Join(strings.Fields(phrase), " "))
	for _, s := range schedules {
		if s.phrase == given {
			return s.cron, nil
		}
	}
	return "", fmt.Errorf("unknown schedule; it is one of: %s", strings.Join(SchedulePhrases(), ", "))
}

// SchedulePhrase returns the phrase of a cron expression that ParseSchedule gave, "" for any other.
func SchedulePhrase(cron string) string {
	for _, s := range schedules {
		if s.cron == cron {
			return s.phrase
		}
	}
	return ""
}

// SchedulePhrases lists the phrases, from the most frequent to the rarest.
func SchedulePhrases() []string {
	out := make([]string, 0, len(schedules))
	for _, s := range schedules {
		out = append(out, s.phrase)
	}
	return out
}

// ParseType reads a workflow type as clients write it, in any case. template and auto, which the contract accepts but
// never shows, are custom.
func ParseType(s string) (Type, bool) {
	switch t := Type(word(s)); t {
	case Custom, Basic, Advanced, Platinum:
		return t, true
	case "template", "auto":
		return Custom, true
	}
	return "", false
}

// ParseStatus reads a status in any case.
func ParseStatus(s string) (Status, bool) {
	switch t := Status(word(s)); t {
	case Active, Inactive:
		return t, true
	}
	return "", false
}
