// Package mail holds what the formats of mail share (package eml for messages as they are sent, package msg for those that
// Outlook keeps): header fields, the metadata of a message, and how attachments are read.
package mail

import (
	"bytes"
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/format"
)

// Fields are what the elements of a message's body say of the message.
type Fields struct {
	From, To, CC, BCC []string
	Subject           string
	ID                string // message id without its brackets
	Date              string // ISO 8601, "" when unknown
}

// Put sets the metadata of elements.
func (f *Fields) Put(elements []element.Element) {
	for i := range elements {
		m := &elements[i].Metadata
		m.SentFrom, m.SentTo, m.CCRecipient, m.BCCRecipient = f.From, f.To, f.CC, f.BCC
		m.Subject, m.EmailMessageID, m.LastModified = f.Subject, f.ID, f.Date
	}
}

// Time writes a point in time as metadata.last_modified has it.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") + "+00:00" }

// Attachment reads what a message carries as a file of its own. name is what the sender calls it: only its last part
// counts, and unnamed takes its place. One that cannot be read is left out: the message is not to blame.
func Attachment(ctx context.Context, name, unnamed, media string, content []byte, message string, o format.Options) ([]element.Element, error) {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == ".." || name == "/" || name == "" {
		name = unnamed
	}
	found, err := o.Nested(ctx, document.NewFile(name, media, int64(len(content)), bytes.NewReader(content)))
	if Skip(err) {
		return nil, nil
	}
	for i := range found {
		found[i].Metadata.AttachedToFilename = message
	}
	return found, err
}

// Skip tells the errors of an attachment that the message outlives.
func Skip(err error) bool {
	var failed *budget.Error
	return errors.As(err, &failed) && failed.Outcome != budget.TooLarge && failed.Outcome != budget.TimedOut
}
