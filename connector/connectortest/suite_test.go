package connectortest

import (
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func with(key string, value func(address string) string) func(*testing.T, map[string]any, string) map[string]any {
	return func(_ *testing.T, config map[string]any, address string) map[string]any {
		config = maps.Clone(config)
		config[key] = value(address)
		return config
	}
}

func runSource(t *testing.T, flaw string) {
	RunSource(t, Source{
		Type: "memory", Folders: true,
		New: func(t *testing.T) SourcePlace { return newMemory(t, flaw) },
		WrongSecret: func(t *testing.T, config map[string]any) map[string]any {
			return with("password", func(string) string { return wrongPassword })(t, config, "")
		},
		At: with("address", func(address string) string { return address }),
		Missing: func(t *testing.T, config map[string]any) map[string]any {
			return with("place", func(string) string { return "nowhere" })(t, config, "")
		},
	})
}

func runDestination(t *testing.T, flaw string) {
	RunDestination(t, Destination{
		Type: "memory", Vectors: true,
		New: func(t *testing.T) DestinationPlace { return newMemory(t, flaw) },
		WrongSecret: func(t *testing.T, config map[string]any) map[string]any {
			return with("password", func(string) string { return wrongPassword })(t, config, "")
		},
		At: with("address", func(address string) string { return address }),
		Missing: func(t *testing.T, config map[string]any) map[string]any {
			return with("place", func(string) string { return "nowhere" })(t, config, "")
		},
	})
}

func TestGoodSource(t *testing.T) {
	t.Parallel()
	runSource(t, "")
}

func TestGoodDestination(t *testing.T) {
	t.Parallel()
	runDestination(t, "")
}

// flaws names the subtests that find each broken form.
var flaws = map[string][]string{
	"first again":          {"source/resume", "source/names", "source/many"},
	"page of 1000":         {"source/many"},
	"deaf":                 {"source/cancel", "destination/cancel"},
	"own dialer":           {"source/host/silent_host", "destination/host/silent_host"},
	"leak":                 {"source/one", "destination/write"},
	"secret":               {"source/wrong_secret", "destination/wrong_secret"},
	"secret in log":        {"source/wrong_secret", "destination/wrong_secret"},
	"refusal is transient": {"source/wrong_secret", "destination/wrong_secret"},
	"gives up":             {"source/host/unreachable", "source/host/hang_up", "destination/host/unreachable"},
	"same version":         {"source/changed"},
	"identifier changes":   {"source/changed"},
	"gone":                 {"source/vanished"},
	"cuts":                 {"source/at_once"},
	"temporary":            {"source/one"},
	"probe stays":          {"destination/check"},
	"case":                 {"destination/names"},
	"keeps":                {"destination/fewer", "destination/empty"},
	"gap":                  {"destination/readers", "destination/broken_stream", "destination/cancel"},
	"half":                 {"destination/broken_stream", "destination/cancel"},
	"short texts":          {"destination/texts"},
	"no vectors":           {"destination/write"},
	"remove twice":         {"destination/remove"},
}

// TestFlaws runs the suites over broken forms in processes of their own, since they must fail there.
func TestFlaws(t *testing.T) {
	t.Parallel()
	const variable = "SLUICE_TEST_FLAW"
	if flaw := os.Getenv(variable); flaw != "" {
		t.Run("source of "+flaw, func(t *testing.T) { runSource(t, flaw) })
		t.Run("destination of "+flaw, func(t *testing.T) { runDestination(t, flaw) })
		return
	}
	for _, flaw := range slices.Sorted(maps.Keys(flaws)) {
		for _, name := range flaws[flaw] {
			side, _, _ := strings.Cut(name, "/")
			name = "TestFlaws/" + strings.ReplaceAll(side+" of "+flaw, " ", "_") + "/" + name
			pattern := "^" + strings.ReplaceAll(name, "/", "$/^") + "$"
			command := exec.Command(os.Args[0], "-test.run="+pattern, "-test.short", "-test.timeout=5m")
			command.Env = append(os.Environ(), variable+"="+flaw)
			out, err := command.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: "+name+" ") {
				t.Errorf("%s passes:\n%s", name, out)
			}
		}
	}
}
