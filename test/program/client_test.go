package program_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// job is what the tests read of a job.
type job struct {
	ID           string   `json:"id"`
	Status       string   `json:"status"`
	InputFileIDs []string `json:"input_file_ids"`
	Outputs      []struct {
		NodeID string `json:"node_id"`
	} `json:"output_node_files"`
}

// ended tells whether nothing more will happen.
func (j job) ended() bool { return j.Status != "SCHEDULED" && j.Status != "IN_PROGRESS" }

// details are the counts of a job.
type details struct {
	Processing string `json:"processing_status"`
	Message    string `json:"message"`
	Stats      []struct {
		Name       string `json:"node_name"`
		Ready      int    `json:"ready"`
		InProgress int    `json:"in_progress"`
		Success    int    `json:"success"`
		Failure    int    `json:"failure"`
	} `json:"node_stats"`
}

// element is what the tests read of an element.
type element struct {
	Type     string `json:"type"`
	ID       string `json:"element_id"`
	Text     string `json:"text"`
	Metadata struct {
		Filename string `json:"filename"`
	} `json:"metadata"`
}

const partitionAndChunk = `{"job_nodes": [
  {"name": "Partitioner", "type": "partition", "subtype": "unstructured_api", "settings": {"strategy": "fast"}},
  {"name": "Chunker", "type": "chunk", "subtype": "chunk_by_title", "settings": {"max_characters": 400}}]}`

// send sends a request with the first key and returns status and body.
func (s *server) send(tb testing.TB, method, path, contentType string, body []byte) (int, []byte) {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, s.url+path, bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if s.key != "" {
		r.Header.Set("unstructured-api-key", s.key)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer.StatusCode, content
}

// get decodes the answer of a GET, which must be 200.
func (s *server) get(tb testing.TB, path string, into any) {
	tb.Helper()
	status, content := s.send(tb, http.MethodGet, path, "", nil)
	if status != http.StatusOK {
		tb.Fatalf("GET %s: status %d: %s", path, status, content)
	}
	if err := json.Unmarshal(content, into); err != nil {
		tb.Fatalf("GET %s: %v: %.300s", path, err, content)
	}
}

// upload is a file of a job.
type upload struct {
	name    string
	content []byte
}

// uploads reads files.
func uploads(tb testing.TB, paths ...string) []upload {
	tb.Helper()
	files := make([]upload, len(paths))
	for i, p := range paths {
		content, err := os.ReadFile(p)
		if err != nil {
			tb.Fatal(err)
		}
		files[i] = upload{filepath.Base(p), content}
	}
	return files
}

// sampleFiles are the sample documents, one of each format.
func sampleFiles(tb testing.TB) []string {
	tb.Helper()
	var paths []string
	for _, name := range []string{"changes.md", "handbook.html", "invoice.pdf", "memo.txt", "pumps.json", "report.docx", "stock.csv"} {
		paths = append(paths, filepath.Join(samples(tb), name))
	}
	return paths
}

// form makes the multipart body of a new job.
func form(tb testing.TB, request string, files []upload) (contentType string, body []byte) {
	tb.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	if err := w.WriteField("request_data", request); err != nil {
		tb.Fatal(err)
	}
	for _, f := range files {
		part, err := w.CreateFormFile("input_files", f.name)
		if err != nil {
			tb.Fatal(err)
		}
		_, _ = part.Write(f.content) // into memory
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return w.FormDataContentType(), buf.Bytes()
}

// create starts an on-demand job that partitions and chunks.
func (s *server) create(tb testing.TB, files []upload) job {
	tb.Helper()
	return s.createWith(tb, partitionAndChunk, files)
}

// createWith starts an on-demand job of nodes.
func (s *server) createWith(tb testing.TB, request string, files []upload) job {
	tb.Helper()
	contentType, body := form(tb, request, files)
	status, content := s.send(tb, http.MethodPost, "/api/v1/jobs/", contentType, body)
	if status != http.StatusOK {
		tb.Fatalf("the job was refused with %d: %s", status, content)
	}
	var j job
	if err := json.Unmarshal(content, &j); err != nil {
		tb.Fatal(err)
	}
	if len(j.InputFileIDs) != len(files) {
		tb.Fatalf("the job has %d files, not %d", len(j.InputFileIDs), len(files))
	}
	return j
}

func (s *server) job(tb testing.TB, id string) (j job) {
	tb.Helper()
	s.get(tb, "/api/v1/jobs/"+id, &j)
	return j
}

func (s *server) details(tb testing.TB, id string) (d details) {
	tb.Helper()
	s.get(tb, "/api/v1/jobs/"+id+"/details", &d)
	return d
}

// finish waits for the end of a job.
func (s *server) finish(tb testing.TB, id string) job {
	tb.Helper()
	var j job
	eventually(tb, "the job ends", func() bool {
		if s.ended() {
			tb.Fatalf("the server ended; its log:\n%s", s.log.String())
		}
		j = s.job(tb, id)
		return j.ended()
	})
	return j
}

// complete waits for the end of a job and fails unless every file came through every node.
func (s *server) complete(tb testing.TB, id string) job {
	tb.Helper()
	j := s.finish(tb, id)
	d := s.details(tb, id)
	if j.Status != "COMPLETED" || d.Processing != "SUCCESS" {
		tb.Fatalf("the job ended as %s, %s: %s; the log:\n%s", j.Status, d.Processing, d.Message, s.log.String())
	}
	for _, n := range d.Stats {
		if n.Success != len(j.InputFileIDs) || n.Ready+n.InProgress+n.Failure != 0 {
			tb.Errorf("node %s of %d files: %+v", n.Name, len(j.InputFileIDs), n)
		}
	}
	return j
}

// download returns what a node gave for a file.
func (s *server) download(tb testing.TB, j job, file, node int) (elements []element) {
	tb.Helper()
	s.get(tb, "/api/v1/jobs/"+j.ID+"/download?file_id="+j.InputFileIDs[file]+"&node_id="+j.Outputs[node].NodeID, &elements)
	return elements
}

// texts are the texts of elements.
func texts(elements []element) []string {
	list := make([]string, len(elements))
	for i, e := range elements {
		list[i] = e.Text
	}
	return list
}

// has tells whether an element of the type with the text is there.
func has(elements []element, kind, text string) bool {
	return slices.ContainsFunc(elements, func(e element) bool { return e.Type == kind && e.Text == text })
}
