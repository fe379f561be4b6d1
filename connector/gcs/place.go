package gcs

import (
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/connector"
)

// place is what a config's remote_url names.
type place struct {
	bucket string
	prefix string // name or beginning of names in the bucket, as written
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$`)

// maxPrefix leaves room for names below; a whole name has at most 1,024 bytes.
const maxPrefix = 700

// parse reads gs://bucket/prefix.
func parse(remote string) (place, error) {
	wrong := func(why string) (place, error) {
		return place{}, connector.Fail(nil, "remote_url %q: %s; write gs://bucket/path/", shown(remote), why)
	}
	scheme, rest, ok := strings.Cut(strings.TrimSpace(remote), "://")
	if !ok {
		return wrong("it has no scheme")
	}
	switch strings.ToLower(scheme) {
	case "gs", "gcs":
	default:
		return wrong("it is not of Google Cloud Storage")
	}
	p := place{}
	p.bucket, p.prefix, _ = strings.Cut(rest, "/")
	switch {
	case p.bucket == "":
		return wrong("it names no bucket")
	case !bucketName.MatchString(p.bucket):
		return wrong("the bucket's name has characters that no bucket has")
	case len(p.prefix) > maxPrefix:
		return wrong("the path is too long")
	}
	return p, nil
}

// shown is a remote_url for messages, without what somebody may have put before an @.
func shown(remote string) string {
	if i := strings.LastIndex(remote, "@"); i >= 0 {
		remote = "...@" + remote[i+1:]
	}
	if len(remote) > 300 {
		remote = remote[:300] + "..."
	}
	return remote
}

// url is an object's address.
func (p place) url(name string) string { return "gs://" + p.bucket + "/" + name }
