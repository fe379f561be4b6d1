package confluence

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"

	nethtml "golang.org/x/net/html"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
	"github.com/sluicehq/sluice/document"
	"github.com/sluicehq/sluice/internal/spool"
)

const (
	// inMemory is the size in bytes up to which a file is held in memory.
	inMemory = 4 << 20
	// maxImage and maxImages are how many bytes an image, and all images of a page, may have to be put into it.
	maxImage  = 10 << 20
	maxImages = 50 << 20
)

// content is a page with its body as shown.
type content struct {
	entry
	body string
}

// page reads a page. One that is not current (any more) is ErrNotFound.
func (s *site) page(ctx context.Context, what, id string) (content, error) {
	if number(id) < 0 {
		return content{}, connector.Fail(connector.ErrNotFound, "%s: it is not of Confluence; list the source again", what)
	}
	if s.Cloud {
		var row cloudRow
		_, err := s.Get(ctx, what, v2+"/pages/"+url.PathEscape(id), url.Values{"body-format": {"view"}}, &row)
		return content{row.entry(), row.Body.View.Value}, s.current(what, id, row.ID, row.Status, err)
	}
	var row ownRow
	_, err := s.Get(ctx, what, v1+"/content/"+url.PathEscape(id), url.Values{"expand": {"body.view,version,history"}}, &row)
	return content{row.entry(), row.Body.View.Value}, s.current(what, id, row.ID, row.Status, err)
}

func (s *site) current(what, asked, got, status string, err error) error {
	switch {
	case err != nil:
		return err
	case got != asked:
		return connector.Fail(nil, "%s: the answer is not that of Confluence; check url and cloud", what)
	case status != "" && status != "current":
		return connector.Fail(connector.ErrNotFound, "%s: it is archived or deleted", what)
	}
	return nil
}

// Fetch reads a page or an attachment. One that changed since it was listed comes with its new content and, in File.Found, its
// new version and date.
func (s *source) Fetch(ctx context.Context, d document.Document) (document.File, error) {
	what := fmt.Sprintf("read %q", d.Path)
	var e entry
	var f document.File
	var err error
	if strings.HasPrefix(d.Identifier, "att") {
		f, e, err = s.attached(ctx, what, d)
	} else {
		f, e, err = s.fetchPage(ctx, what, d)
	}
	if err != nil {
		return document.File{}, err
	}
	if e.Version != d.Version {
		f.Found.Version, f.Found.Modified = e.Version, e.Modified
	}
	return f, nil
}

func (s *source) fetchPage(ctx context.Context, what string, d document.Document) (document.File, entry, error) {
	c, err := s.page(ctx, what, d.Identifier)
	if err != nil {
		return document.File{}, c.entry, err
	}
	out := spool.New(s.Env.TempDir, inMemory)
	defer out.Close() // after the hand-over without effect
	_, err = io.WriteString(out, "<html><head><meta charset=\"utf-8\"></head><body>\n<h1>"+html.EscapeString(c.Title)+"</h1>\n")
	if err == nil && s.images {
		err = s.withImages(ctx, what, out, c.body)
	} else if err == nil {
		_, err = io.WriteString(out, c.body)
	}
	if err == nil {
		_, err = io.WriteString(out, "\n</body></html>\n")
	}
	if errors.Is(err, spool.ErrDisk) {
		err = rest.Disk(what, err)
	}
	if err != nil {
		return document.File{}, c.entry, err
	}
	return out.File(d.Name, "text/html"), c.entry, nil
}

// withImages writes a body in which images of the site itself stand as data (RFC 2397). Everything else stays as it is.
func (s *source) withImages(ctx context.Context, what string, to io.Writer, body string) error {
	left := int64(maxImages)
	for z := nethtml.NewTokenizer(strings.NewReader(body)); ; {
		kind := z.Next()
		raw := string(z.Raw())
		if kind == nethtml.ErrorToken {
			_, err := io.WriteString(to, raw)
			return err
		}
		if kind == nethtml.StartTagToken || kind == nethtml.SelfClosingTagToken {
			if token := z.Token(); token.Data == "img" {
				for i, a := range token.Attr {
					if a.Key != "src" {
						continue
					}
					data, err := s.image(ctx, what, a.Val, min(left, maxImage))
					if err != nil {
						return err
					}
					if data != "" {
						left -= int64(len(data)) / 4 * 3
						token.Attr[i].Val = data
						raw = token.String()
					}
				}
			}
		}
		if _, err := io.WriteString(to, raw); err != nil {
			return err
		}
	}
}

// image is an attachment of the site as a data address; "" when it is none, is too large, or cannot be read.
func (s *source) image(ctx context.Context, what, src string, limit int64) (string, error) {
	base, err := url.Parse(s.Client.Bases[0] + "/")
	if err != nil {
		return "", nil
	}
	u, err := base.Parse(src)
	if err != nil || u.Scheme != base.Scheme || u.Host != base.Host {
		return "", nil
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), strings.TrimSuffix(base.EscapedPath(), "/"))
	if !ok || strings.Contains(path, "..") || !strings.HasPrefix(path, "/download/attachments/") && !strings.HasPrefix(path, "/download/thumbnails/") &&
		!strings.HasPrefix(path, "/download/embedded-page/") {
		return "", nil
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	found, head, err := s.Client.ReadAway(ctx, s.Env, rest.Request{What: what + ": read an image", Path: path}, inMemory, never)
	if err != nil {
		if outcome, _ := connector.Classify(err); outcome == connector.Permanent && ctx.Err() == nil {
			return "", nil // the page is worth reading without it
		}
		return "", err
	}
	defer found.Close()
	if found.Size() > limit {
		return "", nil
	}
	content, err := io.ReadAll(found.Reader())
	if err != nil {
		return "", rest.Disk(what, err)
	}
	mimeType := head.Get("Content-Type")
	if !strings.HasPrefix(mimeType, "image/") {
		mimeType = http.DetectContentType(content)
	}
	if mimeType, _, _ = strings.Cut(mimeType, ";"); !strings.HasPrefix(mimeType, "image/") {
		return "", nil
	}
	return "data:" + mimeType + ";base64," + base64.StdEncoding.EncodeToString(content), nil
}

// never says that nobody can tell whether a content is still the same.
func never(http.Header, *rest.Request) bool { return false }

// attached reads an attachment, which the cloud keeps on another host.
func (s *source) attached(ctx context.Context, what string, d document.Document) (document.File, entry, error) {
	if number(d.Identifier) < 0 {
		return document.File{}, entry{}, connector.Fail(connector.ErrNotFound, "%s: it is not of Confluence; list the source again", what)
	}
	var e entry
	var path string
	if s.Cloud {
		var row cloudRow
		_, err := s.Get(ctx, what, v2+"/attachments/"+url.PathEscape(d.Identifier), nil, &row)
		if err := s.current(what, d.Identifier, row.ID, row.Status, err); err != nil {
			return document.File{}, e, err
		}
		e, path = row.entry(), v1+"/content/"+url.PathEscape(row.PageID)+"/child/attachment/"+url.PathEscape(row.ID)+"/download"
	} else {
		var row ownRow
		_, err := s.Get(ctx, what, v1+"/content/"+url.PathEscape(d.Identifier), url.Values{"expand": {"version,history,container"}}, &row)
		if err := s.current(what, d.Identifier, row.ID, row.Status, err); err != nil {
			return document.File{}, e, err
		}
		if e, path = row.entry(), row.Links.Download; !strings.HasPrefix(path, "/download/") || strings.Contains(path, "..") {
			return document.File{}, e, connector.Fail(nil, "%s: Confluence does not say where it stands", what)
		}
	}
	content, _, err := s.Client.ReadAway(ctx, s.Env, rest.Request{What: what, Path: path}, inMemory, never)
	if err != nil {
		return document.File{}, e, err
	}
	return content.File(d.Name, e.MediaType), e, nil
}
