package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// chromium is a running browser without a window, spoken to over a pipe: requests on its file 3 and answers on its file 4, each a JSON
// text that ends with a zero byte (Chrome DevTools Protocol).
type chromium struct {
	command *exec.Cmd
	profile string
	to      *os.File
	from    *os.File
	answers *bufio.Reader
	id      int
}

func startChromium(ctx context.Context) (*chromium, error) {
	profile, err := os.MkdirTemp("", "sluice-chromium-")
	if err != nil {
		return nil, err
	}
	c := &chromium{profile: profile}
	theirsIn, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, theirsOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.to, c.from, c.answers = to, from, bufio.NewReaderSize(from, 1<<20)
	c.command = exec.CommandContext(ctx, "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-extensions", "--disable-dev-shm-usage",
		"--disable-background-networking", "--no-first-run", "--remote-debugging-pipe", "--user-data-dir="+profile, "about:blank")
	c.command.ExtraFiles = []*os.File{theirsIn, theirsOut}
	err = c.command.Start()
	_, _ = theirsIn.Close(), theirsOut.Close()
	if err != nil {
		c.stop()
		if errors.Is(err, exec.ErrNotFound) {
			return nil, errors.New("chromium is not installed; run scripts/layout-tools")
		}
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	return c, nil
}

// stop ends the browser.
func (c *chromium) stop() {
	if c.command.Process != nil {
		_ = c.call("", "Browser.close", nil, nil)
		_ = c.command.Wait()
	}
	_, _ = c.to.Close(), c.from.Close()
	_ = os.RemoveAll(c.profile)
}

type message struct {
	ID        int             `json:"id,omitempty"`
	Session   string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    any             `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Complaint *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// call sends a request and waits for its answer; events in between are passed over.
func (c *chromium) call(session, method string, params, result any) error {
	c.id++
	b, err := json.Marshal(message{ID: c.id, Session: session, Method: method, Params: params})
	if err != nil {
		return err
	}
	if _, err := c.to.Write(append(b, 0)); err != nil {
		return fmt.Errorf("chromium has ended: %w", err)
	}
	for {
		m, err := c.next()
		switch {
		case err != nil:
			return err
		case m.ID != c.id:
		case m.Complaint != nil:
			return fmt.Errorf("chromium, %s: %s", method, m.Complaint.Message)
		case result == nil:
			return nil
		default:
			return json.Unmarshal(m.Result, result)
		}
	}
}

func (c *chromium) next() (message, error) {
	var m message
	b, err := c.answers.ReadBytes(0)
	if err != nil {
		return m, fmt.Errorf("chromium has ended: %w", err)
	}
	return m, json.Unmarshal(b[:len(b)-1], &m)
}

// print writes a page as PDF, with a structure tree where asked.
func (c *chromium) print(html, pdf string, tagged bool) error {
	var target struct {
		ID string `json:"targetId"`
	}
	if err := c.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var session struct {
		ID string `json:"sessionId"`
	}
	if err := c.call("", "Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &session); err != nil {
		return err
	}
	defer func() { _ = c.call("", "Target.closeTarget", map[string]any{"targetId": target.ID}, nil) }()
	if err := c.call(session.ID, "Page.enable", nil, nil); err != nil {
		return err
	}
	if err := c.call(session.ID, "Page.navigate", map[string]any{"url": "file://" + html}, nil); err != nil {
		return err
	}
	for {
		m, err := c.next()
		if err != nil {
			return err
		}
		if m.Session == session.ID && m.Method == "Page.loadEventFired" {
			break
		}
	}
	var printed struct {
		Data string `json:"data"`
	}
	if err := c.call(session.ID, "Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": true, "generateTaggedPDF": tagged}, &printed); err != nil {
		return err
	}
	content, err := base64.StdEncoding.DecodeString(printed.Data)
	if err != nil {
		return err
	}
	return os.WriteFile(pdf, content, 0o644)
}
