package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluicehq/sluice/connector"
)

// What each answer means for the work, and that the server's own words stay out.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	s := &server{settings: settings{host: "h", port: 5432, database: "d", username: "u", password: "hush-hush", table: "t"}}
	for _, c := range []struct {
		code, message string
		outcome       connector.Outcome
		cause         error
	}{
		{"08006", "", connector.Transient, nil}, {"40001", "", connector.Transient, nil}, {"40P01", "", connector.Transient, nil},
		{"53100", "", connector.Transient, nil}, {"53200", "", connector.Transient, nil}, {"53300", "", connector.Transient, nil},
		{"55P03", "", connector.Transient, nil}, {"57014", "", connector.Transient, nil}, {"57P01", "", connector.Transient, nil},
		{"57P03", "", connector.Transient, nil}, {"58030", "", connector.Transient, nil}, {"25006", "", connector.Transient, nil},
		{"28P01", "", connector.Permanent, connector.ErrForbidden}, {"28000", "", connector.Permanent, connector.ErrForbidden},
		{"42501", "", connector.Permanent, connector.ErrForbidden}, {"42P01", "", connector.Permanent, connector.ErrNotFound},
		{"3D000", "", connector.Permanent, connector.ErrNotFound}, {"57P04", "", connector.Permanent, connector.ErrNotFound},
		{"22P02", "", connector.Permanent, nil}, {"54000", "", connector.Permanent, nil}, {"XX000", "", connector.Permanent, nil}, {"", "", connector.Permanent, nil},
		// PgBouncer's.
		{"08P01", "SASL authentication failed", connector.Permanent, connector.ErrForbidden},
		{"08P01", "no such database: d", connector.Permanent, connector.ErrNotFound},
		{"08P01", "query_wait_timeout", connector.Transient, nil},
	} {
		err := s.failed("write", fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: c.code, Message: c.message + " hush-hush", Detail: "hush-hush", Where: "hush-hush"}))
		outcome, _ := connector.Classify(err)
		if outcome != c.outcome || c.cause != nil && !errors.Is(err, c.cause) || strings.Contains(err.Error(), "hush-hush") || !strings.HasPrefix(err.Error(), "write: ") {
			t.Errorf("%s %s: %s, %v", c.code, c.message, outcome, err)
		}
	}
	for _, cause := range []error{io.ErrUnexpectedEOF, io.EOF, syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EHOSTUNREACH, context.DeadlineExceeded, errors.New("odd hush-hush")} {
		err := s.failed("write", fmt.Errorf("hush-hush: %w", cause))
		if outcome, _ := connector.Classify(err); outcome != connector.Transient || strings.Contains(err.Error(), "hush-hush") {
			t.Errorf("%v: %s, %v", cause, outcome, err)
		}
	}
}

func TestTableNames(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"docs": {"", "docs"}, "public.docs": {"public", "docs"}, `"a.b".c`: {"a.b", "c"}, `a."b ""c"""`: {"a", `b "c"`}, `"x"`: {"", "x"},
		"Ünï.日本": {"Ünï", "日本"}, `it's; DROP TABLE x`: {"", `it's; DROP TABLE x`},
	} {
		if schema, name, ok := splitName(text); !ok || [2]string{schema, name} != want {
			t.Errorf("%q is %q.%q, %v", text, schema, name, ok)
		}
	}
	for _, text := range []string{"", ".", "a.", ".b", "a..b", "a.b.c", `"a`, `"a"b`, `""`, `a.""`} {
		if schema, name, ok := splitName(text); ok {
			t.Errorf("%q is %q.%q", text, schema, name)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1723069400.123456": "2024-08-07T22:23:20.123456Z", "0": "1970-01-01T00:00:00Z", "-1.5": "1969-12-31T23:59:58.5Z",
		"2026-03-04T05:06:07": "2026-03-04T05:06:07Z", "2026-03-04 05:06:07+02:00": "2026-03-04T03:06:07Z", "2026-03-04": "2026-03-04T00:00:00Z",
		"2026-03-04T05:06:07.123456789+01:00": "2026-03-04T04:06:07.123456Z",
		"soon":                                "", "": "", "1e300": "", "NaN": "", "1e12": "", "0000-01-01": "",
	} {
		at, ok := parseTime([]byte(text))
		if got := at.Format(timestamp); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %s, %v; want %q", text, got, ok, want)
		}
	}
}

func TestNULInJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`"a\u0000b"`: `"ab"`, `"a\\u0000b"`: `"a\\u0000b"`, `"a\\\u0000b"`: `"a\\b"`, `{"k\u0000":["\u0000","\u00001"]}`: `{"k":["","1"]}`, `"\u0001"`: `"\u0001"`,
	} {
		if got := string(appendJSON(nil, []byte(in))); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}
