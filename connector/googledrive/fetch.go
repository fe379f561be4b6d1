package googledrive

import (
	"context"
	"crypto/md5" //nolint:gosec // the service's own checksum
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	// inMemory is the size in bytes up to which a file is held in memory.
	inMemory = 4 << 20
	// exportTime is how long a long-running export may take, and exportPauses how long is waited between looks at it.
	exportTime       = 15 * time.Minute
	firstExportPause = 500 * time.Millisecond
	lastExportPause  = 10 * time.Second
)

func (s *source) reading(name string) string { return fmt.Sprintf("read file %q", name) }

func media() url.Values { return url.Values{"alt": {"media"}, "supportsAllDrives": {"true"}} }

// Fetch reads a file whole, or its export. One that changed since it was listed comes with its new content and, in File.Found,
// its new version and date; bytes of two versions never mix.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	what := s.reading(d.Name)
	if !plainID.MatchString(d.Identifier) {
		return document.File{}, connector.Fail(connector.ErrNotFound, "%s: it is not of Google Drive; list the source again", what)
	}
	f, err := s.file(ctx, what, d.Identifier)
	if err != nil {
		return document.File{}, err
	}
	if f.Can.Download != nil && !*f.Can.Download {
		return document.File{}, connector.Fail(connector.ErrForbidden, "%s: its owner keeps viewers from downloading it; share it with %s as Editor", what, s.account())
	}
	var content *spool.Spool
	mimeType := f.MIMEType
	if e, ok := exports[f.MIMEType]; ok {
		mimeType = e.mimeType
		content, err = s.export(ctx, what, f.ID, e)
	} else {
		content, err = s.content(ctx, what, f)
	}
	if err != nil {
		return document.File{}, err
	}
	out := content.File(d.Name, mimeType)
	if f.Version != d.Version {
		out.Found.Version, out.Found.Modified = f.Version, f.Modified.UTC()
	}
	return out, nil
}

// content reads the bytes of a file and holds them against its checksum.
func (s *source) content(ctx context.Context, what string, f file) (*spool.Spool, error) {
	content, _, err := s.client.Read(ctx, rest.Request{What: what, Path: files + "/" + url.PathEscape(f.ID), Query: media()}, s.env.TempDir, inMemory,
		func(http.Header, *rest.Request) bool { return f.MD5 != "" })
	if err != nil || f.MD5 == "" {
		return content, err
	}
	sum := md5.New() //nolint:gosec // as above
	if _, err = io.Copy(sum, content.Reader()); err != nil {
		err = rest.Disk(what, err)
	} else if hex.EncodeToString(sum.Sum(nil)) != strings.ToLower(f.MD5) {
		err = connector.Retry(nil, 0, "%s: it changes while it is read", what)
	}
	if err != nil {
		_ = content.Close() // the error that matters is the first
		return nil, err
	}
	return content, nil
}

// export reads a file of Google's editors in another form.
func (s *source) export(ctx context.Context, what, id string, e export) (*spool.Spool, error) {
	content, _, err := s.client.Read(ctx, rest.Request{What: what, Path: files + "/" + url.PathEscape(id) + "/export", Query: url.Values{"mimeType": {e.mimeType}}},
		s.env.TempDir, inMemory, never)
	if !errors.Is(err, errExportLimit) {
		return content, err
	}
	return s.exportLarge(ctx, what, id, e)
}

// never says that nobody can tell whether a content is still the same.
func never(http.Header, *rest.Request) bool { return false }

// operation is a download that the service prepares.
type operation struct {
	Name  string `json:"name"`
	Done  bool   `json:"done"`
	Error *struct {
		Code int `json:"code"` // of google.rpc.Code
	} `json:"error"`
	Response struct {
		URI string `json:"downloadUri"`
	} `json:"response"`
}

// exportLarge has the service prepare an export that is larger than it gives at once, and reads that.
func (s *source) exportLarge(ctx context.Context, what, id string, e export) (*spool.Spool, error) {
	tooLarge := connector.Fail(nil, "%s: Google cannot export it as %s: it is larger than the 10 MB that it exports at once, and the long-running download fails; split it, or download it in the browser",
		what, e.extension)
	a, err := s.client.Do(ctx, rest.Request{What: what, Method: http.MethodPost, Path: files + "/" + url.PathEscape(id) + "/download",
		Query: url.Values{"mimeType": {e.mimeType}}, Body: []byte{}})
	if err != nil {
		if errors.Is(err, errExportLimit) {
			return nil, tooLarge
		}
		return nil, err
	}
	var o operation
	if err := decode(what, a.Body, &o); err != nil {
		return nil, err
	}
	end := time.Now().Add(exportTime)
	for pause := firstExportPause; !o.Done; pause = min(2*pause, lastExportPause) {
		if time.Now().After(end) {
			return nil, connector.Retry(nil, time.Minute, "%s: Google did not export it within %s", what, exportTime)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		case <-timer.C:
		}
		name := strings.TrimPrefix(o.Name, "operations/")
		if _, err := s.get(ctx, what, "/drive/v3/operations/"+url.PathEscape(name), nil, &o); err != nil {
			return nil, err
		}
	}
	if o.Error != nil {
		switch o.Error.Code {
		case 5:
			return nil, connector.Fail(connector.ErrNotFound, "%s: it is not there, or not any more", what)
		case 7, 16:
			return nil, connector.Fail(connector.ErrForbidden, "%s: access refused; share it with %s as Viewer", what, s.account())
		case 4, 8, 10, 13, 14:
			return nil, connector.Retry(nil, time.Minute, "%s: Google could not export it now", what)
		}
		return nil, tooLarge
	}
	return s.download(ctx, what, o.Response.URI)
}

// download reads what the service has prepared. It stands on another host of Google's, which wants the token too.
func (s *source) download(ctx context.Context, what, uri string) (*spool.Spool, error) {
	u, err := url.Parse(uri)
	if err != nil || !s.trusted(u) {
		return nil, connector.Fail(nil, "%s: Google Drive sends us to an address that is not Google's", what)
	}
	host := (&rest.Client{Service: service, Bases: []string{u.Scheme + "://" + u.Host}, Sign: s.client.Sign, Refuse: s.refuse}).Open(s.env)
	defer host.Close()
	path := u.EscapedPath()
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	content, _, err := host.Read(ctx, rest.Request{What: what, Path: path}, s.env.TempDir, inMemory, never)
	return content, err
}

// trusted says whether a token may be sent to an address: to the configured one and to Google's.
func (s *source) trusted(u *url.URL) bool {
	if u.Scheme+"://"+u.Host == s.client.Bases[0] {
		return true
	}
	host := "." + strings.ToLower(u.Hostname())
	return u.Scheme == "https" && u.User == nil && (strings.HasSuffix(host, ".google.com") || strings.HasSuffix(host, ".googleapis.com") ||
		strings.HasSuffix(host, ".googleusercontent.com"))
}
