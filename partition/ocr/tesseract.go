package ocr

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sluicehq/sluice/partition/budget"
)

// Tesseract is the Engine that runs the command of that name: one process a raster, which it is given on standard input
// and whose words come back on standard output. As many run at once as the machine has processors, over all Tesseracts of
// this process. The zero value is ready and finds the command in PATH.
type Tesseract struct {
	Command string // name or path; "" is tesseract

	mu        sync.Mutex
	installed []string // data that the command has, once asked
}

// Default is the engine that is used where no other is given: the command found in PATH.
var Default = &Tesseract{}

// running holds one token for each process that runs.
var running = make(chan struct{}, runtime.GOMAXPROCS(0))

// Words implements Engine.
func (t *Tesseract) Words(ctx context.Context, raster *image.Gray, r Request) ([]Word, error) {
	codes := Codes(r.Languages)
	if err := t.check(ctx, &codes); err != nil {
		return nil, err
	}
	select {
	case running <- struct{}{}:
		defer func() { <-running }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	arguments := []string{"stdin", "stdout", "-l", strings.Join(codes, "+"), "--psm", "3", "-c", "tessedit_create_tsv=1"}
	if r.DPI > 0 {
		arguments = append(arguments, "--dpi", strconv.Itoa(min(max(r.DPI, 70), 2400)))
	}
	limit := r.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errTooLong)
	defer cancel()
	var words []Word
	err := t.run(ctx, func(w io.Writer) error { return writePGM(w, raster) }, func(out io.Reader) (err error) {
		words, err = parseTSV(&bounded{in: out, left: maxOutput})
		return err
	}, arguments...)
	switch {
	case err == nil:
		return words, nil
	case errors.Is(context.Cause(ctx), errTooLong):
		return nil, budget.Errorf(budget.TimedOut, "OCR took longer than %s", limit)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	var failed *budget.Error
	if errors.As(err, &failed) {
		return nil, err
	}
	return nil, &budget.Error{Outcome: budget.Crashed, Message: "Tesseract failed on the picture; it may be damaged or out of memory", Err: err}
}

var errTooLong = errors.New("OCR took too long")

// maxOutput bounds what is read of one raster, bytes; a page of small print gives a quarter of a megabyte.
const maxOutput = 16 << 20

// bounded fails where more comes than is expected.
type bounded struct {
	in   io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, budget.Errorf(budget.TooLarge, "OCR gives more than %d bytes for one picture", maxOutput)
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// NotInstalled is the failure of a file that needs OCR on a machine without Tesseract.
func NotInstalled() error {
	return budget.Errorf(budget.Unsupported, "OCR needs Tesseract, which is not installed. Install it: apt-get install tesseract-ocr")
}

// check makes sure that the command and its data are there. Without languages it takes English, or what there is.
func (t *Tesseract) check(ctx context.Context, codes *[]string) error {
	var lacking []string
	for again := range 2 { // what is missing may have been installed a moment ago
		installed, err := t.languages(ctx, again == 1)
		if err != nil {
			return err
		}
		if len(*codes) == 0 {
			*codes = []string{"eng"}
			if !slices.Contains(installed, "eng") && len(installed) > 0 {
				*codes = installed[:1]
			}
		}
		lacking = slices.DeleteFunc(slices.Clone(*codes), func(c string) bool { return slices.Contains(installed, c) })
		if len(lacking) == 0 {
			return nil
		}
	}
	return missing(lacking, t.installed)
}

// Languages lists the data that is installed, without osd, which is no language. The error is NotInstalled without the command.
func (t *Tesseract) Languages(ctx context.Context) ([]string, error) { return t.languages(ctx, true) }

func (t *Tesseract) languages(ctx context.Context, fresh bool) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.installed != nil && !fresh {
		return t.installed, nil
	}
	var found []string
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err := t.run(ctx, nil, func(out io.Reader) error {
		lines := bufio.NewScanner(io.LimitReader(out, 1<<16))
		for first := true; lines.Scan(); first = false {
			if name := strings.TrimSpace(lines.Text()); !first && name != "" && name != "osd" && name != "equ" {
				found = append(found, name)
			}
		}
		return lines.Err()
	}, "--list-langs")
	if err != nil {
		return nil, err
	}
	slices.Sort(found)
	t.installed = found
	return found, nil
}

// run starts the command, writes to it and reads from it. A process that ctx ends is killed with all that it started.
func (t *Tesseract) run(ctx context.Context, in func(io.Writer) error, out func(io.Reader) error, arguments ...string) error {
	name := t.Command
	if name == "" {
		name = "tesseract"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return NotInstalled()
	}
	if path, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("find Tesseract: %w", err)
	}
	cmd := exec.Command(path, arguments...) //nolint:noctx // ended below, with its group
	cmd.Env = environment()
	cmd.Dir = os.TempDir()
	separate(cmd)
	var last tail
	cmd.Stderr = &last
	cmd.WaitDelay = time.Second
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run Tesseract: %w", err)
	}
	var stdin io.WriteCloser
	if in != nil {
		if stdin, err = cmd.StdinPipe(); err != nil {
			return fmt.Errorf("run Tesseract: %w", err)
		}
	}
	if err := launch(cmd); err != nil {
		return fmt.Errorf("start Tesseract: %w", err)
	}
	end := &ending{process: cmd.Process}
	defer context.AfterFunc(ctx, end.kill)()
	written := make(chan error, 1)
	if in != nil {
		go func() {
			err := in(stdin)
			written <- errors.Join(err, stdin.Close())
		}()
	} else {
		written <- nil
	}
	readErr := out(stdout)
	if readErr != nil {
		end.kill()
	}
	_, _ = io.Copy(io.Discard, stdout)
	writeErr := <-written
	err = cmd.Wait()
	end.reaped()
	if readErr != nil {
		return readErr
	}
	if err != nil {
		return fmt.Errorf("tesseract: %w: %s", err, last.String())
	}
	return writeErr
}

// ending kills a process at most as long as its number is its own.
type ending struct {
	mu      sync.Mutex
	process *os.Process
}

func (e *ending) kill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.process != nil {
		kill(e.process)
	}
}

func (e *ending) reaped() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.process = nil
}

// environment is all that the command gets to know. OpenMP makes it several times slower on few processors.
func environment() []string {
	env := []string{"LC_ALL=C.UTF-8", "OMP_THREAD_LIMIT=1", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}
	if v, ok := os.LookupEnv("TESSDATA_PREFIX"); ok {
		env = append(env, "TESSDATA_PREFIX="+v)
	}
	return env
}

// writePGM writes a raster in the plainest of forms, which costs neither side any compression.
func writePGM(w io.Writer, m *image.Gray) error {
	b := bufio.NewWriterSize(w, 1<<16)
	width, height := m.Rect.Dx(), m.Rect.Dy()
	fmt.Fprintf(b, "P5\n%d %d\n255\n", width, height)
	for y := range height {
		if _, err := b.Write(m.Pix[y*m.Stride : y*m.Stride+width]); err != nil {
			return err
		}
	}
	return b.Flush()
}

// parseTSV reads Tesseract's table of words. Columns: level, page, block, paragraph, line, word, left, top, width, height,
// confidence, text; words are of level 5.
func parseTSV(r io.Reader) ([]Word, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), 1<<20)
	var words []Word
	for lines.Scan() {
		columns := strings.SplitN(lines.Text(), "\t", 12)
		if len(columns) < 12 || columns[0] != "5" {
			continue
		}
		var n [10]int
		ok := true
		for i := range n {
			v, err := strconv.Atoi(columns[i])
			n[i], ok = v, ok && err == nil
		}
		confidence, err := strconv.ParseFloat(columns[10], 64)
		text := strings.ToValidUTF8(columns[11], "")
		if !ok || err != nil || text == "" {
			continue
		}
		words = append(words, Word{
			Text: text, Box: image.Rect(n[6], n[7], n[6]+n[8], n[7]+n[9]), Confidence: confidence,
			Block: n[2], Paragraph: n[3], Line: n[4],
		})
	}
	return words, lines.Err()
}

// tail keeps the last bytes that are written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 1 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p[max(0, len(p)-tailSize):]...)
	t.buf = t.buf[max(0, len(t.buf)-tailSize):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
