// Package msg reads messages as Outlook keeps them (MS-OXMSG): the body, HTML before plain text before RTF, with who wrote to
// whom in the metadata of its elements, and the attachments, messages too, where they are asked for.
package msg

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/charset"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/partition/html"
	"github.com/sluicehq/sluice/partition/mail"
	"github.com/sluicehq/sluice/partition/ole"
	"github.com/sluicehq/sluice/partition/plain"
	"github.com/sluicehq/sluice/partition/rtf"
)

// reader is one file on its way.
type reader struct {
	ctx     context.Context
	options format.Options
	budget  *budget.Budget
}

// MIME is the media type of these files.
const MIME = "application/vnd.ms-outlook"

// Parse implements format.Parser.
func Parse(ctx context.Context, f document.File, o format.Options, b *budget.Budget) ([]element.Element, error) {
	container, err := ole.Open(f, b)
	if errors.Is(err, ole.ErrNotOLE) {
		return nil, budget.Errorf(budget.Corrupt, "File is not a valid msg. It may be cut off or damaged: open it in its program and save it again.")
	}
	if err != nil {
		return nil, err
	}
	root := container.Root()
	if !root.Has("__properties_version1.0") {
		return nil, budget.Errorf(budget.Corrupt, "File is not a valid msg. The properties of the message are missing.")
	}
	r := &reader{ctx, o, b}
	const header = 32
	return r.message(root, header, 0, f.Name)
}

// message reads a message and what it carries. depth counts the messages around it.
func (r *reader) message(s *ole.Storage, header, depth int, name string) ([]element.Element, error) {
	if err := r.budget.Depth(depth); err != nil {
		return nil, err
	}
	p, err := read(s, header, 0)
	if err != nil {
		return nil, err
	}
	sent, err := p.text(propHeaders)
	if err != nil {
		return nil, err
	}
	fields, _ := mail.Split(sent)
	class, err := p.text(propClass)
	if err != nil {
		return nil, err
	}
	out, err := r.body(p)
	if err != nil {
		return nil, err
	}
	kind := strings.ToLower(fields.Get("content-type"))
	if strings.Contains(kind, "encrypted") || strings.Contains(kind, "enveloped-data") || len(out) == 0 && strings.EqualFold(class, "IPM.Note.SMIME") {
		return nil, budget.Errorf(budget.Encrypted, "the message is encrypted; decrypt it in a mail program and save it again")
	}
	about, err := r.about(p, fields)
	if err != nil {
		return nil, err
	}
	about.Put(out)
	if r.options.Nested == nil {
		return out, nil
	}
	attachments := slices.DeleteFunc(slices.Clone(s.Names()), func(name string) bool { return !strings.HasPrefix(name, "__attach_version1.0_") })
	slices.Sort(attachments)
	var all element.Buffer
	all.Append(out...)
	for _, part := range attachments {
		if err := r.budget.Tick(r.ctx); err != nil {
			return nil, err
		}
		inner, ok := s.Storage(part)
		if !ok {
			continue
		}
		found, err := r.attachment(inner, p.codePage, depth, name)
		if err != nil {
			return nil, err
		}
		all.Append(found...)
	}
	return all.Elements(), nil
}

// body reads the body in the first of its forms that is there.
func (r *reader) body(p *properties) ([]element.Element, error) {
	raw, err := p.binary(propHTML)
	if err != nil {
		return nil, err
	}
	var page string
	if len(raw) > 0 {
		if number, ok := p.long(propInternetPage); ok && charset.CodePage(number) != nil {
			page = charset.FromCodePage(raw, number)
		} else if page, err = charset.Decode(raw, ""); err != nil {
			return nil, err
		}
	} else if page, err = p.text(propHTML); err != nil {
		return nil, err
	}
	if strings.TrimSpace(page) != "" {
		return html.Elements(r.ctx, page, r.options, r.budget)
	}
	words, err := p.text(propBody)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(words) != "" {
		return plain.Elements(r.ctx, words, r.budget)
	}
	if raw, err = p.binary(propRTF); err != nil || len(raw) == 0 {
		return nil, err
	}
	if raw, err = inflateRTF(raw, r.budget); err != nil {
		return nil, err
	}
	if rtf.IsEncapsulated(raw) {
		if page, err = rtf.EncapsulatedHTML(r.ctx, raw, r.budget); err != nil {
			return nil, err
		}
		return html.Elements(r.ctx, page, r.options, r.budget)
	}
	if !bytes.HasPrefix(raw, []byte(`{\rtf`)) {
		return nil, nil
	}
	return rtf.Parse(r.ctx, document.NewFile("body.rtf", "", int64(len(raw)), bytes.NewReader(raw)), r.options, r.budget)
}

// about collects the metadata: what the headers say that came with the message, else what Outlook noted.
func (r *reader) about(p *properties, fields mail.Header) (*mail.Fields, error) {
	f := &mail.Fields{
		From: list(fields.Get("from")), CC: list(fields.Get("cc")), BCC: list(fields.Get("bcc")), ID: mail.Words(fields.Get("message-id")),
	}
	var name, address, smtp, behind, behindMail, id string
	if err := p.texts(map[uint32]*string{
		propSubject: &f.Subject, propSenderName: &name, propSenderMail: &address, propSenderSMTP: &smtp, propSentForName: &behind,
		propSentForMail: &behindMail, propMessageID: &id,
	}); err != nil {
		return nil, err
	}
	f.ID = strings.Trim(cmp.Or(f.ID, id), "<> \t")
	if t, ok := p.time(propSubmitted); ok {
		f.Date = mail.Time(t)
	} else if date := mail.Date(fields.Get("date")); date != "" {
		f.Date = date
	} else if t, ok := p.time(propDelivered); ok {
		f.Date = mail.Time(t)
	}
	if f.From == nil {
		f.From = sender(cmp.Or(strings.TrimSpace(name), strings.TrimSpace(behind)), cmp.Or(smtp, address, behindMail))
	}
	return f, r.recipients(p, f)
}

// sender writes a name and an address as mail headers do.
func sender(name, address string) []string {
	switch {
	case address != "" && name != "" && name != address:
		return []string{`"` + name + `" <` + address + `>`}
	case address != "":
		return []string{"<" + address + ">"}
	case name != "":
		return []string{name}
	}
	return nil
}

// recipients adds those that Outlook noted: all of them are who the message was sent to, and those of copies are named again
// where the headers do not.
func (r *reader) recipients(p *properties, f *mail.Fields) error {
	names := slices.DeleteFunc(slices.Clone(p.storage.Names()), func(name string) bool { return !strings.HasPrefix(name, "__recip_version1.0_") })
	slices.Sort(names)
	var copies, blind []string
	for _, part := range names {
		if err := r.budget.Tick(r.ctx); err != nil {
			return err
		}
		s, ok := p.storage.Storage(part)
		if !ok {
			continue
		}
		const header = 8
		to, err := read(s, header, p.codePage)
		if err != nil {
			return err
		}
		var smtp, address, name string
		if err := to.texts(map[uint32]*string{propSMTP: &smtp, propMail: &address, propDisplayName: &name}); err != nil {
			return err
		}
		address = strings.TrimSpace(cmp.Or(smtp, address, name))
		if address == "" {
			continue
		}
		f.To = append(f.To, address)
		switch kind, _ := to.long(propRecipientKind); kind {
		case 2:
			copies = append(copies, address)
		case 3:
			blind = append(blind, address)
		}
	}
	if f.CC == nil {
		f.CC = copies
	}
	if f.BCC == nil {
		f.BCC = blind
	}
	return nil
}

// list cuts a header field at its commas, but for those in quotes.
func list(value string) []string {
	var out []string
	quoted, start := false, 0
	value = mail.Words(value)
	for i := 0; i <= len(value); i++ {
		if i < len(value) {
			switch value[i] {
			case '\\':
				if quoted {
					i++
				}
				continue
			case '"':
				quoted = !quoted
				continue
			}
		}
		if i >= len(value) || value[i] == ',' && !quoted {
			if one := strings.TrimSpace(value[start:min(i, len(value))]); one != "" {
				out = append(out, one)
			}
			start = i + 1
		}
	}
	return out
}

// attachment reads what one storage of an attachment holds: a message, or a file.
func (r *reader) attachment(s *ole.Storage, codePage, depth int, message string) ([]element.Element, error) {
	const header = 8
	p, err := read(s, header, codePage)
	if err != nil {
		return nil, err
	}
	var long, short, shown, media string
	if err := p.texts(map[uint32]*string{propLongName: &long, propShortName: &short, propDisplayName: &shown, propMIME: &media}); err != nil {
		return nil, err
	}
	if inner, ok := s.Storage(stream(propAttachment, typeStorage)); ok {
		if !inner.Has("__properties_version1.0") { // an object of another program
			return nil, nil
		}
		name := strings.NewReplacer("/", "_", `\`, "_").Replace(cmp.Or(shown, long, short, "unknown"))
		if !strings.HasSuffix(strings.ToLower(name), ".msg") {
			name += ".msg"
		}
		const header = 24
		found, err := r.message(inner, header, depth+1, name)
		if mail.Skip(err) {
			return nil, nil
		}
		for i := range found {
			m := &found[i].Metadata
			m.AttachedToFilename = message
			if m.Filename == "" {
				m.Filename, m.Filetype = name, MIME
			}
		}
		return found, err
	}
	content, err := p.binary(propAttachment)
	if err != nil || content == nil {
		return nil, err
	}
	return mail.Attachment(r.ctx, cmp.Or(long, short, shown), "unknown", media, content, message, r.options)
}
