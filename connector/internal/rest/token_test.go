package rest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestTokens asks for one token for many requests, and for another when it has ended, is forgotten or refused.
func TestTokens(t *testing.T) {
	t.Parallel()
	asked, life := 0, time.Hour
	tokens := &Tokens{Renew: func(context.Context) (string, time.Duration, error) {
		asked++
		return "t" + strconv.Itoa(asked), life, nil
	}}
	sign := func() string {
		r := &http.Request{Header: http.Header{}}
		if err := tokens.Sign(t.Context(), r, nil); err != nil {
			t.Error(err)
		}
		return r.Header.Get("Authorization")
	}
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			if got := sign(); got != "Bearer t1" {
				t.Errorf("%q", got)
			}
		})
	}
	work.Wait()
	life = 0 // ends at once
	tokens.Forget()
	if a, b := sign(), sign(); a != "Bearer t2" || b != "Bearer t3" {
		t.Errorf("%q, %q", a, b)
	}
	life = time.Hour
	first := sign()
	refused := errors.New("refused")
	calls := 0
	err := tokens.Again(t.Context(), func(err error) bool { return errors.Is(err, refused) }, func() error {
		if calls++; sign() == first {
			return refused
		}
		return nil
	})
	if err != nil || calls != 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tokens.Sign(ended, &http.Request{Header: http.Header{}}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	for body, want := range map[string]time.Duration{
		`{"access_token":"x","expires_in":60}`: time.Minute, `{"access_token":"x","expires_in":999999999999999999}`: time.Hour, `{"access_token":"x"}`: 0,
		`{"access_token":""}`: -1, `{"access_token":"x\r\ny: z"}`: -1, `<html>`: -1,
	} {
		token, life, ok := ReadToken([]byte(body), time.Hour)
		if ok != (want >= 0) || ok && (token != "x" || life != want) {
			t.Errorf("%s: %q, %s, %t", body, token, life, ok)
		}
	}
}
