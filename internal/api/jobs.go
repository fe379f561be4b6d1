package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/store"
	"github.com/sluicehq/sluice/spec"
	"github.com/sluicehq/sluice/workflow"
)

// jobInfo is JobInformation.
type jobInfo struct {
	ID              string          `json:"id"`
	WorkflowID      string          `json:"workflow_id"`
	WorkflowName    string          `json:"workflow_name"`
	Status          store.JobStatus `json:"status"`
	CreatedAt       any             `json:"created_at"`
	Runtime         any             `json:"runtime"`
	InputFileIDs    []string        `json:"input_file_ids"`
	OutputNodeFiles []outputFile    `json:"output_node_files"`
	JobType         string          `json:"job_type"`
}

// outputFile is one row of files times nodes.
type outputFile struct {
	NodeID      string `json:"node_id"`
	FileID      string `json:"file_id"`
	NodeType    string `json:"node_type"`
	NodeSubtype string `json:"node_subtype"`
}

// infoOfJob lists the files of jobs over uploads; those of a source can be millions and are not shown.
func infoOfJob(ctx context.Context, v store.Reader, j store.Job) (jobInfo, error) {
	info := jobInfo{
		ID: j.ID, WorkflowID: j.WorkflowID, WorkflowName: j.WorkflowName, Status: j.Status, CreatedAt: stamp(j.CreatedAt),
		Runtime: runtime(j), InputFileIDs: []string{}, OutputNodeFiles: []outputFile{}, JobType: j.Type,
	}
	if len(j.Sources) > 0 {
		return info, nil
	}
	files, err := v.Files(ctx, j.Workspace, j.ID, -1, 0)
	if err != nil {
		return info, err
	}
	for _, f := range files {
		info.InputFileIDs = append(info.InputFileIDs, f.WireID)
		for _, n := range j.Nodes {
			info.OutputNodeFiles = append(info.OutputNodeFiles, outputFile{n.ID, f.WireID, n.Type, n.Subtype})
		}
	}
	return info, nil
}

// runtime is an ISO 8601 duration: from the start to the end, or to now. null before the start.
func runtime(j store.Job) any {
	if j.StartedAt.IsZero() {
		if j.EndedAt.IsZero() || j.Status == store.Stopped {
			return nil
		}
		return "PT0S" // a job without files
	}
	end := j.EndedAt
	if end.IsZero() {
		end = time.Now()
	}
	seconds := max(end.Sub(j.StartedAt), 0).Seconds()
	return "PT" + strconv.FormatFloat(float64(int64(seconds*1e6))/1e6, 'f', -1, 64) + "S"
}

func (s *server) respondJob(w http.ResponseWriter, r *request, status int, j store.Job) error {
	var info jobInfo
	err := s.Store.View(r.Context(), func(v store.Reader) (err error) {
		info, err = infoOfJob(r.Context(), v, j)
		return err
	})
	if err != nil {
		return err
	}
	return respond(w, status, info)
}

// adder gives the file parts of a form to the engine.
func adder(r *request, u engine.Uploads) func(name, contentType string, content io.Reader) error {
	return func(name, contentType string, content io.Reader) error {
		return u.Add(r.Context(), name, contentType, content)
	}
}

func (s *server) createJob(w http.ResponseWriter, r *request) error {
	uploads := s.Engine.NewUploads(r.workspace, true)
	defer uploads.Discard(r.Context())
	values, err := form(w, r, "input_files", adder(r, uploads))
	if err != nil {
		return err
	}
	nodes, template, err := s.jobNodes(values)
	if err != nil {
		return err
	}
	j, err := s.Engine.CreateJob(r.Context(), r.workspace, r.key, nodes, template, uploads)
	if err != nil {
		return err
	}
	return s.respondJob(w, r, http.StatusOK, j)
}

var requestData = spec.Spec{Fields: []spec.Field{
	{Name: "template_id", Kind: spec.String, Omit: true},
	{Name: "job_nodes", Kind: spec.Any, Omit: true, Aliases: []string{"workflow_nodes"}},
}}

// jobNodes reads the form field request_data: exactly one of template_id and job_nodes, empty being absent.
func (s *server) jobNodes(values map[string][]string) (nodes []workflow.Node, template bool, err error) {
	text, ok := first(values, "request_data")
	if !ok || strings.TrimSpace(text) == "" {
		return nil, false, bodyError("missing", "request_data", "Field required", nil)
	}
	v, err := parseJSON([]byte(text))
	if err != nil {
		return nil, false, jsonInvalid(err, "body", "request_data")
	}
	body, ok := v.(map[string]any)
	if !ok {
		return nil, false, bodyError("model_attributes_type", "request_data",
			"Input should be a valid dictionary or object to extract fields from", v)
	}
	in, found := requestData.Decode(body)
	if len(found) > 0 {
		return nil, false, problems(found, "body", "request_data")
	}
	id, _ := in["template_id"].(string)
	list, isList := in["job_nodes"].([]any)
	if v := in["job_nodes"]; v != nil && !isList {
		return nil, false, invalid(fieldError{Type: "list_type", Loc: []any{"body", "request_data", "job_nodes"},
			Msg: "Input should be a valid list", Input: v})
	}
	switch {
	case id != "" && len(list) > 0:
		return nil, false, bodyError("value_error", "request_data", "Value error, give template_id or job_nodes, not both", nil)
	case id == "" && len(list) == 0:
		return nil, false, bodyError("value_error", "request_data", "Value error, give template_id or job_nodes", nil)
	case id != "":
		t, ok := workflow.TemplateByID(id)
		if !ok {
			return nil, false, errorf(http.StatusNotFound, "Template %s not found", id)
		}
		return t.Nodes, true, nil
	}
	nodes, found = workflow.Decode(list)
	if len(found) > 0 {
		return nil, false, problems(found, "body", "request_data", "job_nodes")
	}
	nodes, err = s.sealNodes(workflow.KeepSecrets(nodes, nil))
	return nodes, false, err
}

func missingJob(err error) error { return notFound(err, "Job not found") }

// job reads one job and what more fn wants of the same snapshot.
func (s *server) job(r *request, fn func(v store.Reader, j store.Job) error) error {
	err := s.Store.View(r.Context(), func(v store.Reader) error {
		j, err := v.Job(r.Context(), r.workspace, r.ids["job_id"])
		if err != nil {
			return err
		}
		return fn(v, j)
	})
	return missingJob(err)
}

func (s *server) getJob(w http.ResponseWriter, r *request) error {
	var info jobInfo
	err := s.job(r, func(v store.Reader, j store.Job) (err error) {
		info, err = infoOfJob(r.Context(), v, j)
		return err
	})
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, info)
}

// maxJobs is how many of the newest jobs a list without paging shows.
const maxJobs = 1000

func (s *server) listJobs(w http.ResponseWriter, r *request) error {
	q := queryOf(r)
	f := store.JobFilter{Workflow: q.id("workflow_id"), Limit: maxJobs}
	page := q.number("page", 1)
	if q.text("page_size") != "" {
		f.Limit = min(q.number("page_size", maxJobs), maxJobs)
	}
	f.Offset = (page - 1) * f.Limit
	word := q.text("status")
	if err := q.err(); err != nil {
		return err
	}
	if word != "" {
		status, ok := jobStatus(word)
		if !ok {
			return respond(w, http.StatusOK, []jobInfo{})
		}
		f.Status = status
	}
	out := []jobInfo{}
	err := s.Store.View(r.Context(), func(v store.Reader) error {
		jobs, err := v.Jobs(r.Context(), r.workspace, f)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			info, err := infoOfJob(r.Context(), v, j)
			if err != nil {
				return err
			}
			out = append(out, info)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, out)
}

// jobStatus reads the words of enum and documentation, a misspelling included, in any case and with any separator.
func jobStatus(word string) (store.JobStatus, bool) {
	word = word[strings.LastIndexByte(word, '.')+1:]
	switch strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToLower(word)) {
	case "scheduled":
		return store.Scheduled, true
	case "inprogress", "improgress":
		return store.InProgress, true
	case "completed":
		return store.Completed, true
	case "stopped", "cancelled", "canceled":
		return store.Stopped, true
	case "failed":
		return store.Failed, true
	}
	return "", false
}

func (s *server) jobDetails(w http.ResponseWriter, r *request) error {
	type stats struct {
		Name       string `json:"node_name"`
		Type       string `json:"node_type"`
		Subtype    string `json:"node_subtype"`
		Ready      int    `json:"ready"`
		InProgress int    `json:"in_progress"`
		Success    int    `json:"success"`
		Failure    int    `json:"failure"`
		Usage      *usage `json:"usage,omitempty"` // what the node asked of models; absent when nothing
	}
	out := struct {
		ID         string           `json:"id"`
		Processing store.Processing `json:"processing_status"`
		Message    any              `json:"message"`
		Stats      []stats          `json:"node_stats"`
		Removed    int              `json:"removed"` // documents taken out of the destinations, since they left the source
		Usage      *usage           `json:"usage,omitempty"`
	}{Stats: []stats{}}
	err := s.job(r, func(v store.Reader, j store.Job) error {
		out.ID, out.Processing, out.Message = j.ID, j.Processing, message(j)
		removals, err := v.Removals(r.Context(), r.workspace, j.ID)
		if err != nil {
			return err
		}
		for _, removal := range removals {
			out.Removed += removal.Removed
		}
		used, err := v.Usage(r.Context(), r.workspace, j.ID)
		if err != nil {
			return err
		}
		nodes, err := v.Stats(r.Context(), r.workspace, j.ID)
		for _, n := range nodes {
			out.Stats = append(out.Stats, stats{n.Node.Name, n.Node.Type, n.Node.Subtype, n.Ready, n.InProgress, n.Success, n.Failure, usageOf(used, n.Node.ID)})
		}
		out.Usage = usageOf(used, slices.Collect(maps.Keys(used))...)
		return err
	})
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, out)
}

// usage is what nodes asked of models: an addition to the contract.
type usage struct {
	Calls  int      `json:"calls"`         // answered by the provider
	Cached int      `json:"cached_calls"`  // answered by the cache, at no cost
	Input  int      `json:"input_tokens"`  // as the provider counts them
	Output int      `json:"output_tokens"` //
	Cost   *float64 `json:"cost_usd"`      // null when the price of a model is not known
	Failed int      `json:"failed"`        // elements or pages that stayed as they were, for want of an answer that can be used
}

// usageOf sums what some nodes have used; nil when they asked nothing.
func usageOf(used map[string]store.Usage, nodes ...string) *usage {
	var out *usage
	cost, priced := 0.0, true
	slices.Sort(nodes) // sums of fractions depend on the order
	for _, id := range nodes {
		u, ok := used[id]
		if !ok {
			continue
		}
		if out == nil {
			out = &usage{}
		}
		out.Calls, out.Cached, out.Input, out.Output = out.Calls+u.Calls, out.Cached+u.Cached, out.Input+u.Input, out.Output+u.Output
		out.Failed += u.Failed
		cost, priced = cost+u.Cost, priced && u.Unpriced == 0
	}
	if out != nil && priced {
		cost = math.Round(cost*1e9) / 1e9
		out.Cost = &cost
	}
	return out
}

func message(j store.Job) string {
	if j.Message != "" {
		return j.Message
	}
	switch j.Status {
	case store.Scheduled:
		return "Job is scheduled"
	case store.InProgress:
		return fmt.Sprintf("Job is running: %d of %d files are done", j.Done+j.Failed, j.Total)
	case store.Completed:
		return "Job completed"
	case store.Stopped:
		return "Job was stopped"
	}
	return "Job failed"
}

// documentName is the path of a source's document, by which people know it, or its identifier where it has none.
func documentName(f store.File) string {
	var d struct {
		Path string `json:"path"`
	}
	_ = json.Unmarshal(f.Document, &d) // then it has none
	return cmp.Or(d.Path, f.Identifier)
}

func (s *server) failedFiles(w http.ResponseWriter, r *request) error {
	type failed struct {
		Document string `json:"document"`
		Error    string `json:"error"`
	}
	out := []failed{}
	err := s.job(r, func(v store.Reader, j store.Job) error {
		files, err := v.Files(r.Context(), r.workspace, j.ID, -1, 0, store.FileFailed)
		for _, f := range files {
			name := f.WireID
			if f.Source != "" {
				name = documentName(f)
			}
			out = append(out, failed{name, f.Error})
		}
		return err
	})
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, map[string]any{"failed_files": out})
}

func (s *server) cancelJob(w http.ResponseWriter, r *request) error {
	j, err := s.Engine.Cancel(r.Context(), r.workspace, r.ids["job_id"])
	if err != nil {
		return missingJob(err)
	}
	return respond(w, http.StatusOK, map[string]string{
		"id": j.ID, "status": "cancelled", "message": "Job successfully cancelled.",
	})
}

func (s *server) retryJob(w http.ResponseWriter, r *request) error {
	j, err := s.Engine.Retry(r.Context(), r.workspace, r.ids["job_id"])
	if err != nil {
		return missingJob(err)
	}
	return s.respondJob(w, r, http.StatusAccepted, j)
}

func (s *server) downloadOutput(w http.ResponseWriter, r *request) error {
	q := queryOf(r)
	file := q.text("file_id")
	if file == "" {
		return invalid(fieldError{Type: "missing", Loc: []any{"query", "file_id"}, Msg: "Field required"})
	}
	format := element.JSON
	if name := q.text("format"); name != "" {
		var ok bool
		if format, ok = element.ParseFormat(name); !ok {
			return invalid(fieldError{Type: "value_error", Loc: []any{"query", "format"},
				Msg: "Value error, it is one of " + strings.Join(element.FormatNames(), ", "), Input: name})
		}
	}
	content, err := s.Engine.Output(r.Context(), r.workspace, r.ids["job_id"], file, strings.ToLower(q.text("node_id")))
	if errors.Is(err, store.ErrNotFound) {
		return errorf(http.StatusNotFound, "%s", strings.TrimSuffix(err.Error(), ": "+store.ErrNotFound.Error()))
	}
	if err != nil {
		return err
	}
	defer content.Close()
	if format == element.JSON {
		return stream(w, "application/json", content)
	}
	return streamElements(w, format, element.Decode(content))
}

// streamElements sends elements in a format. A page that a browser shows is kept from running anything, whatever stands in
// the documents.
func streamElements(w http.ResponseWriter, format element.Format, elements iter.Seq2[element.Element, error]) error {
	if format == element.HTML {
		w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; img-src data: http: https:; style-src 'unsafe-inline'")
	}
	from, to := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		to.CloseWithError(format.Write(to, elements))
	}()
	defer func() {
		from.Close() // ends the writing when the client is gone
		<-done
	}()
	return stream(w, format.MediaType(), from)
}

// stream sends an answer of unknown length. An error before the first byte is an ordinary one.
func stream(w http.ResponseWriter, contentType string, content io.Reader) error {
	buf := make([]byte, 64<<10)
	n, whole := 0, false
	for n < len(buf) && !whole {
		m, err := content.Read(buf[n:])
		n += m
		whole = err == io.EOF //nolint:errorlint // the failure of a file may wrap io.EOF; only the bare one is the end
		if err != nil && !whole {
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	if whole {
		h.Set("Content-Length", strconv.Itoa(n))
	}
	w.WriteHeader(http.StatusOK)
	if _, err := w.Write(buf[:n]); err != nil || whole {
		return nil //nolint:nilerr // the client is gone, or has all
	}
	if _, err := io.CopyBuffer(w, content, buf); err != nil {
		panic(http.ErrAbortHandler) // so that the client does not take half an answer for a whole one
	}
	return nil
}
