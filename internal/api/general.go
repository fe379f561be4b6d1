package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/element"
	"github.com/sluicehq/sluice/internal/blob"
	"github.com/sluicehq/sluice/internal/engine"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/internal/pipeline/child"
	"github.com/sluicehq/sluice/model"
	"github.com/sluicehq/sluice/partition"
	"github.com/sluicehq/sluice/partition/budget"
)

// partitionCall is one call of the partition endpoint.
type partitionCall struct {
	options  partition.Options
	chunking *child.Chunking
	vision   *pipeline.Vision // with strategy vlm
	output   element.Format   // or csv
}

// csvFormat is a table of the elements, a row each: a form of this endpoint only.
const csvFormat element.Format = "csv"

// partition answers POST /general/v0/general: the elements of the uploaded files, of one as a list, of several as a
// list of lists.
func (s *server) partition(w http.ResponseWriter, r *request) error {
	var files []document.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	limit := maxPartitionFiles
	if n := s.Limits.Files; n > 0 {
		limit = min(limit, n)
	}
	room := spooling{limit: s.Limits.FileSize, memory: maxMemory, total: maxPartition}
	values, err := form(w, r, "files", func(name, contentType string, content io.Reader) error {
		if len(files) >= limit {
			return fmt.Errorf("%w: at most %d in a call", engine.ErrTooManyFiles, limit)
		}
		f, err := room.spool(name, contentType, content)
		if err == nil {
			files = append(files, f)
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return bodyError("missing", "files", "Field required", nil)
	}
	call, err := parseCall(values)
	if err != nil {
		return err
	}
	if call.vision != nil {
		if reason := call.vision.Lacks(); reason != "" {
			return bodyError("value_error", "strategy", "Value error, "+reason, "vlm")
		}
	}
	if len(files) == 1 && call.output == element.JSON && call.vision == nil {
		answer := pipeline.PartitionJSON(r.Context(), s.Parser, files[0], call.options, call.chunking)
		defer answer.Close()
		return fileError(r, files[0].Name, stream(w, "application/json", answer))
	}
	var lists [][]element.Element
	for _, f := range files {
		list, err := partition.Collect(s.read(r, f, call))
		if err != nil {
			return fileError(r, f.Name, err)
		}
		lists = append(lists, append([]element.Element{}, list...))
	}
	switch call.output {
	case element.JSON:
		if len(files) == 1 {
			return respond(w, http.StatusOK, lists[0])
		}
	case csvFormat:
		text, err := table(slices.Concat(lists...))
		if err != nil {
			return err
		}
		return stream(w, "text/csv; charset=utf-8", bytes.NewReader(text))
	default:
		return streamElements(w, call.output, func(yield func(element.Element, error) bool) {
			for _, list := range lists {
				for _, e := range list {
					if !yield(e, nil) {
						return
					}
				}
			}
		})
	}
	return respond(w, http.StatusOK, lists)
}

// read gives the elements of a file.
func (s *server) read(r *request, f document.File, call partitionCall) iter.Seq2[element.Element, error] {
	if call.vision != nil {
		return s.Vision.See(r.Context(), r.workspace, f, call.options, *call.vision, call.chunking)
	}
	return pipeline.Partition(r.Context(), s.Parser, f, call.options, call.chunking)
}

// fileError gives a file's failure the status that clients expect: never a 5xx, which the SDK repeats for half an hour. What may
// pass, a model's provider that cannot answer now, is a 503.
func fileError(r *request, name string, err error) error {
	var failed *budget.Error
	var asked *model.Error
	if errors.As(err, &asked) && asked.Passing() {
		return errorf(http.StatusServiceUnavailable, "%s: %s", name, asked)
	}
	if !errors.As(err, &failed) || r.Context().Err() != nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	switch failed.Outcome {
	case budget.Unsupported:
		status = http.StatusBadRequest
	case budget.TooLarge:
		status = http.StatusRequestEntityTooLarge
	}
	text := failed.Message
	if !strings.Contains(text, name) && failed.Outcome != budget.Encrypted && failed.Outcome != budget.Unsupported {
		text = name + ": " + text
	}
	return errorf(status, "%s", text)
}

// Bounds of one call of the partition endpoint, over all its files: each holds memory or an open file until the answer.
const (
	maxPartitionFiles = 1_000
	maxPartition      = 1 << 30  // bytes
	maxMemory         = 32 << 20 // bytes of small files that are kept in memory; more go to disk
)

// spooling is what is left for the files of a call.
type spooling struct {
	limit  int64 // bytes of one file; 0 is no limit of its own
	memory int64 // bytes left in memory
	total  int64 // bytes left in all
}

// spool keeps an upload in memory when it is small, else in a file without a name.
func (s *spooling) spool(name, contentType string, content io.Reader) (document.File, error) {
	limit, tooLarge := s.total, fmt.Errorf("%s: %w: the files of a call have at most %d bytes together", name, engine.ErrFileTooLarge, maxPartition)
	if s.limit > 0 && s.limit <= limit {
		limit, tooLarge = s.limit, fmt.Errorf("%s: %w: at most %d bytes", name, engine.ErrFileTooLarge, s.limit)
	}
	small := min(4<<20, s.memory)
	head, err := io.ReadAll(io.LimitReader(content, min(small, limit)+1))
	if err != nil {
		return document.File{}, err
	}
	if int64(len(head)) > limit {
		return document.File{}, tooLarge
	}
	if n := int64(len(head)); n <= small {
		s.memory, s.total = s.memory-n, s.total-n
		return document.NewFile(name, contentType, n, bytes.NewReader(head)), nil
	}
	f, err := os.CreateTemp("", "sluice-upload-*")
	if err != nil {
		return document.File{}, spoolError(err)
	}
	_ = os.Remove(f.Name()) // it lives as long as it is open
	n, err := io.Copy(f, io.MultiReader(bytes.NewReader(head), io.LimitReader(content, limit+1-int64(len(head)))))
	if err == nil && n > limit {
		err = tooLarge
	}
	if err != nil {
		f.Close()
		return document.File{}, spoolError(err)
	}
	s.total -= n
	return document.NewFile(name, contentType, n, f), nil
}

// spoolError names a full disk, which passes.
func spoolError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("cannot keep the upload: %w", blob.ErrFull)
	}
	return err
}

// ignored are parameters that concern the client alone, or what is off by default.
var ignored = map[string]bool{
	"split_pdf_page": true, "split_pdf_allow_failed": true, "split_pdf_concurrency_level": true,
	"split_pdf_page_range": true, "split_pdf_cache_tmp_data": true, "split_pdf_cache_tmp_data_dir": true,
	"do_not_break_similarity_on_footer_header": true, "unstructured_api_key": true,
}

// parseCall reads the form fields. Every field is known or refused by name.
func parseCall(values map[string][]string) (partitionCall, error) {
	call := partitionCall{output: element.JSON}
	var chunks chunk.Options
	var strategy chunk.Strategy
	var wrong []fieldError
	var vision pipeline.Vision
	call.options.IncludeSlideNotes = true
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name][0]
		if len(values[name]) > 1 {
			text, err := json.Marshal(values[name])
			if err != nil {
				return call, err
			}
			value = string(text)
		}
		if name != "password" { // its spaces count
			value = strings.TrimSpace(value)
		}
		if value == "" || ignored[name] {
			continue
		}
		var err error
		switch {
		case name == "chunking_strategy":
			if strategy, err = chunk.StrategyOf(value); err != nil && !strings.Contains(err.Error(), "not part of") {
				return call, errorf(http.StatusBadRequest, "Invalid chunking strategy: %s. Must be one of ['basic', 'by_title', 'by_page', 'by_similarity']", value)
			}
		case name == "output_format":
			format, ok := element.ParseFormat(value)
			if name := strings.ToLower(value); name == "text/csv" || name == string(csvFormat) {
				format, ok = csvFormat, true
			}
			if call.output = format; !ok {
				err = errors.New("it is application/json, text/csv, ndjson, markdown, html or text")
			}
		case name == "strategy" && strings.EqualFold(value, "vlm"):
			call.vision = &vision
		case name == "vlm_model":
			vision.Model = value
		case name == "vlm_model_provider":
			vision.Provider = value
		case chunk.IsOption(name):
			err = chunks.Set(name, value)
		default:
			err = call.options.Set(name, value)
			if err != nil && strings.HasPrefix(err.Error(), "Invalid strategy") {
				return call, errorf(http.StatusBadRequest, "%s", err)
			}
		}
		if err != nil {
			wrong = append(wrong, fieldError{Type: "value_error", Loc: []any{"body", name},
				Msg: "Value error, " + strings.TrimPrefix(err.Error(), name+": "), Input: value})
		}
	}
	if call.vision == nil {
		for _, given := range [][2]string{{"vlm_model", vision.Model}, {"vlm_model_provider", vision.Provider}} {
			if given[1] != "" {
				wrong = append(wrong, fieldError{Type: "value_error", Loc: []any{"body", given[0]}, Msg: "Value error, it needs strategy vlm", Input: given[1]})
			}
		}
	}
	if wrong != nil {
		return call, invalid(wrong...)
	}
	if strategy != "" {
		if err := chunks.Validate(strategy); err != nil {
			return call, bodyError("value_error", "chunking_strategy", "Value error, "+err.Error(), string(strategy))
		}
		call.chunking = &child.Chunking{Strategy: strategy, Options: chunks}
	}
	return call, nil
}

// table writes elements as CSV: a column for each key that occurs, those of the metadata by their own names.
func table(elements []element.Element) ([]byte, error) {
	rows := make([]map[string]any, len(elements))
	seen := map[string]bool{}
	for i, e := range elements {
		var row map[string]any
		if err := json.Unmarshal(element.AppendJSON(nil, e), &row); err != nil {
			return nil, err
		}
		meta, _ := row["metadata"].(map[string]any)
		delete(row, "metadata")
		for k, v := range meta {
			if _, ok := row[k]; !ok {
				row[k] = v
			}
		}
		rows[i] = row
		for k := range row {
			seen[k] = true
		}
	}
	header := []string{"type", "element_id", "text"}
	for _, k := range slices.Sorted(maps.Keys(seen)) {
		if !slices.Contains(header, k) {
			header = append(header, k)
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(header)
	for _, row := range rows {
		record := make([]string, len(header))
		for i, k := range header {
			switch v := row[k].(type) {
			case nil:
			case string:
				record[i] = v
			default:
				text, err := json.Marshal(v)
				if err != nil {
					return nil, err
				}
				record[i] = string(text)
			}
		}
		_ = w.Write(record)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
