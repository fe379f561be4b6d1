package api

import (
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/internal/engine"
)

const (
	maxParts  = 100_000  // of one form
	maxFields = 1_000    // of them text
	maxForm   = 64 << 20 // bytes of all text fields
)

// form reads a body as a form, multipart or urlencoded, whatever the client made of an empty one. File parts whose
// name (without a trailing []) is in files are given to take as they arrive; others are passed over. It returns the text
// fields under their names without a trailing [].
func form(w http.ResponseWriter, r *request, files string, take func(name, contentType string, content io.Reader) error) (map[string][]string, error) {
	media, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media == "multipart/form-data" {
		if params["boundary"] == "" {
			return nil, errorf(http.StatusBadRequest, "Missing boundary in multipart.")
		}
		return parts(multipart.NewReader(r.Body, params["boundary"]), files, take)
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	values := map[string][]string{}
	if media == "application/x-www-form-urlencoded" || media == "" {
		parsed, err := url.ParseQuery(string(text))
		if err != nil { // fields that cannot be read would be missing without a word
			return nil, errorf(http.StatusBadRequest, "There was an error parsing the body")
		}
		fields := 0
		for _, v := range parsed {
			fields += len(v)
		}
		if fields > maxFields {
			return nil, errorf(http.StatusRequestEntityTooLarge, "the form has more than %d fields", maxFields)
		}
		for _, k := range slices.Sorted(maps.Keys(parsed)) {
			name := strings.TrimSuffix(k, "[]")
			values[name] = append(values[name], parsed[k]...)
		}
	}
	return values, nil
}

func parts(m *multipart.Reader, files string, take func(name, contentType string, content io.Reader) error) (map[string][]string, error) {
	values := map[string][]string{}
	size, fields := 0, 0
	for n := 0; ; n++ {
		p, err := m.NextRawPart()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			if n == 0 && strings.Contains(err.Error(), "NextPart: EOF") { // a form without parts
				return values, nil
			}
			return nil, broken(err)
		}
		if n >= maxParts {
			return nil, errorf(http.StatusRequestEntityTooLarge, "the form has more than %d parts", maxParts)
		}
		name := strings.TrimSuffix(p.FormName(), "[]")
		fileName, isFile, err := fileName(p)
		if err != nil {
			return nil, err
		}
		if isFile {
			if name != files {
				continue
			}
			content := &partReader{r: p}
			if err := take(fileName, p.Header.Get("Content-Type"), content); err != nil {
				if content.err != nil {
					return nil, broken(content.err)
				}
				return nil, err
			}
			continue
		}
		if fields++; fields > maxFields {
			return nil, errorf(http.StatusRequestEntityTooLarge, "the form has more than %d fields", maxFields)
		}
		text, err := io.ReadAll(io.LimitReader(p, maxBody+1))
		if err != nil {
			return nil, broken(err)
		}
		if size += len(text); len(text) > maxBody || size > maxForm {
			return nil, errorf(http.StatusRequestEntityTooLarge, "the form field %s is too large", name)
		}
		if name != "" {
			values[name] = append(values[name], string(text))
		}
	}
}

// fileName tells a file from a text field by the parameter filename. A disposition that cannot be read is refused: the
// part may be a file, which would be missing without a word.
func fileName(p *multipart.Part) (name string, isFile bool, err error) {
	disposition := p.Header.Get("Content-Disposition")
	if disposition == "" {
		return "", false, nil
	}
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		return "", false, errorf(http.StatusBadRequest,
			"There was an error parsing the body: the Content-Disposition of a part cannot be read; write its values in double quotes")
	}
	name = params["filename"]
	if name == "" { // a text field, or an empty file field of a browser
		return "", false, nil
	}
	return engine.BaseName(strings.ReplaceAll(name, "%22", `"`)), true, nil
}

// partReader remembers the failure of a part, which lies with the client.
type partReader struct {
	r   io.Reader
	err error
}

func (p *partReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err
}

// broken is a form that cannot be read to its end.
func broken(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return errorf(http.StatusBadRequest, "There was an error parsing the body")
}

// first returns the first value of a field.
func first(values map[string][]string, name string) (string, bool) {
	v, ok := values[name]
	if !ok || len(v) == 0 {
		return "", false
	}
	return v[0], true
}
