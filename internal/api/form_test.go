package api

import (
	"errors"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// readForm gives the fields and files (name and content) of a body.
func readForm(contentType, body string) (values map[string][]string, files [][2]string, err error) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	values, err = form(httptest.NewRecorder(), &request{Request: r}, "files", func(name, _ string, content io.Reader) error {
		b, err := io.ReadAll(content)
		files = append(files, [2]string{name, string(b)})
		return err
	})
	return values, files, err
}

func TestForm(t *testing.T) {
	t.Parallel()
	part := func(disposition, body string) string {
		return "--x\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + body + "\r\n"
	}
	const multi = "multipart/form-data; boundary=x"
	for name, c := range map[string]struct {
		kind, body string
		values     map[string][]string
		files      [][2]string
	}{
		"empty":           {multi, "--x--\r\n", map[string][]string{}, nil},
		"no parts at all": {multi, "", map[string][]string{}, nil},
		"nothing":         {"", "", map[string][]string{}, nil},
		"urlencoded":      {"application/x-www-form-urlencoded", "a=1&b[]=2&b=3", map[string][]string{"a": {"1"}, "b": {"3", "2"}}, nil},
		"json":            {"application/json", `{"a":1}`, map[string][]string{}, nil},
		"fields and files": {multi, part(`name="a[]"`, "1") + part(`name="files[]"; filename="dir/x.txt"`, "X") + part(`name="a"`, "2") +
			part(`name="files"; filename="ü%22.txt"`, "Y") + "--x--\r\n", map[string][]string{"a": {"1", "2"}}, [][2]string{{"x.txt", "X"}, {`ü".txt`, "Y"}}},
		"others are passed over": {multi, part(`name="other"; filename="o.txt"`, "O") + part(`name="files"; filename="x.txt"`, "X") + "--x--\r\n",
			map[string][]string{}, [][2]string{{"x.txt", "X"}}},
		"a file field of a browser without a file": {multi, part(`name="files"; filename=""`, "") + "--x--\r\n", map[string][]string{"files": {""}}, nil},
		"paths as names": {multi, part(`name="files"; filename="C:\dir\x.txt"`, "X") + part(`name="files"; filename="../../y.txt"`, "Y") +
			part(`name="files"; filename=".."`, "Z") + "--x--\r\n", map[string][]string{}, [][2]string{{"x.txt", "X"}, {"y.txt", "Y"}, {"file", "Z"}}},
		"a part without a name": {multi, "--x\r\n\r\n1\r\n--x--\r\n", map[string][]string{}, nil},
		"unquoted":              {multi, part(`name=files; filename=x.txt`, "X") + "--x--\r\n", map[string][]string{}, [][2]string{{"x.txt", "X"}}},
	} {
		values, files, err := readForm(c.kind, c.body)
		if err != nil || !reflect.DeepEqual(values, c.values) || !reflect.DeepEqual(files, c.files) {
			t.Errorf("%s: %v %v %v", name, values, files, err)
		}
	}
	for name, c := range map[string]struct {
		kind, body string
		status     int
	}{
		"half a field":       {"application/x-www-form-urlencoded", "a=1&request_data=%zz", 400},
		"many values":        {"application/x-www-form-urlencoded", strings.Repeat("a=1&", maxFields+1), 413},
		"an unreadable name": {multi, part(`name=files; filename=two words.txt`, "X") + "--x--\r\n", 400},
		"no boundary":        {"multipart/form-data", "x", 400},
		"cut off":            {multi, part(`name="files"; filename="x.txt"`, "X"), 400},
		"cut in a text":      {multi, "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhalf", 400},
		"many fields":        {multi, strings.Repeat(part(`name="a"`, "1"), maxFields+1) + "--x--\r\n", 413},
		"a large field":      {multi, part(`name="a"`, strings.Repeat("x", maxBody+1)) + "--x--\r\n", 413},
	} {
		_, _, err := readForm(c.kind, c.body)
		var e *apiError
		if !errors.As(err, &e) || e.status != c.status {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzForm(f *testing.F) {
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a\"\r\n\r\nX\r\n--x--\r\n")
	f.Add("application/x-www-form-urlencoded", "a=%zz&b")
	f.Add("multipart/form-data; boundary=", "--\r\n")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		_, files, err := readForm(contentType, body)
		var e *apiError
		if err != nil && !errors.As(err, &e) {
			t.Errorf("an error that is nobody's fault: %v", err)
		}
		for _, file := range files {
			if strings.ContainsAny(file[0], "/\\\x00") || file[0] == "" {
				t.Errorf("a file is called %q", file[0])
			}
		}
	})
}
