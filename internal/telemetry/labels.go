package telemetry

import (
	"strings"
	"sync"
)

// maxSeries is how many sets of label values one metric may have. Those that come later share one, "other": whatever a label
// is made of, it cannot fill the memory.
const maxSeries = 500

// limited is a metric whose label values are bounded.
type limited[T any] struct {
	get  func(values ...string) T
	seen *seen
}

type seen struct {
	mu   sync.Mutex
	sets map[string]struct{}
}

func limit[T any](get func(...string) T) limited[T] {
	return limited[T]{get, &seen{sets: map[string]struct{}{}}}
}

// with returns the series of these label values.
func (l limited[T]) with(values ...string) T {
	clean := make([]string, len(values))
	for i, v := range values {
		clean[i] = label(v)
	}
	if len(clean) > 0 && !l.seen.add(strings.Join(clean, "\xff")) {
		for i := range clean {
			clean[i] = "other"
		}
	}
	return l.get(clean...)
}

// add says whether a set is known or still finds room.
func (s *seen) add(set string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.sets[set]; ok {
		return true
	}
	if len(s.sets) >= maxSeries {
		return false
	}
	s.sets[set] = struct{}{}
	return true
}

// maxLabel is how long a label value may be, in bytes.
const maxLabel = 100

// label makes a value one that Prometheus takes. "" is "none", so that a selection by it is visible.
func label(v string) string {
	if v == "" {
		return "none"
	}
	return strings.ToValidUTF8(v[:min(len(v), maxLabel)], "_")
}
