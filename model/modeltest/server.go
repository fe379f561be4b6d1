// Package modeltest speaks the protocols of model providers for tests: a server on loopback that checks what it is sent and
// answers as the provider would, with the failures that a test asks for, and the suite that every provider's client passes.
//
// The forms of requests and answers are those of the providers' published descriptions: OpenAI's and Azure's chat
// completions and embeddings, Anthropic's messages, Bedrock's Converse and InvokeModel, Vertex AI's generateContent and
// predict, Voyage's embeddings, watsonx.ai's text endpoints.
package modeltest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluicehq/sluice/model"
)

// Secret is the key that the server accepts. No error may hold it.
const Secret = "sk-only-for-tests-0123456789"

// Gossip stands in the text of every refusal. No error may hold it.
const Gossip = "internal host 10.9.8.7 says: account of jane@example.com"

// Question is what the server understood of a request.
type Question struct {
	Model, System, Text string
	Images              [][]byte
	MIMETypes           []string
	Schema              map[string]any
	MaxTokens           int
	Texts               []string // to embed
}

// Fault is one call that goes wrong.
type Fault struct {
	Status     int    // 0 answers as always, after Delay
	Code       string // the provider's word
	RetryAfter string
	Body       string // with Status 200: instead of the answer
	Delay      time.Duration
}

// Server speaks the protocol of one provider.
type Server struct {
	URL      string
	Provider string
	// Reply makes the answer to a question; nil repeats its text, as JSON where a schema is given.
	Reply func(Question) string
	// Refuse and Truncate end every answer as the provider says it.
	Refuse, Truncate bool
	// Vector makes the vector of a text; nil is Vector with the model's dimension, or 8.
	Vector func(text string) []float32

	mu        sync.Mutex
	faults    []Fault
	questions []Question
	running   int
	most      int
}

// New starts a server; it stops with the test.
func New(t testing.TB, provider string) *Server {
	s := &Server{Provider: provider}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// Config is how a client reaches the server.
func (s *Server) Config() model.Config {
	env := map[string]string{}
	c := model.Config{Provider: s.Provider, BaseURL: s.URL, Key: Secret, Getenv: func(n string) string { return env[n] }, Patience: 30 * time.Second,
		Prices: model.Prices{s.Provider + "/some-model": {Input: 1, Output: 2}}}
	switch s.Provider {
	case "bedrock":
		c.Key = "AKIDEXAMPLE:" + Secret
	case "vertexai":
		c.Key = s.account()
	case "ibm":
		env["WATSONX_PROJECT_ID"], env["WATSONX_IAM_URL"] = "project", s.URL+"/identity/token"
	}
	return c
}

var signingKey = sync.OnceValue(func() string {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))
})

func (s *Server) account() string {
	text, _ := json.Marshal(map[string]string{ //nolint:errchkjson // strings
		"type": "service_account", "project_id": "project", "client_email": "a@b", "private_key_id": "1",
		"private_key": signingKey(), "token_uri": s.URL + "/token",
	})
	return string(text)
}

// Fail lets the next calls go wrong, in order.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Questions returns what was asked and answered so far.
func (s *Server) Questions() []Question {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Question(nil), s.questions...)
}

// Most returns how many calls ran at once, at most.
func (s *Server) Most() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// Vector is a unit vector that depends on the text alone.
func Vector(text string, dimension int) []float32 {
	v := make([]float32, dimension)
	var sum float64
	for i := range v {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d %s", i, text)
		x := float64(h.Sum64()%2001)/1000 - 1
		v[i], sum = float32(x), sum+x*x
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/token", "/identity/token": // Google's and IBM's, for their clients' keys
		form, _ := io.ReadAll(r.Body) //nolint:errcheck // what is missing is refused
		if s.Provider == "ibm" && !strings.Contains(string(form), "apikey="+Secret) {
			s.refuse(w, Fault{Status: http.StatusBadRequest, Code: "BXNIM0415E"})
			return
		}
		write(w, map[string]any{"access_token": Secret, "token_type": "Bearer", "expires_in": 3600})
		return
	}
	s.mu.Lock()
	s.running++
	s.most = max(s.most, s.running)
	var fault Fault
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.running--
		s.mu.Unlock()
	}()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if fault.Delay > 0 {
		select {
		case <-r.Context().Done():
			return
		case <-time.After(fault.Delay):
		}
	}
	switch {
	case !s.authorized(r):
		s.refuse(w, Fault{Status: http.StatusUnauthorized, Code: "invalid_api_key"})
		return
	case fault.Body != "":
		_, _ = io.WriteString(w, fault.Body)
		return
	case fault.Status != 0:
		s.refuse(w, fault)
		return
	}
	q, answer, problem := s.understand(r, body)
	switch {
	case problem != "":
		s.refuse(w, Fault{Status: http.StatusBadRequest, Code: "invalid_request", Body: problem})
	case strings.Contains(q.Model, "unknown"):
		s.refuse(w, Fault{Status: http.StatusNotFound, Code: "model_not_found"})
	default:
		s.mu.Lock()
		s.questions = append(s.questions, q)
		s.mu.Unlock()
		write(w, answer(q))
	}
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) //nolint:errcheck // the client has gone
}

func (s *Server) refuse(w http.ResponseWriter, f Fault) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	message := Gossip + " " + f.Body
	var v any
	switch s.Provider {
	case "anthropic":
		v = map[string]any{"type": "error", "error": map[string]any{"type": f.Code, "message": message}}
	case "bedrock":
		w.Header().Set("X-Amzn-Errortype", f.Code+":http://internal/")
		v = map[string]any{"message": message}
	case "vertexai":
		v = map[string]any{"error": map[string]any{"code": f.Status, "status": f.Code, "message": message}}
	case "ibm":
		v = map[string]any{"errors": []any{map[string]any{"code": f.Code, "message": message}}}
	case "voyageai":
		v = map[string]any{"detail": message}
	default:
		v = map[string]any{"error": map[string]any{"code": f.Code, "type": "error", "message": message}}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	_ = json.NewEncoder(w).Encode(v) //nolint:errcheck // the client has gone
}

func (s *Server) authorized(r *http.Request) bool {
	switch s.Provider {
	case "anthropic":
		return r.Header.Get("X-Api-Key") == Secret && r.Header.Get("Anthropic-Version") != ""
	case "azure_openai":
		return r.Header.Get("Api-Key") == Secret && r.URL.Query().Get("api-version") != ""
	case "bedrock":
		a := r.Header.Get("Authorization")
		return strings.HasPrefix(a, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") && strings.Contains(a, "/bedrock/aws4_request") &&
			r.Header.Get("X-Amz-Date") != ""
	}
	return r.Header.Get("Authorization") == "Bearer "+Secret
}

func (s *Server) reply(q Question) string {
	switch {
	case s.Reply != nil:
		return s.Reply(q)
	case q.Schema != nil:
		text, _ := json.Marshal(map[string]string{"answer": q.Text}) //nolint:errchkjson // a string
		return string(text)
	}
	return q.Text
}

func (s *Server) vectors(q Question) [][]float32 {
	dimension := 8
	for _, m := range model.Embeddings(s.Provider) {
		if m.Name == q.Model {
			dimension = m.Dimension
		}
	}
	out := make([][]float32, len(q.Texts))
	for i, t := range q.Texts {
		if s.Vector != nil {
			out[i] = s.Vector(t)
		} else {
			out[i] = Vector(t, dimension)
		}
	}
	return out
}

// object is JSON as it came.
type object map[string]any

func (o object) str(name string) string    { v, _ := o[name].(string); return v }
func (o object) list(name string) []any    { v, _ := o[name].([]any); return v }
func (o object) number(name string) int    { v, _ := o[name].(float64); return int(v) }
func (o object) member(name string) object { return asObject(o[name]) }

func asObject(v any) object { m, _ := v.(map[string]any); return m }

func (q *Question) image(mimeType, data string) string {
	b, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return "an image is no base64"
	}
	q.Images, q.MIMETypes = append(q.Images, b), append(q.MIMETypes, mimeType)
	return ""
}

func texts(list []any) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i], _ = v.(string)
	}
	return out
}

// understand reads a request and returns what makes the answer to it.
func (s *Server) understand(r *http.Request, body []byte) (q Question, answer func(Question) any, problem string) {
	var in object
	if err := json.Unmarshal(body, &in); err != nil {
		return q, nil, "no JSON"
	}
	path := r.URL.Path
	switch s.Provider {
	case "anthropic":
		if path != "/v1/messages" {
			return q, nil, "path " + path
		}
		return s.anthropic(in)
	case "bedrock":
		return s.bedrock(path, in)
	case "vertexai":
		return s.vertex(path, in)
	case "voyageai":
		switch path {
		case "/multimodalembeddings":
			for _, i := range in.list("inputs") {
				q.Texts = append(q.Texts, asObject(asObject(i).list("content")[0]).str("text"))
			}
		case "/embeddings":
			q.Texts = texts(in.list("input"))
		default:
			return q, nil, "path " + path
		}
		if q.Model = in.str("model"); in.str("input_type") != "document" {
			return q, nil, "input_type"
		}
		return q, s.indexed, ""
	case "ibm":
		if in.str("project_id") != "project" || r.URL.Query().Get("version") == "" {
			return q, nil, "project_id or version is missing"
		}
		q.Model = in.str("model_id")
		if path == "/ml/v1/text/embeddings" {
			q.Texts = texts(in.list("inputs"))
			return q, func(q Question) any {
				var results []any
				for _, v := range s.vectors(q) {
					results = append(results, map[string]any{"embedding": v})
				}
				return map[string]any{"model_id": q.Model, "results": results, "input_token_count": 3 * len(q.Texts)}
			}, ""
		}
		if path != "/ml/v1/text/chat" {
			return q, nil, "path " + path
		}
	case "azure_openai":
		parts := strings.Split(path, "/")
		if len(parts) < 5 || parts[1] != "openai" || parts[2] != "deployments" {
			return q, nil, "path " + path
		}
		in["model"] = parts[3]
		path = "/" + strings.Join(parts[4:], "/")
	}
	return s.openAI(path, in)
}

func (s *Server) openAI(path string, in object) (q Question, answer func(Question) any, problem string) {
	q.Model = in.str("model")
	if s.Provider == "ibm" {
		q.Model = in.str("model_id")
	}
	if path == "/embeddings" {
		q.Texts = texts(in.list("input"))
		return q, s.indexed, ""
	}
	if !strings.HasSuffix(path, "chat/completions") && s.Provider != "ibm" {
		return q, nil, "path " + path
	}
	for _, m := range in.list("messages") {
		m := asObject(m)
		if m.str("role") == "system" {
			q.System = m.str("content")
			continue
		}
		for _, p := range m.list("content") {
			p := asObject(p)
			switch p.str("type") {
			case "text":
				q.Text += p.str("text")
			case "image_url":
				head, data, _ := strings.Cut(p.member("image_url").str("url"), ";base64,")
				problem = q.image(strings.TrimPrefix(head, "data:"), data)
			}
		}
	}
	q.MaxTokens = max(in.number("max_tokens"), in.number("max_completion_tokens"))
	q.Schema = in.member("response_format").member("json_schema").member("schema")
	return q, func(q Question) any {
		message, reason := map[string]any{"role": "assistant", "content": s.reply(q)}, "stop"
		if s.Truncate {
			reason = "length"
		}
		if s.Refuse {
			message = map[string]any{"role": "assistant", "content": nil, "refusal": Gossip}
		}
		return map[string]any{"id": "1", "choices": []any{map[string]any{"index": 0, "message": message, "finish_reason": reason}},
			"usage": map[string]any{"prompt_tokens": 11, "completion_tokens": 7}}
	}, problem
}

// indexed answers with the vectors from the last text to the first: their order is in the index.
func (s *Server) indexed(q Question) any {
	var data []any
	vectors := s.vectors(q)
	for i := len(vectors) - 1; i >= 0; i-- {
		data = append(data, map[string]any{"object": "embedding", "index": i, "embedding": vectors[i]})
	}
	return map[string]any{"data": data, "model": q.Model, "usage": map[string]any{"prompt_tokens": 3 * len(q.Texts), "total_tokens": 3 * len(q.Texts)}}
}

func (s *Server) anthropic(in object) (q Question, answer func(Question) any, problem string) {
	q.Model, q.System, q.MaxTokens = in.str("model"), in.str("system"), in.number("max_tokens")
	if q.MaxTokens == 0 {
		return q, nil, "max_tokens is missing"
	}
	for _, m := range in.list("messages") {
		for _, p := range asObject(m).list("content") {
			p := asObject(p)
			switch p.str("type") {
			case "text":
				q.Text += p.str("text")
			case "image":
				problem = q.image(p.member("source").str("media_type"), p.member("source").str("data"))
			}
		}
	}
	if tools := in.list("tools"); len(tools) > 0 {
		q.Schema = asObject(tools[0]).member("input_schema")
		if in.member("tool_choice").str("name") != asObject(tools[0]).str("name") {
			return q, nil, "tool_choice"
		}
	}
	return q, func(q Question) any {
		reason := "end_turn"
		content := []any{map[string]any{"type": "text", "text": s.reply(q)}}
		if q.Schema != nil {
			reason = "tool_use"
			content = []any{map[string]any{"type": "text", "text": "Here it is."},
				map[string]any{"type": "tool_use", "id": "1", "name": "answer", "input": json.RawMessage(s.reply(q))}}
		}
		switch {
		case s.Truncate:
			reason = "max_tokens"
		case s.Refuse:
			reason, content = "refusal", []any{}
		}
		return map[string]any{"type": "message", "role": "assistant", "content": content, "stop_reason": reason,
			"usage": map[string]any{"input_tokens": 11, "output_tokens": 7}}
	}, problem
}

func (s *Server) bedrock(path string, in object) (q Question, answer func(Question) any, problem string) {
	rest, ok := strings.CutPrefix(path, "/model/")
	name, operation, found := strings.Cut(rest, "/")
	if !ok || !found {
		return q, nil, "path " + path
	}
	q.Model = name
	if operation == "invoke" {
		if strings.HasPrefix(name, "cohere.") {
			q.Texts = texts(in.list("texts"))
			return q, func(q Question) any { return map[string]any{"embeddings": s.vectors(q)} }, ""
		}
		q.Texts = []string{in.str("inputText")}
		return q, func(q Question) any {
			return map[string]any{"embedding": s.vectors(q)[0], "inputTextTokenCount": 3}
		}, ""
	}
	if operation != "converse" {
		return q, nil, "path " + path
	}
	for _, m := range in.list("system") {
		q.System += asObject(m).str("text")
	}
	q.MaxTokens = in.member("inferenceConfig").number("maxTokens")
	for _, m := range in.list("messages") {
		for _, p := range asObject(m).list("content") {
			p := asObject(p)
			q.Text += p.str("text")
			if i := p.member("image"); i != nil {
				problem = q.image("image/"+i.str("format"), i.member("source").str("bytes"))
			}
		}
	}
	if tools := in.member("toolConfig").list("tools"); len(tools) > 0 {
		q.Schema = asObject(tools[0]).member("toolSpec").member("inputSchema").member("json")
	}
	return q, func(q Question) any {
		reason := "end_turn"
		content := []any{map[string]any{"text": s.reply(q)}}
		if q.Schema != nil {
			reason = "tool_use"
			content = []any{map[string]any{"toolUse": map[string]any{"toolUseId": "1", "name": "answer", "input": json.RawMessage(s.reply(q))}}}
		}
		switch {
		case s.Truncate:
			reason = "max_tokens"
		case s.Refuse:
			reason, content = "content_filtered", []any{}
		}
		return map[string]any{"output": map[string]any{"message": map[string]any{"role": "assistant", "content": content}},
			"stopReason": reason, "usage": map[string]any{"inputTokens": 11, "outputTokens": 7}}
	}, problem
}

func (s *Server) vertex(path string, in object) (q Question, answer func(Question) any, problem string) {
	rest, ok := strings.CutPrefix(path, "/v1/projects/project/locations/us-central1/publishers/google/models/")
	name, operation, found := strings.Cut(rest, ":")
	if !ok || !found {
		return q, nil, "path " + path
	}
	q.Model = name
	if operation == "predict" {
		for _, i := range in.list("instances") {
			q.Texts = append(q.Texts, asObject(i).str("content"))
		}
		return q, func(q Question) any {
			var out []any
			for _, v := range s.vectors(q) {
				out = append(out, map[string]any{"embeddings": map[string]any{"values": v, "statistics": map[string]any{"token_count": 3}}})
			}
			return map[string]any{"predictions": out}
		}, ""
	}
	if operation != "generateContent" {
		return q, nil, "path " + path
	}
	for _, p := range in.member("systemInstruction").list("parts") {
		q.System += asObject(p).str("text")
	}
	for _, c := range in.list("contents") {
		for _, p := range asObject(c).list("parts") {
			p := asObject(p)
			q.Text += p.str("text")
			if i := p.member("inlineData"); i != nil {
				problem = q.image(i.str("mimeType"), i.str("data"))
			}
		}
	}
	q.MaxTokens = in.member("generationConfig").number("maxOutputTokens")
	q.Schema = in.member("generationConfig").member("responseJsonSchema")
	return q, func(q Question) any {
		reason := "STOP"
		switch {
		case s.Truncate:
			reason = "MAX_TOKENS"
		case s.Refuse:
			reason = "SAFETY"
		}
		return map[string]any{"candidates": []any{map[string]any{"finishReason": reason,
			"content": map[string]any{"role": "model", "parts": []any{map[string]any{"text": s.reply(q)}}}}},
			"usageMetadata": map[string]any{"promptTokenCount": 11, "candidatesTokenCount": 7}}
	}, problem
}
