package model

import (
	"maps"
	"slices"
)

// provider is how a provider is reached.
type provider struct {
	base   string   // "" when it depends on a region or must be given
	bases  []string // environment variables of another host
	keys   []string // environment variables of the key
	models map[Task]string
	free   bool // asks for no key at all, or keeps keys of its own kind
	open   func(*Client) error
}

func (p provider) needsKey(c *Client) bool {
	// A host of one's own that speaks OpenAI's protocol (Ollama, vLLM, llama.cpp) often asks for no key.
	return !p.free && (c.base == p.base || p.base == "")
}

var providers map[string]provider

func init() {
	providers = map[string]provider{
		Local: {free: true, models: map[Task]string{Vector: "words-100"}, open: openLocal},
		"openai": {
			base: "https://api.openai.com/v1", bases: []string{"OPENAI_BASE_URL"}, keys: []string{"OPENAI_API_KEY"},
			models: map[Task]string{See: "gpt-4o", Write: "gpt-4o", Vector: "text-embedding-3-small"}, open: openOpenAI,
		},
		"azure_openai": {
			bases: []string{"AZURE_OPENAI_ENDPOINT"}, keys: []string{"AZURE_OPENAI_API_KEY"},
			models: map[Task]string{See: "gpt-4o", Write: "gpt-4o", Vector: "text-embedding-3-small"}, open: openAzure,
		},
		"togetherai": {
			base: "https://api.together.xyz/v1", bases: []string{"TOGETHER_BASE_URL"}, keys: []string{"TOGETHER_API_KEY", "TOGETHERAI_API_KEY"},
			models: map[Task]string{Vector: "togethercomputer/m2-bert-80M-32k-retrieval"}, open: openOpenAI,
		},
		"anthropic": {
			base: "https://api.anthropic.com", bases: []string{"ANTHROPIC_BASE_URL"}, keys: []string{"ANTHROPIC_API_KEY"},
			models: map[Task]string{See: "claude-sonnet-4-20250514", Write: "claude-sonnet-4-20250514"}, open: openAnthropic,
		},
		"bedrock": {
			bases: []string{"AWS_ENDPOINT_URL_BEDROCK_RUNTIME"}, keys: []string{"AWS_BEARER_TOKEN_BEDROCK"}, free: true,
			models: map[Task]string{
				See: "us.anthropic.claude-sonnet-4-20250514-v1:0", Write: "us.anthropic.claude-sonnet-4-20250514-v1:0",
				Vector: "amazon.titan-embed-text-v2:0",
			}, open: openBedrock,
		},
		"vertexai": {
			bases: []string{"VERTEXAI_BASE_URL"}, keys: []string{"VERTEXAI_API_KEY", "GOOGLE_SERVICE_ACCOUNT_KEY"},
			models: map[Task]string{See: "gemini-2.0-flash-001", Write: "gemini-2.0-flash-001", Vector: "text-embedding-005"}, open: openVertex,
		},
		"voyageai": {
			base: "https://api.voyageai.com/v1", bases: []string{"VOYAGE_BASE_URL"}, keys: []string{"VOYAGE_API_KEY", "VOYAGEAI_API_KEY"},
			models: map[Task]string{Vector: "voyage-3"}, open: openVoyage,
		},
		"ibm": {
			bases: []string{"WATSONX_URL"}, keys: []string{"WATSONX_API_KEY", "WATSONX_APIKEY", "IBM_WATSONX_API_KEY"},
			models: map[Task]string{Vector: "ibm/slate-125m-english-rtrvr-v2"}, open: openIBM,
		},
	}
}

// Providers lists the names of the providers.
func Providers() []string { return slices.Sorted(maps.Keys(providers)) }

// Variables are the environment variables in which a provider's key is looked for, in order; nil for an unknown provider.
func Variables(name string) []string { return slices.Clone(providers[name].keys) }
