package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/format"
	"github.com/sluicehq/sluice/vision"
	"github.com/sluicehq/sluice/workflow"
)

// window is how many pages are drawn at a time, and how many may wait. Their child process is free again when they are drawn: it
// never waits for a provider.
const window = 24

// partitionerType is what metadata.partitioner_type says of elements that a vision model gave.
const partitionerType = "vlm_partition"

// What is kept in the metadata of elements of pages that were chosen for.
const (
	strategyKey = "page_strategy"
	reasonKey   = "page_strategy_reason"
)

// seenPage is a page on its way through a vision partitioner.
type seenPage struct {
	number           int
	filetype         string
	strategy, reason string // see format.Picture
	html             string // the model's, when it has answered
	usage            model.Usage
	err              error
}

// see runs a vision partitioner.
func (r *run) see(ctx context.Context, n workflow.Node, out *Output) error {
	o, err := r.partitionOptions(n)
	if err != nil {
		return err
	}
	elements, err := r.look(ctx, n, &o)
	switch {
	case err != nil:
		return err
	case elements == nil:
		return r.parse(ctx, o, out)
	}
	return r.write(ctx, out, elements)
}

// look gives the elements of a file as a vision model reads it. Pages go to the model as pictures, many at once, and come back as
// HTML, which the parse child turns into elements: what a model writes is as hostile as the page it has seen. With is_dynamic,
// pages that need no model, or got no usable answer from it, are read by the parsers. Where they read all of the file, as one that is
// neither a PDF nor a picture, there are no elements, and the options are those to parse with.
func (r *run) look(ctx context.Context, n workflow.Node, o *partition.Options) (iter.Seq2[element.Element, error], error) {
	s := settings(n.Settings)
	dynamic := s.flag("is_dynamic")
	_, c, err := r.client(ctx, n)
	var known *model.Error
	switch {
	case err == nil:
	case dynamic && errors.As(err, &known) && known.Kind == model.NoKey:
		r.cfg.Log.WarnContext(ctx, "pages that a vision model should see are read without one", "job", r.in.Job, "file", r.in.File, "node", n.Name, "reason", known.Error())
		o.Route.Without = "no vision model has a key here"
		return nil, nil
	default:
		return nil, err
	}
	f, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	pages, err := r.ask(ctx, f, *o, c, vision.Options{Prompt: s.str("prompt"), JSON: s.str("output_format") == "application/json"})
	var usage model.Usage
	seen := 0
	for _, p := range pages {
		usage = usage.Add(p.usage)
		if p.err != nil && err == nil { // else it is the provider's failure, and the file is tried again
			usage.Failed++
		}
		if p.strategy == "vlm" {
			seen++
		}
	}
	r.used(ctx, n, c, usage, "pages", seen)
	switch {
	case errors.As(err, &known):
		return nil, r.refused(n, err)
	case err != nil:
		return nil, err
	}
	if err := r.judge(ctx, n, pages, dynamic); err != nil {
		return nil, err
	}
	if len(pages) == 1 && pages[0].number == 0 { // neither a PDF nor a picture
		o.Route = nil
		return nil, nil
	}
	return merged(r.parsed(ctx, f, *o, pages), r.answered(ctx, *o, pages, s.flag("format_html"))), nil
}

// ask draws the pages of a file and asks for those that a model is to see, as many at once as the provider's key may have. The
// pages come back in order. An error is that of the file, or one that would meet every page; the pages asked before it have
// ended, so that their answers are in the cache for the next try.
func (r *run) ask(ctx context.Context, f document.File, o partition.Options, c *model.Client, v vision.Options) ([]*seenPage, error) {
	var pages []*seenPage
	var calls sync.WaitGroup
	defer calls.Wait()
	slots := make(chan struct{}, c.Parallel())
	var mu sync.Mutex
	var failed error // of a call, that would meet every page
	stopped := func() error {
		mu.Lock()
		defer mu.Unlock()
		return failed
	}
	for d, err := range r.drawn(ctx, f, o) {
		if err != nil {
			return pages, err
		}
		p := &seenPage{number: d.Page, filetype: d.Filetype, strategy: d.Strategy, reason: d.Reason}
		pages = append(pages, p)
		if d.Image == nil {
			continue
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return pages, context.Cause(ctx)
		}
		if stopped() != nil {
			break
		}
		calls.Go(func() {
			defer func() { <-slots }()
			p.html, p.usage, p.err = vision.Page(ctx, c, d.Image, v)
			var known *model.Error
			if p.err != nil && (!errors.As(p.err, &known) || !known.OfFile()) {
				mu.Lock()
				failed = cmp.Or(failed, p.err)
				mu.Unlock()
			}
		})
	}
	calls.Wait()
	return pages, stopped()
}

// drawn gives the pages of a file, each as soon as it is drawn. They are drawn a window at a time, the next one while the caller
// works on one.
func (r *run) drawn(ctx context.Context, f document.File, o partition.Options) iter.Seq2[partition.PagePicture, error] {
	return func(yield func(partition.PagePicture, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		type result struct {
			page partition.PagePicture
			err  error
		}
		windows := make(chan chan result, 1)
		var drawing sync.WaitGroup
		defer drawing.Wait()
		defer cancel()
		drawing.Go(func() {
			defer close(windows)
			for from, more := 0, true; more; from += window {
				pages := make(chan result, window+1) // with room for all of them and an error
				select {
				case windows <- pages:
				case <-ctx.Done():
					return
				}
				more = false
				for page, err := range child.Pages(ctx, r.cfg.Parser, f, child.Request{Options: o, Urgent: r.in.Urgent, Pictures: &child.Pictures{From: from, Most: window}}) {
					more = err == nil && page.More
					pages <- result{page, err}
				}
				close(pages)
			}
		})
		for pages := range windows {
			for p := range pages {
				if !yield(p.page, p.err) || p.err != nil {
					return
				}
			}
		}
	}
}

// judge says what becomes of pages without a usable answer: the file fails by the first of them, or, where pages may be read in
// another way, the parsers read them and the reason says so.
func (r *run) judge(ctx context.Context, n workflow.Node, pages []*seenPage, dynamic bool) error {
	lost := 0
	for _, p := range pages {
		if p.err == nil {
			continue
		}
		if !dynamic {
			return r.refused(n, fmt.Errorf("page %d: %w", p.number, p.err))
		}
		lost++
		p.strategy, p.reason = "", p.reason+"; the vision model gave no answer that can be used: "+p.err.Error()
	}
	if lost > 0 {
		r.cfg.Log.WarnContext(ctx, "pages were read without the vision model, whose answers could not be used", "job", r.in.Job, "file", r.in.File,
			"node", n.Name, "pages", lost)
	}
	return nil
}

// parsed gives the elements of the pages that the parsers read.
func (r *run) parsed(ctx context.Context, f document.File, o partition.Options, pages []*seenPage) iter.Seq2[element.Element, error] {
	wanted := map[int]*seenPage{}
	o.Pages = nil
	for i, p := range pages {
		if p.strategy == "vlm" || p.strategy == "empty" {
			continue
		}
		wanted[p.number] = p
		if last := len(o.Pages) - 1; last >= 0 && o.Pages[last].Last == i {
			o.Pages[last].Last = i + 1
		} else {
			o.Pages = append(o.Pages, format.Span{First: i + 1, Last: i + 1})
		}
	}
	return func(yield func(element.Element, error) bool) {
		if len(wanted) == 0 {
			return
		}
		for e, err := range child.Elements(ctx, r.cfg.Parser, f, child.Request{Options: o, DataSource: r.in.DataSource, Urgent: r.in.Urgent}) {
			if err == nil {
				p := wanted[number(e)]
				if p == nil {
					continue
				}
				if p.err != nil {
					note(&e, cmp.Or(textOf(e, strategyKey), "ocr"), p.reason)
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// answered gives the elements of the pages that the model has read.
func (r *run) answered(ctx context.Context, o partition.Options, pages []*seenPage, pretty bool) iter.Seq2[element.Element, error] {
	var page strings.Builder
	page.WriteString(`<body class="Document">`)
	byNumber := map[int]*seenPage{}
	for _, p := range pages {
		if p.strategy != "vlm" {
			continue
		}
		byNumber[p.number] = p
		page.WriteString(`<div class="Page" data-page-number="` + strconv.Itoa(p.number) + `">` + p.html + `</div>`)
	}
	page.WriteString("</body>")
	o.Route, o.Pages, o.ContentType, o.HTMLParserVersion, o.Encoding = nil, nil, "text/html", "v2", "utf-8"
	return func(yield func(element.Element, error) bool) {
		if len(byNumber) == 0 {
			return
		}
		around := "" // the element of the page, which all others of it name as their parent
		f := document.NewFile("pages.html", "text/html", int64(page.Len()), strings.NewReader(page.String()))
		for e, err := range child.Elements(ctx, r.cfg.Parser, f, child.Request{Options: o, DataSource: r.in.DataSource, Urgent: r.in.Urgent}) {
			if err == nil {
				p := byNumber[number(e)]
				if p == nil {
					continue
				}
				m := &e.Metadata
				m.Filetype, m.PartitionerType = p.filetype, partitionerType
				if strings.HasPrefix(m.TextAsHTML, `<div class="Page"`) {
					around = e.ID
				} else {
					m.ParentID = around
				}
				if m.TextAsHTML != "" {
					m.TextAsHTML = identified(m.TextAsHTML, e.ID)
					if pretty {
						m.TextAsHTML = vision.Pretty(m.TextAsHTML)
					}
				}
				note(&e, p.strategy, p.reason)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func number(e element.Element) int {
	if e.Metadata.PageNumber == nil {
		return 0
	}
	return *e.Metadata.PageNumber
}

func note(e *element.Element, strategy, reason string) {
	if e.Metadata.Extra == nil {
		e.Metadata.Extra = map[string]any{}
	}
	e.Metadata.Extra[strategyKey], e.Metadata.Extra[reasonKey] = strategy, reason
}

func textOf(e element.Element, key string) string { v, _ := e.Metadata.Extra[key].(string); return v }

// identified puts an element's id into the first tag of its HTML.
func identified(html, id string) string {
	end := strings.IndexAny(html, " />")
	if end < 0 {
		return html
	}
	if class := strings.Index(html, ` class="`); class == end {
		if quote := strings.IndexByte(html[class+len(` class="`):], '"'); quote >= 0 {
			end = class + len(` class="`) + quote + 1
		}
	}
	return html[:end] + ` id="` + id + `"` + html[end:]
}

// merged gives two streams in the order of their pages, each in its own order.
func merged(a, b iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		nextA, stopA := iter.Pull2(a)
		defer stopA()
		nextB, stopB := iter.Pull2(b)
		defer stopB()
		ea, errA, okA := nextA()
		eb, errB, okB := nextB()
		for okA || okB {
			if okA && (!okB || errA != nil || number(ea) <= number(eb)) {
				if !yield(ea, errA) || errA != nil {
					return
				}
				ea, errA, okA = nextA()
				continue
			}
			if !yield(eb, errB) || errB != nil {
				return
			}
			eb, errB, okB = nextB()
		}
	}
}

// write stores elements as the output of the first node.
func (r *run) write(ctx context.Context, out *Output, elements iter.Seq2[element.Element, error]) error {
	pages := map[int]bool{}
	if err := r.store(ctx, out, counted(elements, pages)); err != nil {
		return err
	}
	if out.Pages = len(pages); out.Elements > 0 {
		out.Pages = max(out.Pages, 1)
	}
	r.pages = out.Pages
	return nil
}

// visionOf reads the names of a vision partitioner. Provider auto is the one that the model belongs to, else the first that
// has a key.
func visionOf(n workflow.Node) asked {
	s := settings(n.Settings)
	a := asked{provider: strings.ToLower(s.str("provider")), model: s.str("model"), host: cmp.Or(s.str("base_url"), hostOf(n.Settings["custom_host_config"])), task: model.See}
	switch a.provider {
	case "":
		a.provider = "anthropic"
	case "auto":
		a.provider = providerWithKey(ownerOf(a.model), "anthropic", "openai", "vertexai", "bedrock")
		if ownerOf(a.model) != a.provider {
			a.model = ""
		}
	}
	return a
}

// ownerOf tells which provider offers a model, by the form of its name; "" when that does not tell.
func ownerOf(name string) string {
	switch {
	case strings.HasPrefix(name, "claude-"):
		return "anthropic"
	case strings.HasPrefix(name, "gpt-"):
		return "openai"
	case strings.HasPrefix(name, "gemini-"):
		return "vertexai"
	case strings.Contains(name, "anthropic.") || strings.Contains(name, "amazon."):
		return "bedrock"
	}
	return ""
}

// hostOf reads the address of custom_host_config: the address itself, or an object that holds it.
func hostOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		for _, key := range []string{"base_url", "url", "host", "endpoint"} {
			if s, ok := v[key].(string); ok && s != "" {
				return s
			}
		}
	}
	return ""
}

// lacksVision says why a vision partitioner cannot run. One that may read pages without a model runs without a key.
func lacksVision(n workflow.Node) string {
	if settings(n.Settings).flag("is_dynamic") {
		a, err := askedOf(n)
		if err == nil && a.host == "" && n.Settings["provider_api_key"] == nil && slices.Contains(model.Providers(), a.provider) && a.provider != model.Local {
			var known *model.Error
			if _, err := model.New(a.config("", nil, nil), a.task); errors.As(err, &known) && known.Kind == model.NoKey {
				return ""
			}
		}
	}
	return lacksModel(n)
}
