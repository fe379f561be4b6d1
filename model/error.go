package model

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// Kind says what an error means for the caller.
type Kind string

// The kinds of errors.
const (
	NoKey       Kind = "no_key"       // no key was given and none stands in the environment
	BadKey      Kind = "bad_key"      // the provider does not accept the key, or not for this model
	NoModel     Kind = "no_model"     // the provider does not know the model
	NotOffered  Kind = "not_offered"  // the provider has nothing of this kind
	BadRequest  Kind = "bad_request"  // the provider will never answer this question
	TooLarge    Kind = "too_large"    // the question is too long, or an image too large
	Refused     Kind = "refused"      // the model declined
	BadAnswer   Kind = "bad_answer"   // the answer is not what the protocol says
	Throttled   Kind = "throttled"    // too much was asked for too long
	Unavailable Kind = "unavailable"  // the provider cannot be reached or fails
	Exhausted   Kind = "quota_exceed" // the account has no credit left
)

// Error is a call that has failed for good, after all repetitions.
type Error struct {
	Kind     Kind
	Provider string
	Model    string
	Status   int    // of the HTTP answer, 0 without one
	Code     string // the provider's own word for it, a short identifier; "" when it gave none
	Message  string
}

func (e *Error) Error() string {
	s := e.Message
	switch {
	case e.Code != "" && e.Status != 0:
		s += fmt.Sprintf(" (%s, HTTP %d)", e.Code, e.Status)
	case e.Status != 0:
		s += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	return s
}

// Passing reports whether the same call may succeed later.
func (e *Error) Passing() bool { return e.Kind == Throttled || e.Kind == Unavailable }

// OfFile reports whether another file may fare better with the same settings.
func (e *Error) OfFile() bool {
	return e.Kind == BadRequest || e.Kind == TooLarge || e.Kind == Refused || e.Kind == BadAnswer
}

func (c *Client) errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Provider: c.Provider, Model: c.Model.Name, Message: fmt.Sprintf(format, args...)}
}

// identifier is what may be shown of an error that a provider wrote: a word of its protocol, never a sentence.
var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:-]{1,63}$`)

// codeOf looks for the provider's word in the forms in which the protocols write errors.
func codeOf(body []byte) string {
	var any struct {
		Type   string `json:"__type"`
		Error  json.RawMessage
		Errors []struct{ Code string }
	}
	if json.Unmarshal(body, &any) != nil {
		return ""
	}
	var e struct {
		Code   json.RawMessage
		Type   string
		Status string
	}
	_ = json.Unmarshal(any.Error, &e) //nolint:errcheck // a text in its place has no code
	var code string
	_ = json.Unmarshal(e.Code, &code) //nolint:errcheck // a number says less than the type
	candidates := []string{code, e.Type, e.Status, any.Type}
	if len(any.Errors) > 0 {
		candidates = append(candidates, any.Errors[0].Code)
	}
	for _, c := range candidates {
		if identifier.MatchString(c) {
			return c
		}
	}
	return ""
}
