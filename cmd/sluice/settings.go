package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/chunk"
	"github.com/sluicehq/sluice/internal/pipeline"
	"github.com/sluicehq/sluice/partition"
)

// settings are the --set NAME=VALUE flags, under the names of the partition endpoint: those of the partitioner and those
// of the chunker.
type settings struct {
	partition partition.Options
	chunk     chunk.Options
	strategy  chunk.Strategy // "" does not chunk
	seen      bool           // by the model that vision names: strategy vlm
	vision    pipeline.Vision
}

// parseSettings reads the flags. An error names the flag and what it may be.
func parseSettings(strategy string, set []string) (settings, error) {
	s := settings{partition: partition.Options{IncludeSlideNotes: true}} // as the partition endpoint has it
	if err := s.set("strategy", strategy); err != nil {
		return s, fmt.Errorf("--strategy %s: %w", strategy, err)
	}
	for _, flag := range set {
		name, value, ok := strings.Cut(flag, "=")
		if !ok || name == "" {
			return s, fmt.Errorf("--set %s: write it as NAME=VALUE", flag)
		}
		if err := s.set(name, value); err != nil {
			return s, fmt.Errorf("--set %s: %w", flag, err)
		}
	}
	switch {
	case s.seen:
		if reason := s.vision.Lacks(); reason != "" {
			return s, fmt.Errorf("--strategy vlm: %s", reason)
		}
	case s.vision != (pipeline.Vision{}):
		return s, errors.New("vlm_model and vlm_model_provider need --strategy vlm")
	}
	return s, nil
}

func (s *settings) set(name, value string) (err error) {
	switch {
	case name == "chunking_strategy":
		s.strategy, err = chunk.StrategyOf(value)
		return err
	case name == "strategy" && strings.EqualFold(value, "vlm"):
		s.seen = true
		return nil
	case name == "strategy":
		s.seen = false
		return s.partition.Set(name, value)
	case name == "vlm_model":
		s.vision.Model = value
		return nil
	case name == "vlm_model_provider":
		s.vision.Provider = value
		return nil
	case chunk.IsOption(name):
		return s.chunk.Set(name, jsonValue(value))
	default:
		return s.partition.Set(name, value)
	}
}

// jsonValue reads a value that is written as JSON (numbers, booleans, lists); anything else is a string.
func jsonValue(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) == nil {
		return v
	}
	return text
}
