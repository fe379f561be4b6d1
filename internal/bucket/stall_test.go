package bucket

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// drip answers with ten bytes a minute, ten times, and then as the path says: with the end, or with silence. /mute does not
// answer at all.
func drip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/mute" {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	out, in := io.Pipe()
	go func() {
		for range 10 {
			_, _ = io.WriteString(in, "0123456789")
			time.Sleep(time.Minute)
		}
		if r.URL.Path == "/silent" {
			<-r.Context().Done()
		}
		in.CloseWithError(r.Context().Err())
	}()
	return &http.Response{StatusCode: http.StatusOK, Body: out, Header: http.Header{}}, nil
}

// A request that stands still ends; one that moves slowly does not, however long it takes.
func TestStall(t *testing.T) {
	t.Parallel()
	for path, still := range map[string]bool{"/slow": false, "/silent": true} {
		synctest.Test(t, func(t *testing.T) {
			answer, err := HTTPClient(trip(drip)).Get("http://host" + path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if len(got) != 100 || errors.As(err, new(stalledError)) != still || err != nil != still {
				t.Errorf("%s: %d bytes, then %v", path, len(got), err)
			}
		})
	}
	// A reader that takes its time is no silence.
	synctest.Test(t, func(t *testing.T) {
		answer, err := HTTPClient(trip(drip)).Get("http://host/slow")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		for range 10 {
			time.Sleep(time.Hour)
			if n, err := io.ReadFull(answer.Body, make([]byte, 10)); n != 10 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
		}
		if _, err := io.ReadAll(answer.Body); err != nil {
			t.Error(err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := HTTPClient(trip(drip)).Get("http://host/mute")
		if took := time.Since(start); !errors.As(err, new(stalledError)) || took != maxSilence {
			t.Errorf("no answer: %v after %s", err, took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://host/mute", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := HTTPClient(trip(drip)).Do(r); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(stalledError)) {
			t.Errorf("the caller's own end: %v", err)
		}
	})
}

// A redirect is an answer: following it would carry tokens to another host.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	asked := 0
	client := HTTPClient(trip(func(r *http.Request) (*http.Response, error) {
		asked++
		return &http.Response{StatusCode: http.StatusFound, Body: http.NoBody, Header: http.Header{"Location": {"http://other/"}}, Request: r}, nil
	}))
	answer, err := client.Get("http://host/")
	if err != nil || answer.StatusCode != http.StatusFound || asked != 1 {
		t.Fatalf("%d requests, %v", asked, err)
	}
	answer.Body.Close()
}
