package pdf

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluicehq/sluice/internal/formattest"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	content := at(50, 400, 11, sentence)
	for name, protect := range formattest.Protections {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open, locked := protect("", "owner", content), protect("secret", "owner", content)
			for _, c := range []struct {
				file     []byte
				password string
				words    string // of the error, "" for none
			}{
				{open, "", ""}, {open, "not asked for", ""}, {locked, "secret", ""}, {locked, "owner", ""},
				{locked, "", "decrypt it with password"}, {locked, "wrong", "does not open it"},
			} {
				if c.password == "owner" && strings.HasPrefix(name, "AES, 128") {
					continue
				}
				elements, err := parse(t.Context(), c.file, format.Options{Strategy: "fast", Password: c.password})
				if c.words == "" {
					if err != nil || lines(elements) != "NarrativeText: "+sentence {
						t.Errorf("password %q: %v\n%s", c.password, err, lines(elements))
					}
					continue
				}
				var failed *budget.Error
				if !errors.As(err, &failed) || failed.Outcome != budget.Encrypted || !strings.Contains(failed.Message, c.words) || c.password != "" && strings.Contains(failed.Message, c.password) {
					t.Errorf("password %q: %v", c.password, err)
				}
			}
		})
	}
}
