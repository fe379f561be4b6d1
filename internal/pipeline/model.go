package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/embed"
	"github.com/sluicehq/sluice/enrich"
	"github.com/sluicehq/sluice/extract"
	"github.com/sluicehq/sluice/internal/models"
	"github.com/sluicehq/sluice/internal/observe"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/workflow"
)

// asked says what a node asks of whom.
type asked struct {
	provider, model, host string
	task                  model.Task
	enrichment            enrich.Task
}

// askedOf reads the names of a node with a model: the provider is the subtype, its first part, or a setting.
func askedOf(n workflow.Node) (asked, error) {
	s := settings(n.Settings)
	a := asked{host: s.str("base_url")}
	switch n.Type {
	case workflow.KindPartition:
		return visionOf(n), nil
	case workflow.KindEmbed:
		a.provider, a.model, a.task = n.Subtype, s.str("model_name"), model.Vector
	case workflow.KindExtract:
		a.provider, a.model, a.task = cmp.Or(s.str("provider"), "openai"), s.str("model"), model.Write
	case workflow.KindPrompter:
		for _, t := range enrich.Tasks() {
			if provider, ok := strings.CutSuffix(n.Subtype, "_"+string(t)); ok {
				a.provider, a.enrichment = provider, t
			}
		}
		if a.enrichment == "" {
			return a, fmt.Errorf("there is no enrichment %q; it is <provider>_ and one of image_description, table_description, table2html, ner, ocr", n.Subtype)
		}
		a.provider, a.model, a.task = cmp.Or(s.str("provider_type"), a.provider), s.str("model"), model.Write
		if a.enrichment.Sees() {
			a.task = model.See
		}
	}
	a.provider = strings.ToLower(a.provider)
	if a.provider == "twopass" { // the contract names no provider for it: whichever the server has a key for
		a.provider = model.Local
		if p := providerWithKey("anthropic", "openai", "vertexai"); hasKey(p) {
			a.provider = p
		}
	}
	return a, nil
}

// providerWithKey is the first of some providers that the server has a key for; without one the first of them.
func providerWithKey(names ...string) string {
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	for _, p := range names {
		if hasKey(p) {
			return p
		}
	}
	return names[0]
}

// hasKey tells whether the server has a key for a provider.
func hasKey(provider string) bool {
	_, err := model.New(model.Config{Provider: provider, Getenv: os.Getenv}, model.Write)
	return err == nil
}

// local tells whether the node needs no provider: entities are found, and tables are HTML already, by the program itself.
func (a asked) local() (bool, error) {
	if a.provider != model.Local || a.task == model.Vector {
		return false, nil
	}
	switch a.enrichment {
	case enrich.NER, enrich.TableToHTML:
		return true, nil
	}
	return false, errors.New("provider local cannot do this; name a provider and give its key")
}

// config is how the provider is asked. A host that a node names gets no key of the server, and is reached as tenants' other
// addresses are; the server's own addresses are its operator's.
func (a asked) config(key string, guarded *http.Client, explain func(error) string) model.Config {
	c := model.Config{Provider: a.provider, Model: a.model, Key: key, BaseURL: a.host, Getenv: os.Getenv, Explain: explain, Installed: installedModel}
	if a.host != "" || key != "" && a.provider == "vertexai" { // a service account names the address of its tokens
		c.HTTP = guarded
	}
	if a.host != "" {
		c.Getenv = func(name string) string {
			if name == "WATSONX_PROJECT_ID" || strings.HasPrefix(name, "AWS_") && strings.HasSuffix(name, "REGION") {
				return os.Getenv(name)
			}
			return ""
		}
	}
	return c
}

// installedModel finds a network that the operator of this machine installed.
func installedModel(name string) (model.Installed, error) {
	m, err := models.Find(name)
	if err != nil {
		return nil, err
	}
	return models.Open(m)
}

// lacksModel says why a node with a model cannot run, "" when it can as far as is known without asking.
func lacksModel(n workflow.Node) string {
	a, err := askedOf(n)
	if err != nil {
		return err.Error()
	}
	local, err := a.local()
	if err != nil {
		return err.Error()
	}
	if local {
		return ""
	}
	if n.Type == workflow.KindExtract {
		if err := extractOptions(n).Valid(); err != nil {
			return err.Error()
		}
	}
	if n.Settings["provider_api_key"] != nil { // sealed; whether it is right is found out by the first call
		if !slices.Contains(model.Providers(), a.provider) {
			return fmt.Sprintf("there is no provider %q; it is one of %s", a.provider, strings.Join(model.Providers(), ", "))
		}
		return ""
	}
	_, err = model.New(a.config("", nil, nil), a.task)
	var known *model.Error
	switch {
	case err == nil:
		return ""
	case n.Name == "" || !errors.As(err, &known) || known.Kind != model.NoKey:
		return err.Error()
	case a.host != "":
		return fmt.Sprintf("provider %s needs a key: give the node its own, since a host that a node names never gets the server's", a.provider)
	}
	return err.Error() + " of the server, or give the node its own"
}

// client makes the client of a node.
func (r *run) client(ctx context.Context, n workflow.Node) (asked, *model.Client, error) {
	a, err := askedOf(n)
	if err != nil {
		return a, nil, r.refused(n, err)
	}
	local, err := a.local()
	if err != nil {
		return a, nil, r.refused(n, err)
	}
	if local {
		return a, nil, nil
	}
	s := settings(n.Settings)
	if len(workflow.SealedFields(n)) > 0 && r.in.Secrets != nil {
		if s, err = r.in.Secrets(n); err != nil {
			return a, nil, err
		}
	}
	c, err := r.clients.get(clientKey{a, s.str("provider_api_key"), r.in.Workspace}, func(k clientKey) (*model.Client, error) {
		c := k.config(k.key, r.cfg.HTTP, r.cfg.Explain)
		c.Cache, c.Scope, c.Prices, c.Patience = r.cfg.Answers, k.workspace, r.cfg.Prices, r.cfg.Patience
		return model.New(c, k.task)
	})
	if err != nil {
		return a, nil, r.refused(n, err)
	}
	if c.Replaced != "" {
		r.cfg.Log.WarnContext(ctx, "a model is no longer offered and another takes its place", "job", r.in.Job, "node", n.Name, "model", c.Replaced, "instead", c.Model.Name)
	}
	return a, c, nil
}

// clients keeps the clients of a runner's nodes, so that the files of a job share one: some providers have a key exchanged
// for a token first.
type clients struct {
	mu   sync.Mutex
	kept map[clientKey]*model.Client
}

type clientKey struct {
	asked
	key       string
	workspace string // whose answers are kept apart
}

// maxClients bounds what is kept. A server has few nodes that ask models at a time; beyond, all are made anew.
const maxClients = 256

func (c *clients) get(k clientKey, open func(clientKey) (*model.Client, error)) (*model.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.kept[k]; ok {
		return client, nil
	}
	client, err := open(k)
	if err != nil {
		return nil, err
	}
	if c.kept == nil || len(c.kept) == maxClients {
		c.kept = map[clientKey]*model.Client{}
	}
	c.kept[k] = client
	return client, nil
}

// refused is a node that cannot work. An error that may pass stays as it is, so that the file is tried again later.
func (r *run) refused(n workflow.Node, err error) error {
	whose := ""
	if n.Name != "" { // it stands in a workflow
		whose = fmt.Sprintf("node %q: ", n.Name)
	}
	var known *model.Error
	if errors.As(err, &known) && known.Passing() {
		return fmt.Errorf("%s%w", whose, err)
	}
	return &budget.Error{Outcome: failedNode, Message: whose + err.Error(), Err: err}
}

// explained gives the errors of a model as those of its node.
func (r *run) explained(n workflow.Node, in iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error] {
	return func(yield func(element.Element, error) bool) {
		for e, err := range in {
			var known *model.Error
			if errors.As(err, &known) {
				err = r.refused(n, err)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// used books what a node asked of its model; c is nil when it asked nobody.
func (r *run) used(ctx context.Context, n workflow.Node, c *model.Client, u model.Usage, more ...any) {
	if c == nil || c.Provider == model.Local {
		return
	}
	r.cfg.Log.InfoContext(ctx, "a model was asked", append([]any{"job", r.in.Job, "file", r.in.File, "node", n.Name, "subtype", n.Subtype,
		"provider", c.Provider, "model", c.Model.Name, "calls", u.Calls, "cached", u.Cached, "input_tokens", u.Input, "output_tokens", u.Output,
		"cost_usd", u.Cost}, more...)...)
	observe.Asked(ctx, observe.Answers{Provider: c.Provider, Model: c.Model.Name, Calls: u.Calls, Cached: u.Cached, Input: u.Input, Output: u.Output, Cost: u.Cost})
	if r.in.Used != nil && u != (model.Usage{}) {
		r.in.Used(ctx, n, u)
	}
}

// embed runs an embed node.
func (r *run) embed(ctx context.Context, n workflow.Node, out *Output) error {
	_, c, err := r.client(ctx, n)
	if err != nil {
		return err
	}
	var report embed.Report
	err = r.rewrite(ctx, n, out, func(in iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error] {
		return r.explained(n, embed.Elements(ctx, in, c, c.Model.MaxCharacters(), &report))
	})
	r.used(ctx, n, c, report.Usage)
	if report.Long > 0 {
		r.cfg.Log.WarnContext(ctx, "texts are longer than the model reads; make smaller chunks", "job", r.in.Job, "file", r.in.File, "node", n.Name,
			"texts", report.Long, "characters", c.Model.MaxCharacters())
	}
	return err
}

// enrich runs an enrichment.
func (r *run) enrich(ctx context.Context, n workflow.Node, out *Output) error {
	a, c, err := r.client(ctx, n)
	if err != nil {
		return err
	}
	o := enrich.Options{Provider: a.provider}
	overrides, _ := n.Settings["prompt_interface_overrides"].(map[string]any)
	prompt, _ := overrides["prompt"].(map[string]any)
	o.Prompt, _ = prompt["user"].(string)
	var chat enrich.Chat = enrich.Local{}
	if c != nil {
		chat, o.Model = c, c.Model.Name
	}
	var report enrich.Report
	err = r.rewrite(ctx, n, out, func(in iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error] {
		if c == nil && a.enrichment == enrich.TableToHTML {
			return in // the parsers give tables as HTML
		}
		if a.enrichment.Sees() && settings(r.in.Nodes[0].Settings).str("strategy") == "fast" {
			return in // as the contract has it, section 3.3
		}
		return r.explained(n, enrich.Elements(ctx, in, chat, a.enrichment, o, &report))
	})
	usage := report.Usage
	usage.Failed = report.Failed
	r.used(ctx, n, c, usage, "elements", report.Asked, "failed", report.Failed)
	if report.Failed > 0 {
		r.cfg.Log.WarnContext(ctx, "elements were left as they were", "job", r.in.Job, "file", r.in.File, "node", n.Name,
			"failed", report.Failed, "of", report.Asked, "reasons", fmt.Sprint(report.Reasons))
	}
	return err
}

func extractOptions(n workflow.Node) extract.Options {
	given, _ := n.Settings["schema_to_extract"].(map[string]any)
	var o extract.Options
	o.Schema, _ = given["json_schema"].(string)
	o.Guidance, _ = given["extraction_guidance"].(string)
	return o
}

// extract runs an extractor: the document's data stands in front of its elements, which follow unchanged.
func (r *run) extract(ctx context.Context, n workflow.Node, out *Output) error {
	_, c, err := r.client(ctx, n)
	if err != nil {
		return err
	}
	stored, err := r.cfg.Blobs.Open(ctx, r.last.Blob)
	if err != nil {
		return fmt.Errorf("read the output of the node before %q: %w", n.Name, err)
	}
	data, usage, err := extract.Document(ctx, element.Decode(stored), c, extractOptions(n))
	stored.Close()
	r.used(ctx, n, c, usage)
	var known *model.Error
	if errors.As(err, &known) {
		return r.refused(n, err)
	}
	if err != nil {
		return err
	}
	return r.rewrite(ctx, n, out, func(in iter.Seq2[element.Element, error]) iter.Seq2[element.Element, error] {
		return func(yield func(element.Element, error) bool) {
			if !yield(data, nil) {
				return
			}
			for e, err := range in {
				if !yield(e, err) {
					return
				}
			}
		}
	})
}
