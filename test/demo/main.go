// Command demo shows the way of a document: it starts the server on an empty folder, runs one on-demand job over the
// sample documents through the REST API, prints the elements, and stops. `make demo` runs it.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const request = `{"job_nodes": [
  {"name": "Partitioner", "type": "partition", "subtype": "unstructured_api", "settings": {"strategy": "fast"}},
  {"name": "Chunker", "type": "chunk", "subtype": "chunk_by_title", "settings": {"max_characters": 400}}]}`

func main() {
	if err := demo(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	data, err := os.MkdirTemp("", "sluice-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)

	fmt.Println("$ sluice serve --addr 127.0.0.1:0 --data", filepath.Base(data))
	s, err := start(ctx, data)
	if err != nil {
		return err
	}
	defer s.stop()

	var files []string
	for _, pattern := range []string{"*.docx", "*.pdf", "*.html"} {
		found, err := filepath.Glob(filepath.Join("samples", pattern))
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	if len(files) < 3 {
		return errors.New("samples/ has no docx, PDF and html; run this from the project's folder")
	}
	j, err := s.createJob(ctx, files)
	if err != nil {
		return err
	}
	for j.Status == "SCHEDULED" || j.Status == "IN_PROGRESS" {
		time.Sleep(20 * time.Millisecond)
		if err := s.get(ctx, "/api/v1/jobs/"+j.ID, &j); err != nil {
			return err
		}
	}
	fmt.Printf("\njob %s: %s in %s\n", j.ID, j.Status, j.Runtime)
	if j.Status != "COMPLETED" {
		return fmt.Errorf("the job ended as %s", j.Status)
	}
	for i, id := range j.InputFileIDs {
		fmt.Printf("\n%s, as %s\n", filepath.Base(files[i]), id)
		var elements, chunks []element
		first := j.OutputNodeFiles[0].NodeID
		if err := s.get(ctx, "/api/v1/jobs/"+j.ID+"/download?file_id="+id+"&node_id="+first, &elements); err != nil {
			return err
		}
		if err := s.get(ctx, "/api/v1/jobs/"+j.ID+"/download?file_id="+id, &chunks); err != nil {
			return err
		}
		if len(elements) == 0 || len(chunks) == 0 {
			return fmt.Errorf("%s gave no elements", id)
		}
		for _, e := range elements {
			fmt.Printf("  %-17s %s\n", e.Type, oneLine(e.Text, 90))
		}
		fmt.Printf("  -> %d elements in %d chunks\n", len(elements), len(chunks))
	}
	return nil
}

type job struct {
	ID              string   `json:"id"`
	Status          string   `json:"status"`
	Runtime         string   `json:"runtime"`
	InputFileIDs    []string `json:"input_file_ids"`
	OutputNodeFiles []struct {
		NodeID string `json:"node_id"`
	} `json:"output_node_files"`
}

type element struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// server is the running program, with what it printed at its first start.
type server struct {
	url, key string
	process  *exec.Cmd
}

// start runs the server and reads its address and first key from its output.
func start(ctx context.Context, data string) (*server, error) {
	c := exec.CommandContext(ctx, filepath.Join("bin", "sluice"), "serve", "--addr", "127.0.0.1:0", "--data", data)
	c.Stderr = io.Discard
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	s := &server{process: c}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if url, ok := strings.CutPrefix(line, "listening on "); ok {
			s.url = strings.Fields(url)[0]
		}
		if _, key, ok := strings.Cut(line, "first key: "); ok {
			s.key = strings.TrimSpace(key)
		}
		if s.url != "" && s.key != "" {
			go io.Copy(io.Discard, out) //nolint:errcheck // keeps the pipe empty
			return s, nil
		}
	}
	s.stop()
	return nil, errors.New("the server did not start")
}

func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// createJob uploads the files; the printed line does the same with curl.
func (s *server) createJob(ctx context.Context, files []string) (job, error) {
	fmt.Printf("\n$ curl %s/api/v1/jobs/ -H 'unstructured-api-key: ...' \\\n", s.url)
	fmt.Printf("    -F 'request_data=%s'", request)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("request_data", request)
	for _, f := range files {
		fmt.Printf(" \\\n    -F input_files=@%s", f)
		content, err := os.ReadFile(f)
		if err != nil {
			return job{}, err
		}
		part, err := form.CreateFormFile("input_files", f)
		if err != nil {
			return job{}, err
		}
		_, _ = part.Write(content)
	}
	fmt.Println()
	if err := form.Close(); err != nil {
		return job{}, err
	}
	var j job
	return j, s.do(ctx, http.MethodPost, "/api/v1/jobs/", form.FormDataContentType(), &body, &j)
}

func (s *server) get(ctx context.Context, path string, into any) error {
	return s.do(ctx, http.MethodGet, path, "", nil, into)
}

func (s *server) do(ctx context.Context, method, path, contentType string, body io.Reader, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("unstructured-api-key", s.key)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// oneLine cuts text for the terminal.
func oneLine(text string, limit int) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > limit {
		return string(runes[:limit]) + " ..."
	}
	return string(runes)
}
