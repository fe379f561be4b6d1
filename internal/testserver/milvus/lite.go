package milvus

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/sluicehq/sluice/internal/testserver/process"
	"github.com/sluicehq/sluice/internal/testserver/python"
	"github.com/sluicehq/sluice/internal/testserver/wire"
)

const (
	lite     = "3.2.2"
	client   = "3.0.2"
	packages = "milvus-lite-" + lite
)

// Install fetches Milvus Lite and its client, once.
func Install() error { return python.Install(packages, "milvus-lite=="+lite, "pymilvus=="+client) }

//go:embed bridge.py
var bridge string

// Lite is Milvus Lite, which speaks another protocol, behind a bridge of the interface (bridge.py), and that behind a server which has bad days.
type Lite struct{ *wire.Server }

// StartLite starts Milvus Lite; it is stopped with the test. The test is skipped with -short, and where it is not installed.
func StartLite(tb testing.TB) *Lite {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs Milvus Lite; run without -short")
	}
	dir, err := python.Installed(packages)
	if err != nil {
		tb.Skipf("needs Milvus Lite: run make test-servers (%v)", err)
	}
	port, err := process.FreePort()
	if err != nil {
		tb.Fatal(err)
	}
	c := python.Command(dir, "-c", bridge, tb.TempDir(), strconv.Itoa(port), Token)
	c.Dir = tb.TempDir()
	to := &url.URL{Scheme: "http", Host: "127.0.0.1:" + strconv.Itoa(port)}
	s := &process.Service{Name: "Milvus Lite", Needs: "on Debian: apt-get install python3", Every: 100 * time.Millisecond, Patience: 2 * time.Minute, Signal: os.Kill,
		Command: func() (*exec.Cmd, error) { return c, nil },
		Ping: func() error {
			_, err := wire.Call(http.MethodGet, to.String(), "", nil, nil)
			return err
		}}
	s.Open(tb)
	return &Lite{Server: wire.Start(tb, httputil.NewSingleHostReverseProxy(to))}
}

// Address is that of the server.
func (l *Lite) Address() string { return l.URL }

// call looks at the server from outside.
func (l *Lite) call(path string, ask, out any) error {
	var answer struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if _, err := wire.Call(http.MethodPost, l.URL+"/v2/vectordb/"+path, "Bearer "+Token, ask, &answer); err != nil {
		return err
	}
	if answer.Code != 0 {
		return fmt.Errorf("%s: code %d: %s", path, answer.Code, answer.Message)
	}
	return json.Unmarshal(answer.Data, out)
}

// Create makes a collection, which is loaded.
func (l *Lite) Create(tb testing.TB, name string, dynamic bool, fields ...Field) {
	tb.Helper()
	var list []any
	for _, f := range fields {
		params := map[string]string{}
		if f.Length > 0 {
			params["max_length"] = strconv.Itoa(f.Length)
		}
		if f.Dim > 0 {
			params["dim"] = strconv.Itoa(f.Dim)
		}
		list = append(list, map[string]any{"fieldName": f.Name, "dataType": f.Kind, "isPrimary": f.Primary, "autoId": f.Auto, "nullable": f.Nullable, "elementTypeParams": params})
	}
	ask := map[string]any{"collectionName": name, "schema": map[string]any{"enableDynamicField": dynamic, "fields": list}}
	if err := l.call("collections/create", ask, &struct{}{}); err != nil {
		tb.Fatal(err)
	}
}

// Rows lists what stands in a collection.
func (l *Lite) Rows(tb testing.TB, name string) []map[string]any {
	tb.Helper()
	var out []map[string]any
	if err := l.call("entities/query", map[string]any{"collectionName": name, "filter": `record_id != ""`, "outputFields": []string{"*"}}, &out); err != nil {
		tb.Fatal(err)
	}
	return out
}
