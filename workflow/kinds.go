package workflow

import "github.com/sluicehq/sluice/spec"

// NodeKind describes one kind of node: how it is named on the wire and what its settings are.
type NodeKind struct {
	Type     string    // one of the Kind constants
	Subtypes []string  // those that the contract names
	Open     bool      // other subtypes of the form <provider>_<task> or <provider> are kept
	Title    string    // for people
	Summary  string    // one sentence
	Settings spec.Spec // every key that the kind knows, with its default; others are dropped
}

// Subtypes that settings or rules depend on.
const (
	SubtypeParser = "unstructured_api" // partition: the built-in parsers
	SubtypeVLM    = "vlm"              // partition: a model that sees the page

	SubtypeByCharacter  = "chunk_by_character"
	SubtypeByTitle      = "chunk_by_title"
	SubtypeByPage       = "chunk_by_page"
	SubtypeBySimilarity = "chunk_by_similarity"

	SubtypeLLM = "llm" // structured_data_extractor
)

// Tokenizers are the values of a chunk node's tokenizer: encodings, and models that have one of them.
var Tokenizers = []string{
	"cl100k_base", "o200k_base", "wordpiece", "text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002",
	"gpt-4", "gpt-3.5-turbo", "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-5", "o1", "o3", "o4-mini",
	"bert-base-uncased", "all-minilm-l6-v2", "sentence-transformers/all-minilm-l6-v2",
}

// DefaultMaxCharacters is the size of a chunk, in code points, when a chunk node gives none.
const DefaultMaxCharacters = 500

// NodeKinds lists every kind, in the order in which nodes usually stand. The settings are those of section 3.2 of the
// contract. The caller may keep and change the result.
func NodeKinds() []NodeKind {
	return []NodeKind{
		{Type: KindPartition, Subtypes: []string{SubtypeParser}, Title: "Partitioner",
			Summary:  "Cuts a file into typed elements with the built-in parsers.",
			Settings: parserSettings()},
		{Type: KindPartition, Subtypes: []string{SubtypeVLM}, Title: "Vision partitioner",
			Summary:  "Cuts page images into elements with a model that sees them.",
			Settings: vlmSettings()},
		{Type: KindPrompter, Subtypes: enrichmentSubtypes, Open: true, Title: "Enrichment",
			Summary:  "Adds to elements what a model makes of them: descriptions, HTML of tables, entities, text.",
			Settings: enrichmentSettings()},
		{Type: KindChunk, Subtypes: []string{SubtypeByCharacter}, Title: "Chunk by character",
			Summary:  "Fills chunks with elements up to a size.",
			Settings: chunkSettings()},
		{Type: KindChunk, Subtypes: []string{SubtypeByTitle}, Title: "Chunk by title",
			Summary: "Begins a chunk at every title.",
			Settings: chunkSettings(
				spec.Field{Name: "multipage_sections", Kind: spec.Bool, Default: false,
					Help: "let a chunk go on over a page break"},
				spec.Field{Name: "combine_text_under_n_chars", Kind: spec.Int, Min: spec.Limit(0),
					Aliases: []string{"combine_under_n_chars"},
					Help:    "join sections shorter than this; null is max_characters, 0 joins none"})},
		{Type: KindChunk, Subtypes: []string{SubtypeByPage}, Title: "Chunk by page",
			Summary:  "Ends a chunk with its page.",
			Settings: chunkSettings()},
		{Type: KindChunk, Subtypes: []string{SubtypeBySimilarity}, Title: "Chunk by similarity",
			Summary: "Joins neighbours that speak of the same thing.",
			Settings: chunkSettings(
				spec.Field{Name: "similarity_threshold", Kind: spec.Float, Default: 0.5,
					Min: spec.Limit(0.01), Max: spec.Limit(0.99),
					Help: "how alike neighbours must be, from 0.01 to 0.99"})},
		{Type: KindEmbed, Subtypes: []string{"azure_openai", "bedrock", "ibm", "local", "openai", "togetherai", "voyageai"},
			Open: true, Title: "Embedder",
			Summary: "Gives every element a vector.",
			Settings: spec.Spec{Fields: []spec.Field{
				{Name: "model_name", Kind: spec.String, Help: "the provider's name of the model"},
				ownKey, ownHost,
			}}},
		{Type: KindExtract, Subtypes: []string{SubtypeLLM}, Open: true, Title: "Extractor",
			Summary:  "Fills a schema from the whole document, as the first element.",
			Settings: extractSettings()},
	}
}

// kindOf finds the kind of a node whose type and subtype are normalised.
func kindOf(nodeType, subtype string) (NodeKind, bool) {
	for _, k := range kinds {
		if k.Type != nodeType {
			continue
		}
		if k.Open {
			return k, true
		}
		for _, s := range k.Subtypes {
			if s == subtype {
				return k, true
			}
		}
	}
	return NodeKind{}, false
}

var kinds = NodeKinds()

// elementTypes are the types that exclude_elements names.
var elementTypes = []string{
	"Address", "EmailAddress", "FigureCaption", "Footer", "Formula", "Header", "Image", "ListItem", "NarrativeText",
	"PageBreak", "Table", "Title", "UncategorizedText",
}

// imageBlockTypes are the types that extract_image_block_types names.
var imageBlockTypes = []string{
	"Abstract", "BulletedText", "Caption", "CodeSnippet", "CompositeElement", "Figure", "FigureCaption", "Form",
	"FormKeysValues", "Formula", "Header", "Image", "List", "List-item", "ListItem", "NarrativeText", "Paragraph",
	"Picture", "Table", "Text", "Threading", "Title", "UncategorizedText",
}

func parserSettings() spec.Spec {
	return spec.Spec{Fields: []spec.Field{
		{Name: "strategy", Kind: spec.String, Default: "auto", Enum: []string{"auto", "fast", "hi_res", "ocr_only"},
			Help: "how PDFs and images are read; auto decides for each page"},
		{Name: "include_page_breaks", Kind: spec.Bool, Default: false, Help: "put a PageBreak between pages"},
		{Name: "pdf_infer_table_structure", Kind: spec.Bool, Default: false,
			Help: "give tables of PDFs and images text_as_html; fast does not"},
		{Name: "infer_table_structure", Kind: spec.Bool, Omit: true, Help: "the same for every file type"},
		{Name: "exclude_elements", Kind: spec.Strings, Enum: elementTypes, OpenEnum: true,
			Help: "types of elements to leave out"},
		{Name: "xml_keep_tags", Kind: spec.Bool, Default: false, Help: "keep the tags of XML files in the text"},
		{Name: "encoding", Kind: spec.String, Default: "utf-8", Help: "of text files that do not say it themselves"},
		{Name: "ocr_languages", Kind: spec.Strings, Omit: true, Help: "of pages that need OCR, where languages does not say"},
		{Name: "languages", Kind: spec.Strings, Omit: true, Help: "of the document and its OCR; absent detects them and recognises English"},
		{Name: "extract_image_block_types", Kind: spec.Strings, Omit: true, Enum: imageBlockTypes, OpenEnum: true,
			Help: "types of elements that carry a picture of themselves (hi_res)"},
		{Name: "coordinates", Kind: spec.Bool, Default: false, Help: "give elements their place on the page"},
		{Name: "unique_element_ids", Kind: spec.Bool, Omit: true, Help: "random ids instead of hashes"},
		{Name: "skip_headers_and_footers", Kind: spec.Bool, Omit: true,
			Help: "leave out what stands in header and footer elements of HTML pages and of what is read like them"},
		{Name: "html_parser_version", Kind: spec.String, Omit: true, Enum: []string{"v1", "v2"},
			Help: "v2 reads HTML pages whose classes say what their elements are"},
		{Name: "password", Kind: spec.String, Omit: true, Secret: true, Help: "opens files that are encrypted"},
	}}
}

func vlmSettings() spec.Spec {
	return spec.Spec{Fields: []spec.Field{
		{Name: "provider", Kind: spec.String, Default: "anthropic", OpenEnum: true,
			Enum: []string{"anthropic", "auto", "bedrock", "openai", "vertexai"}, Help: "who runs the model"},
		{Name: "provider_api_key", Kind: spec.String, Secret: true, Help: "absent takes the server's own"},
		{Name: "model", Kind: spec.String, Default: "claude-sonnet-4-20250514", Help: "the provider's name of the model"},
		{Name: "output_format", Kind: spec.String, Default: "text/html", OpenEnum: true,
			Enum: []string{"text/html", "application/json"}, Help: "what the model is asked for"},
		{Name: "prompt", Kind: spec.String, Aliases: []string{"user_prompt"}, Help: "instead of the built-in prompt"},
		{Name: "format_html", Kind: spec.Bool, Default: true, Help: "tidy the HTML of elements"},
		{Name: "unique_element_ids", Kind: spec.Bool, Default: true, Help: "random ids instead of hashes"},
		{Name: "is_dynamic", Kind: spec.Bool, Default: false, Help: "send each page to the cheapest way that reads it"},
		{Name: "allow_fast", Kind: spec.Bool, Default: true, Help: "with is_dynamic: text pages may skip the model"},
		{Name: "custom_host_config", Kind: spec.Any, Help: "another host of the provider: its address, or an object with url"},
		ownHost,
	}}
}

// visionModels are the models that take the place of the default where a vision partitioner names another provider and no model.
// Providers that are not listed have none that the contract names.
var visionModels = map[string]string{
	"openai": "gpt-4o", "vertexai": "gemini-2.0-flash-001", "bedrock": "us.anthropic.claude-sonnet-4-20250514-v1:0",
	"azure_openai": "gpt-4o",
}

// enrichmentSubtypes are those that the contract names.
var enrichmentSubtypes = []string{
	"anthropic_image_description", "bedrock_image_description", "openai_image_description",
	"vertexai_image_description", "twopass_image_description",
	"anthropic_table_description", "bedrock_table_description", "openai_table_description",
	"vertexai_table_description",
	"twopass_table2html", "anthropic_table2html", "openai_table2html",
	"anthropic_ner", "openai_ner",
	"anthropic_ocr", "bedrock_ocr", "openai_ocr",
}

func enrichmentSettings() spec.Spec {
	return spec.Spec{Fields: []spec.Field{
		{Name: "provider_type", Kind: spec.String, Omit: true,
			Help: "who runs the model; the subtype's first word if absent"},
		{Name: "model", Kind: spec.String, Omit: true, Help: "the provider's name of the model"},
		{Name: "prompt_interface_overrides", Kind: spec.Object, Omit: true,
			Help: "prompt.user replaces the built-in prompt; {{text}} stands for the element's text"},
		ownKey, ownHost,
	}}
}

func chunkSettings(more ...spec.Field) spec.Spec {
	return spec.Spec{Fields: append([]spec.Field{
		{Name: "unstructured_api_url", Kind: spec.String, Help: "kept, without effect"},
		{Name: "unstructured_api_key", Kind: spec.String, Secret: true, Help: "kept, without effect"},
		{Name: "include_orig_elements", Kind: spec.Bool, Default: false, Help: "pack the chunk's elements into its metadata"},
		{Name: "new_after_n_chars", Kind: spec.Int, Min: spec.Limit(0),
			Help: "a chunk longer than this takes nothing more; null is max_characters"},
		{Name: "max_characters", Kind: spec.Int, Min: spec.Limit(1), Help: "no chunk is longer; null is 500"},
		{Name: "max_tokens", Kind: spec.Int, Min: spec.Limit(1), Omit: true,
			Help: "no chunk has more tokens; in place of max_characters, and overlap and the like count tokens then"},
		{Name: "new_after_n_tokens", Kind: spec.Int, Min: spec.Limit(0), Omit: true, Help: "as new_after_n_chars, with max_tokens"},
		{Name: "tokenizer", Kind: spec.String, Omit: true, Enum: Tokenizers, Help: "what a token is, with max_tokens"},
		{Name: "overlap", Kind: spec.Int, Min: spec.Limit(0),
			Help: "code points repeated between the parts of a text that had to be split; null is 0"},
		{Name: "overlap_all", Kind: spec.Bool, Default: false, Help: "the same between all chunks"},
		{Name: "contextual_chunking_strategy", Kind: spec.String, Enum: []string{"v1"},
			Help: "v1 puts a sentence about the document before each chunk"},
	}, more...)}
}

func extractSettings() spec.Spec {
	return spec.Spec{Fields: []spec.Field{
		{Name: "schema_to_extract", Kind: spec.Object, Required: true,
			Help: "either json_schema (a JSON Schema) or extraction_guidance (words)"},
		{Name: "provider", Kind: spec.String, OpenEnum: true,
			Enum: []string{"anthropic", "azure_openai", "bedrock", "openai"}, Help: "who runs the model"},
		{Name: "model", Kind: spec.String, Help: "the provider's name of the model"},
		ownKey, ownHost,
	}}
}

// ownKey and ownHost are additions of this program: the platform pays its providers itself.
var (
	ownKey  = spec.Field{Name: "provider_api_key", Kind: spec.String, Secret: true, Omit: true, Help: "absent takes the server's own"}
	ownHost = spec.Field{Name: "base_url", Kind: spec.String, Omit: true,
		Help: "another host that speaks the provider's protocol; it gets the key of the node alone, never the server's"}
)
