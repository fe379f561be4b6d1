package ocr

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/typeset"
	"github.com/sluicehq/sluice/partition/budget"
	"github.com/sluicehq/sluice/partition/layout"
)

const letter = `Annual report of the harbour authority

The harbour handled more ships than in any year before.
Most of them carried grain, timber and machine parts.
The new quay was opened in September and is in full use.
Two cranes were repaired and one was replaced.`

func words(t Text) string {
	var out []string
	for _, w := range t.Words {
		out = append(out, w.Text)
	}
	return strings.Join(out, " ")
}

func read(t *testing.T, m *image.Gray, o Options) Text {
	t.Helper()
	found, err := Read(t.Context(), Default, m, o)
	if err != nil {
		t.Fatalf("%v (the tests need Tesseract: make test-tools installs it)", err)
	}
	return found
}

func TestReadUpright(t *testing.T) {
	t.Parallel()
	m := typeset.Page(letter, 11, 500, 220, 200)
	got := read(t, m, Options{DPI: 200})
	if want := strings.Join(strings.Fields(letter), " "); words(got) != want || got.Turns != 0 || got.Scale != 1 {
		t.Errorf("turns %d, scale %v\n%s", got.Turns, got.Scale, words(got))
	}
	// The boxes are on the ink.
	for _, w := range got.Words {
		if !w.Box.In(m.Rect) || w.Box.Dy() < 8 || w.Box.Dy() > 40 {
			t.Errorf("%s: %v", w.Text, w.Box)
		}
	}
	p := got.Page(500, 220)
	if len(p.Glyphs) != len(got.Words) || !p.Recognized || p.Glyphs[0].Text != "Annual" || p.Glyphs[0].Size < 9 || p.Glyphs[0].Size > 13 {
		t.Errorf("%+v", p.Glyphs[0])
	}
	first := p.Glyphs[0].Box
	if near := (layout.Box{X0: 27.5, Y0: 30.5, X1: 66, Y1: 42}); first.X0 < near.X0-3 || first.Y0 < near.Y0-3 || first.X1 > near.X1+3 || first.Y1 > near.Y1+3 {
		t.Errorf("the first word stands at %v", first)
	}
}

func TestReadTurned(t *testing.T) {
	t.Parallel()
	upright := typeset.Page(letter, 11, 500, 220, 200)
	want := strings.Join(strings.Fields(letter), " ")
	for turns := range 4 {
		// What was turned by n quarter turns needs 4-n more.
		got := read(t, Turn(upright, turns), Options{DPI: 200})
		if got.Turns != (4-turns)%4 || words(got) != want || got.Width != upright.Rect.Dx() || got.Height != upright.Rect.Dy() {
			t.Errorf("turned by %d: %d, %d x %d\n%s", turns, got.Turns, got.Width, got.Height, words(got))
			continue
		}
		back := got.Back()
		if back.Words[0].Box.In(Turn(upright, turns).Rect) == false || turns%2 == 1 && back.Words[0].Box.Dx() > back.Words[0].Box.Dy() {
			t.Errorf("turned by %d: the first word stands at %v", turns, back.Words[0].Box)
		}
	}
}

func TestSmallLettersAreEnlarged(t *testing.T) {
	t.Parallel()
	got := read(t, typeset.Page(letter, 10, 500, 220, 72), Options{})
	if got.Scale < 2 || got.Scale > maxEnlarge || len(got.Words) < 35 || !strings.Contains(words(got), "The harbour handled more ships") {
		t.Errorf("scale %v\n%s", got.Scale, words(got))
	}
	if last := got.Words[len(got.Words)-1].Box; last.Max.X > 500 || last.Max.Y > 220 {
		t.Errorf("a box in the pixels of the enlarged raster: %v", last)
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	m := image.NewGray(image.Rect(0, 0, 1000, 1000))
	for height, want := range map[float64]float64{0: 1, 5: 4, 11: 2, 20: 1, 60: 1, 64: 0.5} {
		if got := (ink{height: height}).scale(m, DefaultPixels); got != want {
			t.Errorf("letters of %v pixels: %v, want %v", height, got, want)
		}
	}
	if got := (ink{height: 5}).scale(m, 4_000_000); got != 2 {
		t.Errorf("the cap of pixels gives %v", got)
	}
}

func TestBlank(t *testing.T) {
	t.Parallel()
	never := engine(func(context.Context, *image.Gray, Request) ([]Word, error) { return nil, errors.New("asked") })
	for name, m := range map[string]*image.Gray{
		"white":   typeset.Page("", 10, 300, 300, 72),
		"black":   image.NewGray(image.Rect(0, 0, 300, 300)),
		"nothing": image.NewGray(image.Rectangle{}),
	} {
		if got, err := Read(t.Context(), never, m, Options{}); err != nil || len(got.Words) != 0 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

type engine func(context.Context, *image.Gray, Request) ([]Word, error)

func (e engine) Words(ctx context.Context, m *image.Gray, r Request) ([]Word, error) {
	return e(ctx, m, r)
}

// Words that are hard to read stay where the rest of their line is read well, and go where nothing is.
func TestNoise(t *testing.T) {
	t.Parallel()
	word := func(text string, confidence float64, line int) Word {
		return Word{Text: text, Box: image.Rect(10, 10, 50, 20), Confidence: confidence, Line: line}
	}
	e := engine(func(context.Context, *image.Gray, Request) ([]Word, error) {
		return []Word{
			word("sent", 95, 1), word("email", 0, 1), word("yesterday", 96, 1), word("ee", 22, 2), word("~~", 12, 2), word("fair", 45, 3), word(" ", 95, 3),
		}, nil
	})
	got, err := Read(t.Context(), e, typeset.Page("marks", 20, 200, 60, 72), Options{})
	if err != nil || words(got) != "sent email yesterday fair" {
		t.Errorf("%v, %q", err, words(got))
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"eng": "eng", "de": "deu", "German": "deu", "eng+deu": "eng,deu", "fr,": "fra", "zh": "chi_sim", "zh-TW": "chi_tra", "chi_tra_vert": "chi_tra_vert",
		"nb": "nor", "ja": "jpn", "sr-Latn": "srp", "srp_latn": "srp_latn", "script/Latin": "script/Latin", "auto": "", "el": "ell", "frk": "frk", "fa": "fas",
	} {
		if got := strings.Join(Codes([]string{strings.Trim(given, ",")}), ","); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
	if got := Codes([]string{"de", "deu", "eng+de"}); !slices.Equal(got, []string{"deu", "eng"}) {
		t.Errorf("%q", got)
	}
	for code, want := range map[string]string{"chi_sim": "tesseract-ocr-chi-sim", "script/Latin": "tesseract-ocr-script-latin", "deu": "tesseract-ocr-deu"} {
		if got := Package(code); got != want {
			t.Errorf("%s: %s", code, got)
		}
	}
	if Known("klingon") || Known("../../etc") || Known("script/../x") || !Known("chi_sim") {
		t.Error("what is known")
	}
}

func TestMissingLanguage(t *testing.T) {
	t.Parallel()
	_, err := Read(t.Context(), Default, typeset.Page(letter, 11, 500, 220, 72), Options{Languages: []string{"eng", "tlh", "bod"}})
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.Unsupported || !strings.Contains(failed.Message, "apt-get install tesseract-ocr-tlh") {
		t.Errorf("got %v", err)
	}
}

func TestNotInstalled(t *testing.T) {
	t.Parallel()
	absent := &Tesseract{Command: filepath.Join(t.TempDir(), "tesseract")}
	_, err := Read(t.Context(), absent, typeset.Page(letter, 11, 500, 220, 72), Options{})
	var failed *budget.Error
	if !errors.As(err, &failed) || failed.Outcome != budget.Unsupported || !strings.Contains(failed.Message, "apt-get install tesseract-ocr") {
		t.Errorf("got %v", err)
	}
}

// command makes a program that lists English and does as it is told for a raster.
func command(t *testing.T, does string) *Tesseract {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tesseract")
	script := "#!/bin/sh\nif [ \"$1\" = --list-langs ]; then printf 'List:\\neng\\nosd\\n'; exit; fi\n" + does + "\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return &Tesseract{Command: path}
}

func TestBadCommands(t *testing.T) {
	t.Parallel()
	m := typeset.Page(letter, 11, 500, 220, 72)
	for name, c := range map[string]struct {
		does    string
		limit   time.Duration
		outcome budget.Outcome
	}{
		"fails":           {"cat >/dev/null; echo secret >&2; exit 3", 0, budget.Crashed},
		"dies":            {"kill -9 $$", 0, budget.Crashed},
		"sleeps":          {"sleep 600", 50 * time.Millisecond, budget.TimedOut},
		"child sleeps":    {"sleep 600 & wait", 50 * time.Millisecond, budget.TimedOut},
		"never ends line": {"yes | tr -d '\\n'", 0, budget.Crashed},
		"never ends":      {"yes '5\t1\t1\t1\t1\t1\t1\t1\t5\t5\t90\tword'", 0, budget.TooLarge},
	} {
		_, err := command(t, c.does).Words(t.Context(), m, Request{Limit: c.limit})
		var failed *budget.Error
		if !errors.As(err, &failed) || failed.Outcome != c.outcome || strings.Contains(failed.Message, "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	found, err := command(t, "cat >/dev/null; printf 'level\\tx\\n1\\t1\\n5\\t1\\t1\\t1\\t1\\t1\\t9\\t8\\t7\\t6\\t91.5\\ta word\\n5\\tx\\t1\\t1\\t1\\t1\\t9\\t8\\t7\\t6\\t91.5\\tbad\\n'").Words(t.Context(), m, Request{})
	if want := (Word{Text: "a word", Box: image.Rect(9, 8, 16, 14), Confidence: 91.5, Block: 1, Paragraph: 1, Line: 1}); err != nil || len(found) != 1 || found[0] != want {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	slow := command(t, "sleep 600")
	if _, err := slow.Languages(ctx); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := slow.Words(ctx, typeset.Page("a", 11, 100, 100, 72), Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestResizeAndTurn(t *testing.T) {
	t.Parallel()
	m := image.NewGray(image.Rect(0, 0, 3, 2))
	m.Pix = []uint8{1, 2, 3, 4, 5, 6}
	for turns, want := range map[int][]uint8{0: {1, 2, 3, 4, 5, 6}, 1: {4, 1, 5, 2, 6, 3}, 2: {6, 5, 4, 3, 2, 1}, 3: {3, 6, 2, 5, 1, 4}} {
		if got := Turn(m, turns); !slices.Equal(got.Pix, want) {
			t.Errorf("turned by %d: %v", turns, got.Pix)
		}
	}
	flat := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range flat.Pix {
		flat.Pix[i] = 77
	}
	for _, size := range []image.Point{{80, 60}, {17, 11}, {1, 1}, {40, 30}} {
		got := Resize(flat, size.X, size.Y)
		if got.Rect.Size() != size || slices.Min(got.Pix) != 77 || slices.Max(got.Pix) != 77 {
			t.Errorf("%v: %v from %d to %d", size, got.Rect, slices.Min(got.Pix), slices.Max(got.Pix))
		}
	}
}

func FuzzTSV(f *testing.F) {
	f.Add("5\t1\t1\t1\t1\t1\t9\t8\t7\t6\t91.5\tword\n")
	f.Add("level\tpage\n5\t\t\n")
	f.Fuzz(func(t *testing.T, table string) {
		found, err := parseTSV(strings.NewReader(table))
		for _, w := range found {
			if err == nil && w.Text == "" {
				t.Error("a word without text")
			}
		}
	})
}

// The page of text that a scanner gives: A4 at 300 dots per inch. The second measures Tesseract alone on the same raster.
func BenchmarkPage(b *testing.B) {
	m := typeset.Page(strings.Repeat(letter+"\n\n", 7), 10, 595, 842, 300)
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := Read(b.Context(), Default, m, Options{DPI: 300}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tesseract", func(b *testing.B) {
		for b.Loop() {
			if _, err := Default.Words(b.Context(), m, Request{DPI: 300}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("look", func(b *testing.B) {
		for b.Loop() {
			inspect(m)
		}
	})
}

// doubtfully is an engine that takes its time to find words that it is not sure of.
type doubtfully struct{ asked *atomic.Int32 }

func (d doubtfully) Words(context.Context, *image.Gray, Request) ([]Word, error) {
	d.asked.Add(1)
	time.Sleep(60 * time.Millisecond)
	return []Word{{Text: "harbour", Box: image.Rect(10, 10, 90, 30), Confidence: 50}}, nil
}

// All turns that are tried have the time of one raster together, and what was read first stays.
func TestTimeOfTurns(t *testing.T) {
	t.Parallel()
	asked := new(atomic.Int32)
	got, err := Read(t.Context(), doubtfully{asked}, typeset.Page(letter, 11, 500, 220, 200), Options{Limit: 100 * time.Millisecond})
	if err != nil || words(got) != "harbour" || asked.Load() > 2 {
		t.Errorf("%v, %q, asked %d times", err, words(got), asked.Load())
	}
}
