package model

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/model/words"
)

// Task is what a model is asked for; a provider has a default model for each.
type Task string

// The tasks.
const (
	See    Task = "see"   // questions about page images, tables, pictures
	Write  Task = "write" // questions about text
	Vector Task = "vector"
)

// Model is what is known of a model. Zero is unknown.
type Model struct {
	Name      string
	Dimension int // of an embedding
	MaxTokens int // of one text to embed
	Batch     int // texts in one call; 0 is defaultBatch
}

// MaxCharacters is the longest text, in characters, that surely fits the model: three and a half characters a token, as the
// platform's own table of chunk sizes has it. 0 when unknown.
func (m Model) MaxCharacters() int { return m.MaxTokens * 7 / 2 }

const (
	defaultBatch  = 96
	maxBatchBytes = 300_000 // of the texts of one call
)

// batches cuts the texts with the given indexes into calls.
func (m Model) batches(indexes []int, texts []string) [][]int {
	limit := m.Batch
	if limit == 0 {
		limit = defaultBatch
	}
	var out [][]int
	size := 0
	for _, i := range indexes {
		n := len(texts[i])
		if last := len(out) - 1; last < 0 || len(out[last]) == limit || size+n > maxBatchBytes {
			out, size = append(out, nil), 0
		}
		out[len(out)-1] = append(out[len(out)-1], i)
		size += n
	}
	return out
}

// embeddings are the embedding models of section 3.2 of the contract, with their windows.
var embeddings = map[string][]Model{
	"openai": {
		{"text-embedding-3-small", 1536, 8192, 0}, {"text-embedding-3-large", 3072, 8192, 0}, {"text-embedding-ada-002", 1536, 8192, 0},
	},
	"azure_openai": {
		{"text-embedding-3-small", 1536, 8192, 0}, {"text-embedding-3-large", 3072, 8192, 0}, {"text-embedding-ada-002", 1536, 8192, 0},
	},
	"bedrock": {
		{"amazon.titan-embed-text-v2:0", 1024, 8192, 1}, {"amazon.titan-embed-text-v1", 1536, 8192, 1}, {"amazon.titan-embed-image-v1", 1024, 256, 1},
		{"cohere.embed-english-v3", 1024, 512, 96}, {"cohere.embed-multilingual-v3", 1024, 512, 96},
	},
	"ibm": {
		{"sentence-transformers/all-minilm-l6-v2", 384, 256, 0}, {"ibm/granite-embedding-278m-multilingual", 768, 512, 0},
		{"intfloat/multilingual-e5-large", 1024, 512, 0}, {"ibm/slate-125m-english-rtrvr-v2", 768, 512, 0},
		{"ibm/slate-125m-multilingual-rtrvr-v2", 768, 512, 0},
	},
	"togetherai": {{"togethercomputer/m2-bert-80M-32k-retrieval", 768, 32000, 0}},
	"voyageai": {
		{"voyage-3", 1024, 32000, 0}, {"voyage-3-large", 1024, 32000, 0}, {"voyage-3-lite", 512, 32000, 0}, {"voyage-code-3", 1024, 32000, 0},
		{"voyage-finance-2", 1024, 32000, 0}, {"voyage-law-2", 1024, 16000, 0}, {"voyage-code-2", 1536, 16000, 0}, {"voyage-multimodal-3", 1024, 32000, 32},
	},
	Local:      {{"words-100", words.Dimension, 0, 0}, {"sentence-transformers/all-minilm-l6-v2", 384, 256, 0}},
	"vertexai": {{"text-embedding-005", 768, 2048, 5}, {"text-multilingual-embedding-002", 768, 2048, 5}},
}

// retired are models that their providers have switched off, with the one that takes their place.
var retired = map[string]string{
	"claude-3-5-sonnet-20240620":                   "claude-sonnet-4-5-20250929",
	"claude-3-5-sonnet-20241022":                   "claude-sonnet-4-5-20250929",
	"claude-3-opus-20240229":                       "claude-opus-4-5-20251101",
	"claude-3-sonnet-20240229":                     "claude-sonnet-4-5-20250929",
	"anthropic.claude-3-5-sonnet-20241022-v2:0":    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
	"us.anthropic.claude-3-5-sonnet-20241022-v2:0": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
	"us.anthropic.claude-3-sonnet-20240229-v1:0":   "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
	"gemini-1.5-pro":                               "gemini-2.0-flash-001",
	"gemini-1.5-flash":                             "gemini-2.0-flash-001",
}

// lookUp finds what is known of a model of a provider. replaced is the given name when another model takes its place.
func lookUp(provider, name string) (m Model, replaced string) {
	if living, ok := retired[name]; ok {
		name, replaced = living, name
	}
	for _, m := range embeddings[provider] {
		if strings.EqualFold(m.Name, name) {
			return m, replaced
		}
	}
	return Model{Name: name}, replaced
}

// Embeddings lists the known embedding models of a provider.
func Embeddings(provider string) []Model { return slices.Clone(embeddings[provider]) }
