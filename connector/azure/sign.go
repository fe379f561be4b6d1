package azure

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// version is the version of the REST interface that is spoken.
const version = "2021-12-02"

// sign gives a request what every one needs, and the proof of the account: the signature in the query, or one with the
// account's key by the rules of "Authorize with Shared Key".
func (l login) sign(_ context.Context, r *http.Request, body []byte) error {
	r.Header.Set("X-Ms-Version", version)
	r.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
	switch {
	case l.sas != nil:
		q := r.URL.Query()
		maps.Copy(q, l.sas)
		r.URL.RawQuery = q.Encode()
	case l.key != nil:
		mac := hmac.New(sha256.New, l.key)
		mac.Write([]byte(l.text(r, len(body))))
		r.Header.Set("Authorization", "SharedKey "+l.account+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return nil
}

// text is what is signed.
func (l login) text(r *http.Request, length int) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n")
	for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type", "Date",
		"If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range"} {
		value := r.Header.Get(name)
		if name == "Content-Length" && length > 0 {
			value = strconv.Itoa(length)
		}
		b.WriteString(value + "\n")
	}
	var own []string
	for name := range r.Header {
		if low := strings.ToLower(name); strings.HasPrefix(low, "x-ms-") {
			own = append(own, low)
		}
	}
	slices.Sort(own)
	for _, name := range own {
		b.WriteString(name + ":" + strings.Join(r.Header.Values(name), ",") + "\n")
	}
	b.WriteString("/" + l.account + r.URL.EscapedPath())
	query := map[string][]string{}
	for name, values := range r.URL.Query() {
		query[strings.ToLower(name)] = append(query[strings.ToLower(name)], values...)
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		slices.Sort(values)
		b.WriteString("\n" + name + ":" + strings.Join(values, ","))
	}
	return b.String()
}
