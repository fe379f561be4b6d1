package confluence

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/listing"
	"github.com/sluicehq/sluice/connector/internal/record"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/spec"
)

// atOnce is how many pages are asked about side by side while listing.
const atOnce = 8

// source lists the pages of spaces.
type source struct {
	*site
	names              []string // keys of spaces; none is all
	mostSpaces, most   int
	images, attachment bool
}

var _ connector.Source = (*source)(nil)

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	s, err := open(config, env)
	if err != nil {
		return nil, err
	}
	number := func(name string) int {
		n, _ := config[name].(int64)
		return int(max(n, 1))
	}
	out := &source{site: s, mostSpaces: number("max_num_of_spaces"), most: number("max_num_of_docs_from_each_space")}
	for _, key := range spec.Texts(config["spaces"]) {
		if key = strings.TrimSpace(key); key != "" {
			out.names = append(out.names, key)
		}
	}
	out.images, _ = config["extract_images"].(bool)
	out.attachment, _ = config["extract_files"].(bool)
	return out, nil
}

// Check looks the spaces up, and reads the first page of the first one that has any.
func (s *source) Check(ctx context.Context) error {
	spaces, err := s.spaces(ctx, s.names, s.mostSpaces)
	if err != nil {
		return err
	}
	if len(spaces) == 0 {
		return connector.Fail(connector.ErrNotFound, "list spaces: %s sees none; give it the right to view them", s.Who())
	}
	for _, in := range spaces[:min(len(spaces), 5)] {
		var page string
		err := s.pages(ctx, in, 1, func(some []entry) error {
			if len(some) > 0 {
				page = some[0].ID
			}
			return nil
		})
		if err != nil {
			return err
		}
		if page != "" {
			_, err := s.page(ctx, fmt.Sprintf("read page %s of space %q", page, in.Key), page)
			return err
		}
	}
	return nil
}

// position is where a listing stands: behind a page of a space, or an attachment of it.
type position struct {
	space      string
	page       int64
	attachment string
}

func (p position) cursor() string { return fmt.Sprintf("%s\n%d\n%s", p.space, p.page, p.attachment) }

func parse(c connector.Cursor) (p position, ok bool) {
	if c == "" {
		return position{}, true
	}
	parts := strings.Split(string(c), "\n")
	if len(parts) != 3 {
		return p, false
	}
	p = position{space: parts[0], page: number(parts[1]), attachment: parts[2]}
	return p, p.page >= 0
}

// Index lists pages space by space, in the order of keys and ids, each with its attachments behind it. The cursor is the key and
// the id of the last one.
func (s *source) Index(ctx context.Context, from connector.Cursor) iter.Seq2[document.Document, error] {
	return listing.Stream(ctx, func(visit func(document.Document) error) error { return s.list(ctx, from, visit) })
}

func (s *source) list(ctx context.Context, from connector.Cursor, visit func(document.Document) error) error {
	after, ok := parse(from)
	if !ok {
		return connector.Fail(nil, "list spaces: this position is not one of a listing of pages")
	}
	spaces, err := s.spaces(ctx, s.names, s.mostSpaces)
	if err != nil {
		return err
	}
	for _, in := range spaces {
		if in.Key < after.space {
			continue
		}
		begin := position{page: -1}
		if in.Key == after.space {
			begin = after
		}
		if err := s.listSpace(ctx, in, begin, visit); err != nil {
			return err
		}
	}
	return nil
}

// described is a page with what was asked about it.
type described struct {
	entry
	access      []map[string]any
	attachments []entry
	err         error
}

func (s *source) listSpace(ctx context.Context, in space, after position, visit func(document.Document) error) error {
	rules, err := s.rules(ctx, in)
	if err != nil {
		return err
	}
	return s.pages(ctx, in, s.most, func(pages []entry) error {
		rules.learn(pages)
		var some []entry
		for _, p := range pages {
			if p.id > after.page || p.id == after.page && s.attachment {
				some = append(some, p)
			}
		}
		for len(some) > 0 {
			n := min(len(some), 2*atOnce)
			for _, p := range s.describe(ctx, rules, some[:n]) {
				if p.err != nil {
					return p.err
				}
				if p.id != after.page {
					if err := visit(s.document(in, p, p.entry, false)); err != nil {
						return err
					}
				}
				for _, a := range p.attachments {
					if p.id == after.page && (after.attachment != "" && a.id <= number(after.attachment)) {
						continue
					}
					if err := visit(s.document(in, p, a, true)); err != nil {
						return err
					}
				}
			}
			some = some[n:]
		}
		return nil
	})
}

// describe asks about some pages side by side.
func (s *source) describe(ctx context.Context, rules *rules, pages []entry) []described {
	out := make([]described, len(pages))
	turns := make(chan struct{}, atOnce)
	var work sync.WaitGroup
	for i, p := range pages {
		out[i].entry = p
		work.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if out[i].access, out[i].err = rules.access(ctx, p.ID); out[i].err == nil && s.attachment {
				out[i].attachments, out[i].err = s.attachments(ctx, p.ID)
			}
		})
	}
	work.Wait()
	return out
}

// document describes a page, or one of its attachments.
func (s *source) document(in space, page described, e entry, attachment bool) document.Document {
	d := document.Document{
		Identifier: e.ID, Version: e.Version, Created: e.Created, Modified: e.Modified, Permissions: page.access,
		Name: record.FileName(e.ID, ".html"), MIMEType: "text/html", URL: s.Address + "/pages/" + url.PathEscape(e.ID),
		RecordLocator: map[string]any{"space_id": in.Key, "document_id": e.ID},
	}
	d.Path = record.FileName(in.Key, "") + "/" + d.Name
	at := position{space: in.Key, page: page.id}
	if attachment {
		at.attachment = e.ID
		d.Name, d.MIMEType, d.Size = record.SafeName(e.Title), e.MediaType, e.Size
		d.Path = record.FileName(in.Key, "") + "/" + page.ID + "/" + d.Name
		d.URL = s.Client.Bases[0] + "/download/attachments/" + url.PathEscape(page.ID) + "/" + url.PathEscape(e.Title)
		d.RecordLocator["page_id"] = page.ID
	}
	d.Cursor = at.cursor()
	return d
}
