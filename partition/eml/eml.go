// Package eml reads e-mail messages (RFC 5322 and MIME): the body, HTML before plain text, with who wrote to whom in the
// metadata of its elements, and the attachments where they are asked for.
package eml

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/html"
	"github.com/sluicehq/sluice/partition/mail"
	"github.com/sluicehq/sluice/partition/plain"
)

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	raw, err := f.Bytes(0)
	if err != nil {
		return nil, err
	}
	s := string(raw)
	switch inner, kind := signed(raw); kind { // the block by itself, as a file
	case isSigned:
		s, raw = string(inner), inner
	case isEncrypted:
		return nil, encrypted()
	case isDetached:
		return nil, budget.Errorf(budget.Unsupported, "the file is a signature without the message that it signs; send the message itself")
	case isOther:
		if len(raw) > 1 && raw[0] == 0x30 && raw[1] >= 0x80 {
			return nil, budget.Errorf(budget.Corrupt, "File is not a valid signed message. It is cut off or damaged: save it again in a mail program.")
		}
	}
	if len(raw) > 1 && (raw[0] == 0 || raw[1] == 0 || raw[0] >= 0xfe) { // a whole message in UTF-16 or UTF-32
		if s, err = charset.Decode(raw, ""); err != nil {
			return nil, err
		}
	}
	s = strings.TrimLeft(strings.TrimPrefix(s, "\ufeff"), "\r\n")
	if strings.HasPrefix(s, "From ") { // as mailboxes have it
		_, s, _ = strings.Cut(s, "\n")
	}
	count := 0
	root, err := tree(ctx, s, 0, &count, b)
	if err != nil {
		return nil, err
	}
	if root.media == "multipart/encrypted" || strings.Contains(root.header.Get("content-type"), "enveloped-data") {
		return nil, encrypted()
	}
	if err := root.open(ctx, 0, &count, b); err != nil {
		return nil, err
	}
	out, err := root.bodyElements(ctx, o, b)
	if err != nil {
		return nil, err
	}
	if o.Nested == nil {
		return out, nil
	}
	var all element.Buffer // there may be a hundred thousand attachments
	all.Append(out...)
	attachments := root.attachments(nil)
	for i, a := range attachments {
		found, err := a.elements(ctx, f.Name, o)
		if err != nil {
			return nil, err
		}
		all.Append(found...)
		attachments[i] = nil // what has been read goes
	}
	return all.Elements(), nil
}

// bodyElements reads the body and puts the message's fields on its elements.
func (p *part) bodyElements(ctx context.Context, o format.Options, b *budget.Budget) ([]element.Element, error) {
	var out []element.Element
	var err error
	if body := p.find("text/html"); body != nil {
		out, err = html.Elements(ctx, body.text(), o, b)
	} else if body := p.find("text/plain"); body != nil {
		out, err = plain.Elements(ctx, body.text(), b)
	}
	if err != nil {
		return nil, err
	}
	h := p.header
	from := mail.Addresses(h["from"])
	if len(from) > 1 {
		from = from[:1]
	}
	fields := mail.Fields{
		From: from, To: mail.Addresses(h["to"]), CC: mail.Addresses(h["cc"]), BCC: mail.Addresses(h["bcc"]),
		Subject: mail.Words(h.Get("subject")), ID: strings.Trim(h.Get("message-id"), "<> \t"), Date: mail.Date(h.Get("date")),
	}
	fields.Put(out)
	return out, nil
}

// find returns the first text of a kind that is no attachment.
func (p *part) find(media string) *part {
	if p.disposition == "attachment" {
		return nil
	}
	if p.media == media || media == "text/plain" && p.parts == nil && strings.HasPrefix(p.media, "text/") && p.media != "text/html" && p.filename == "" {
		return p
	}
	for _, c := range p.parts {
		if found := c.find(media); found != nil {
			return found
		}
	}
	return nil
}

// attachments lists the parts that were sent along: those declared so, and messages inside the message.
func (p *part) attachments(out []*part) []*part {
	if p.isSignature() {
		return out
	}
	if p.parts == nil && (p.disposition == "attachment" || p.media == "message/rfc822") {
		return append(out, p)
	}
	for _, c := range p.parts {
		out = c.attachments(out)
	}
	return out
}

// elements reads an attachment as a file of its own.
func (p *part) elements(ctx context.Context, message string, o format.Options) ([]element.Element, error) {
	unnamed := "unknown"
	if p.media == "message/rfc822" {
		unnamed = "unknown.eml"
	}
	return mail.Attachment(ctx, p.filename, unnamed, p.media, p.bytes(), message, o)
}
