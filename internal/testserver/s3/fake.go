package s3

import (
	"context"
	"crypto/subtle"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// fake is gofakes3 in memory behind a check of signatures, which it has none of.
type fake struct {
	address     string
	credentials aws.Credentials
	region      string
	inner       http.Handler

	server *http.Server
	done   sync.WaitGroup
}

func newFake(address string, s *Server) (backend, error) {
	return &fake{
		address: address, credentials: aws.Credentials{AccessKeyID: s.Key, SecretAccessKey: s.Secret}, region: s.Region,
		inner: gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server(),
	}, nil
}

func (f *fake) start() error {
	l, err := net.Listen("tcp", f.address) //nolint:noctx // closed by stop
	if err != nil {
		return err
	}
	server := &http.Server{Handler: f, ReadHeaderTimeout: patience}
	f.server = server
	f.done.Go(func() { _ = server.Serve(l) })
	return nil
}

func (f *fake) stop() error {
	err := f.server.Close()
	f.done.Wait()
	return err
}

func (f *fake) remove() error { return nil }

// ServeHTTP refuses what is not signed with the credentials of this server for its region.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	code, message := f.refusal(r)
	if code == "" {
		f.inner.ServeHTTP(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	status := http.StatusForbidden
	if code == "AuthorizationHeaderMalformed" {
		status = http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
}

// refusal says why a request is not let through; "" when it is.
func (f *fake) refusal(r *http.Request) (code, message string) {
	given := r.Header.Get("Authorization")
	if given == "" {
		return "AccessDenied", "Access Denied"
	}
	scope, signed := field(given, "Credential="), field(given, "SignedHeaders=")
	parts := strings.Split(scope, "/")
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	switch {
	case len(parts) != 5 || err != nil:
		return "AuthorizationHeaderMalformed", "The authorization header is malformed."
	case parts[0] != f.credentials.AccessKeyID:
		return "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
	case parts[2] != f.region:
		return "AuthorizationHeaderMalformed", fmt.Sprintf(
			"The authorization header is malformed; the region '%s' is wrong; expecting '%s'", parts[2], f.region)
	}
	again := r.Clone(context.WithoutCancel(r.Context()))
	again.Header = http.Header{}
	again.ContentLength = 0 // counted below, when it was signed
	for name := range strings.SplitSeq(signed, ";") {
		if name == "content-length" {
			again.ContentLength = r.ContentLength
		} else if name != "host" {
			again.Header[http.CanonicalHeaderKey(name)] = r.Header[http.CanonicalHeaderKey(name)]
		}
	}
	again.URL.Scheme, again.URL.Host = "http", r.Host
	err = v4.NewSigner().SignHTTP(again.Context(), f.credentials, again, r.Header.Get("X-Amz-Content-Sha256"), "s3", f.region, at,
		func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err != nil || subtle.ConstantTimeCompare([]byte(again.Header.Get("Authorization")), []byte(given)) != 1 {
		return "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."
	}
	return "", ""
}

// field returns a value of the Authorization header.
func field(header, name string) string {
	_, rest, _ := strings.Cut(header, name)
	value, _, _ := strings.Cut(rest, ",")
	return strings.TrimSpace(value)
}
