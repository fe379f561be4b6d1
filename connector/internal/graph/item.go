package graph

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

// Item is a driveItem: a file or folder of a drive.
type Item struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	ETag     string          `json:"eTag"`
	Size     int64           `json:"size"`
	WebURL   string          `json:"webUrl"`
	Created  time.Time       `json:"createdDateTime"`
	Modified time.Time       `json:"lastModifiedDateTime"`
	File     *file           `json:"file"`
	Folder   json.RawMessage `json:"folder"`
	Deleted  json.RawMessage `json:"deleted"`
	Root     json.RawMessage `json:"root"`
	Remote   json.RawMessage `json:"remoteItem"` // of another drive
	Parent   struct {
		ID   string `json:"id"`
		Path string `json:"path"` // "/drives/ID/root:/folder", escaped; absent in changes of a drive
	} `json:"parentReference"`
	DownloadURL string `json:"@microsoft.graph.downloadUrl"` // good for an hour, for whoever has it
}

type file struct {
	MIMEType string `json:"mimeType"`
}

// document says whether an item is one: a file that is not empty, of this drive.
func (i *Item) document() bool {
	return i.File != nil && i.Remote == nil && i.Deleted == nil && i.Size > 0 && i.Name != "" && i.ID != ""
}

func (i *Item) folder() bool { return i.Folder != nil && i.Remote == nil && i.Deleted == nil }

// version is the eTag without its quotes.
func (i *Item) version() string { return strings.Trim(i.ETag, `"`) }

// Place is the path of an item below the root of its drive, without slashes at the ends. ok is false when the answer does not say.
func (i *Item) Place() (place string, ok bool) {
	folder, ok := i.folderPlace()
	if !ok {
		return "", false
	}
	return strings.TrimPrefix(folder+"/"+i.Name, "/"), true
}

func (i *Item) folderPlace() (string, bool) {
	_, below, ok := strings.Cut(i.Parent.Path, ":")
	if !ok {
		return "", i.Parent.Path != "" && strings.HasSuffix(i.Parent.Path, "/root")
	}
	if plain, err := url.PathUnescape(below); err == nil {
		below = plain
	}
	return strings.Trim(below, "/"), true
}

// info describes an item for a walk through folders.
type info struct{ item *Item }

func (i info) Name() string       { return i.item.Name }
func (i info) Size() int64        { return i.item.Size }
func (i info) ModTime() time.Time { return i.item.Modified }
func (i info) IsDir() bool        { return i.item.folder() }
func (i info) Sys() any           { return i.item }
func (i info) Mode() fs.FileMode {
	switch {
	case i.item.folder():
		return fs.ModeDir
	case i.item.document():
		return 0
	}
	return fs.ModeIrregular
}

// Paths of a drive and its items, below the version.

func drivePath(drive string) string { return "/drives/" + EscapeID(drive) }

// ItemPath is the path of an item.
func ItemPath(drive, item string) string { return drivePath(drive) + "/items/" + EscapeID(item) }

var idMarks = strings.NewReplacer("%21", "!", "%2C", ",")

// EscapeID escapes an id of the service for a path. The marks that its own links write plainly stay.
func EscapeID(id string) string { return idMarks.Replace(url.PathEscape(id)) }

// PlacePath is the path of the item that stands at a place below the root of a drive; "" is the root. What follows it, such as
// /children, begins with a slash.
func PlacePath(drive, place string) string {
	if place == "" {
		return drivePath(drive) + "/root"
	}
	return drivePath(drive) + "/root:/" + EscapePath(place) + ":"
}

// EscapePath escapes the names of a path, not its slashes. The names . and .. stay names.
func EscapePath(path string) string {
	names := strings.Split(path, "/")
	for i, name := range names {
		names[i] = url.PathEscape(name)
		if name == "." || name == ".." {
			names[i] = strings.ReplaceAll(name, ".", "%2E")
		}
	}
	return strings.Join(names, "/")
}

// UserPath is the path of a user, below the version.
func UserPath(user string) string { return "/users/" + url.PathEscape(user) }

// DriveOf finds the drive of a user.
func (c *Client) DriveOf(ctx context.Context, user string) (string, error) {
	var found struct {
		ID string `json:"id"`
	}
	what := "find the drive of " + user
	a, err := c.Do(ctx, rest.Request{What: what, Method: http.MethodGet, Path: UserPath(user) + "/drive?$select=id", OK: []int{http.StatusNotFound}})
	switch {
	case err != nil:
		return "", err
	case a.Status == http.StatusNotFound:
		return "", connector.Fail(connector.ErrNotFound, "%s: the directory has no such user, or the user has no OneDrive; check user_pname", what)
	}
	if err := decode(what, a, &found); err != nil {
		return "", err
	}
	return found.ID, nil
}

// mimeType is a declared type that says something.
func (i *Item) mimeType() string {
	if i.File == nil || i.File.MIMEType == "application/octet-stream" {
		return ""
	}
	return i.File.MIMEType
}
