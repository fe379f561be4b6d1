package chunk

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/model/tokens"
)

// Strategy is a way of grouping elements.
type Strategy string

const (
	Basic   Strategy = "basic"    // chunk_by_character: fill chunks up to the limit
	ByTitle Strategy = "by_title" // chunk_by_title: a new chunk at every Title, small ones combined
	ByPage  Strategy = "by_page"  // chunk_by_page: a new chunk at every page

	BySimilarity Strategy = "by_similarity" // chunk_by_similarity: a new chunk where neighbours speak of other things
)

// StrategyOf reads a strategy by its name at the partition endpoint or as the subtype of a chunk node. The error says
// what may be given.
func StrategyOf(name string) (Strategy, error) {
	switch strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "chunk_") {
	case "basic", "by_character":
		return Basic, nil
	case "by_title":
		return ByTitle, nil
	case "by_page":
		return ByPage, nil
	case "by_similarity":
		return BySimilarity, nil
	}
	return "", fmt.Errorf("unrecognized chunking strategy '%s'; use basic, by_title, by_page or by_similarity", name)
}

// Options are the settings of a chunker, lengths in Unicode code points, or in tokens when MaxTokens is given. The zero value
// has the reference's defaults; a nil pointer is a default that differs from zero.
type Options struct {
	MaxTokens           *int    // hard limit of a chunk in tokens, in place of MaxCharacters; Overlap and CombineUnderNChars are tokens then
	NewAfterNTokens     *int    // as NewAfterNChars, with MaxTokens
	Tokenizer           string  // what a token is, with MaxTokens: see tokens.ByName
	MaxCharacters       *int    // hard limit of a chunk; 500
	NewAfterNChars      *int    // a chunk longer than this takes nothing more; MaxCharacters, and never above it; 0 gives one element a chunk
	Overlap             int     // characters of the last chunk repeated where a text had to be cut
	OverlapAll          bool    // and between chunks of whole elements too
	CombineUnderNChars  *int    // by_title: chunks shorter than this are combined with the next; MaxCharacters; 0 combines none
	MultipageSections   *bool   // by_title: a section may go on over a page; true
	IncludeOrigElements *bool   // keep the elements in metadata.orig_elements; true
	RepeatTableHeaders  *bool   // repeat header rows in every piece of a table; true
	IsolateTable        *bool   // a table never shares a chunk; true
	SkipTableChunking   bool    // tables pass unchanged, however large; needs IsolateTable
	SimilarityThreshold float64 // by_similarity: how alike neighbours must be to share a chunk, 0.01 to 0.99; 0 is 0.5
	Contextual          bool    // put the headings above a chunk before its text, on top of the limit
}

// settings are options with the defaults filled in.
type settings struct {
	*meter
	gap, cell                                   int // of the separator, of the markup around a lone cell
	minimum                                     int // a table is cut by its rows when a chunk may be so long
	strategy                                    Strategy
	hard, soft, overlap, between                int // between: overlap of whole chunks
	combine                                     int
	multipage, originals, repeat, isolate, skip bool
	contextual                                  bool
	threshold                                   float64
}

func (o Options) resolve(s Strategy) settings {
	if s == BySimilarity { // only the limit and the topics count
		o.Overlap, o.OverlapAll, o.NewAfterNChars = 0, false, nil
	}
	r := settings{
		meter: &meter{},
		gap:   len(separator), cell: len(loneCell), minimum: 50,
		strategy:  s,
		hard:      or(o.MaxCharacters, 500),
		overlap:   o.Overlap,
		multipage: or(o.MultipageSections, true),
		originals: or(o.IncludeOrigElements, true),
		repeat:    or(o.RepeatTableHeaders, true),
		isolate:   or(o.IsolateTable, true),
		skip:      o.SkipTableChunking,

		contextual: o.Contextual, threshold: cmp.Or(o.SimilarityThreshold, 0.5),
	}

	soft := o.NewAfterNChars
	if o.MaxTokens != nil {
		r.hard, soft = *o.MaxTokens, o.NewAfterNTokens
		if s == BySimilarity {
			soft = nil
		}
		r.tokenizer, _ = tokens.ByName(o.Tokenizer) // Validate has seen to the error
		r.keep = 3 * r.hard                         // few languages have more than a token in three bytes
		r.gap, r.cell, r.minimum = r.size(separator), r.size(loneCell), 15
	}
	r.soft = min(or(soft, r.hard), r.hard)
	if o.OverlapAll {
		r.between = o.Overlap
	}
	if s == ByTitle {
		r.combine = or(o.CombineUnderNChars, r.hard)
	}
	return r
}

func or[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}

// Validate checks the options together, with the reference's words.
func (o Options) Validate(s Strategy) error {
	hard, limit := or(o.MaxCharacters, 500), "max_characters"
	if o.MaxTokens != nil {
		if o.MaxCharacters != nil {
			return errors.New("'max_tokens' and 'max_characters' are mutually exclusive; specify one or the other, not both")
		}
		if o.Tokenizer == "" {
			return errors.New("'tokenizer' is required when using 'max_tokens'")
		}
		if !tokens.Known(o.Tokenizer) {
			_, err := tokens.ByName(o.Tokenizer)
			return fmt.Errorf("'tokenizer': %w", err)
		}
		hard, limit = *o.MaxTokens, "max_tokens"
	}
	if hard <= 0 {
		return fmt.Errorf("'%s' argument must be > 0, got %d", limit, hard)
	}
	if n := or(o.NewAfterNTokens, 0); n < 0 {
		return fmt.Errorf("'new_after_n_tokens' argument must be >= 0, got %d", n)
	}
	if o.NewAfterNTokens != nil && o.MaxTokens == nil {
		return errors.New("'new_after_n_tokens' needs 'max_tokens'")
	}
	if n := or(o.NewAfterNChars, 0); n < 0 {
		return fmt.Errorf("'new_after_n_chars' argument must be >= 0, got %d", n)
	}
	if o.Overlap < 0 {
		return fmt.Errorf("'overlap' argument must be >= 0, got %d", o.Overlap)
	}
	if o.Overlap >= hard {
		return fmt.Errorf("'overlap' argument must be less than `%s`, got %d >= %d", limit, o.Overlap, hard)
	}
	if s == ByTitle {
		combine := or(o.CombineUnderNChars, 0)
		if combine < 0 {
			return fmt.Errorf("'combine_text_under_n_chars' argument must be >= 0, got %d", combine)
		}
		if combine > hard {
			return fmt.Errorf("'combine_text_under_n_chars' argument must not exceed `%s` value, got %d > %d", limit, combine, hard)
		}
	}
	if n := o.SimilarityThreshold; n != 0 && !(n >= 0.01 && n <= 0.99) {
		return fmt.Errorf("'similarity_threshold' must be between 0.01 and 0.99, got %g", n)
	}
	if o.SkipTableChunking && !or(o.IsolateTable, true) {
		return fmt.Errorf("'skip_table_chunking' needs 'isolate_table'")
	}
	return nil
}

// IsOption tells whether name is a parameter that Set knows.
func IsOption(name string) bool {
	switch name {
	case "max_characters", "new_after_n_chars", "overlap", "overlap_all", "combine_under_n_chars",
		"combine_text_under_n_chars", "multipage_sections", "include_orig_elements", "repeat_table_headers",
		"isolate_table", "skip_table_chunking", "max_tokens", "new_after_n_tokens", "tokenizer", "contextual_chunking_strategy", "similarity_threshold":
		return true
	}
	return false
}

// Set sets one option under its name at the partition endpoint or in a chunk node. value is a string, a bool, a number,
// or nil for the default.
func (o *Options) Set(name string, value any) (err error) {
	switch name {
	case "max_characters":
		o.MaxCharacters, err = integer(value)
	case "max_tokens":
		o.MaxTokens, err = integer(value)
	case "new_after_n_tokens":
		o.NewAfterNTokens, err = integer(value)
	case "tokenizer":
		switch v := value.(type) {
		case nil:
			o.Tokenizer = ""
		case string:
			o.Tokenizer = strings.TrimSpace(v)
		default:
			err = fmt.Errorf("%v is no name of a tokenizer", v)
		}
	case "new_after_n_chars":
		o.NewAfterNChars, err = integer(value)
	case "overlap":
		var n *int
		n, err = integer(value)
		o.Overlap = or(n, 0)
	case "overlap_all":
		var b *bool
		b, err = boolean(value)
		o.OverlapAll = or(b, false)
	case "combine_under_n_chars", "combine_text_under_n_chars":
		o.CombineUnderNChars, err = integer(value)
	case "multipage_sections":
		o.MultipageSections, err = boolean(value)
	case "include_orig_elements":
		o.IncludeOrigElements, err = boolean(value)
	case "repeat_table_headers":
		o.RepeatTableHeaders, err = boolean(value)
	case "isolate_table":
		o.IsolateTable, err = boolean(value)
	case "skip_table_chunking":
		var b *bool
		b, err = boolean(value)
		o.SkipTableChunking = or(b, false)
	case "similarity_threshold":
		o.SimilarityThreshold, err = share(value)
	case "contextual_chunking_strategy":
		switch value {
		case nil, "":
			o.Contextual = false
		case "v1":
			o.Contextual = true
		default:
			return fmt.Errorf("contextual_chunking_strategy is v1 or absent, not %v", value)
		}
	default:
		return fmt.Errorf("there is no chunking parameter %q", name)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func share(v any) (float64, error) {
	switch x := v.(type) {
	case nil:
		return 0, nil
	case float64:
		return x, nil
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a number", x)
		}
		return n, nil
	}
	return 0, fmt.Errorf("%v is not a number", v)
}

func integer(v any) (*int, error) {
	var n int
	switch x := v.(type) {
	case nil:
		return nil, nil
	case int:
		n = x
	case int64:
		n = int(x)
	case float64:
		if x != math.Trunc(x) || math.Abs(x) > 1<<31 {
			return nil, fmt.Errorf("%v is not a whole number", x)
		}
		n = int(x)
	case string:
		if strings.TrimSpace(x) == "" {
			return nil, nil
		}
		parsed, err := strconv.Atoi(strings.TrimSpace(x))
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number", x)
		}
		n = parsed
	default:
		return nil, fmt.Errorf("%v is not a whole number", v)
	}
	return &n, nil
}

func boolean(v any) (*bool, error) {
	var b bool
	switch x := v.(type) {
	case nil:
		return nil, nil
	case bool:
		b = x
	case string:
		switch strings.ToLower(strings.TrimSpace(x)) {
		case "":
			return nil, nil
		case "true", "1", "yes", "on", "t", "y":
			b = true
		case "false", "0", "no", "off", "f", "n":
		default:
			return nil, fmt.Errorf("%q is neither true nor false", x)
		}
	default:
		return nil, fmt.Errorf("%v is neither true nor false", v)
	}
	return &b, nil
}
