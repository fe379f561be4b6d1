package googledrive

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/record"
)

const (
	native   = "application/vnd.google-apps." // begins the types that have no bytes of their own
	folder   = native + "folder"
	shortcut = native + "shortcut"

	// fields are those of a file that are asked for.
	fields = "id,name,mimeType,version,size,md5Checksum,createdTime,modifiedTime,trashed,webViewLink,driveId,hasAugmentedPermissions," +
		"inheritedPermissionsDisabled,capabilities(canDownload),shortcutDetails(targetId),permissions(" + permissionFields + ")"
	permissionFields = "id,type,role,deleted"
)

// file is a file or a folder, as the service describes it.
type file struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	MIMEType string    `json:"mimeType"`
	Version  string    `json:"version"`
	Size     string    `json:"size"`
	MD5      string    `json:"md5Checksum"`
	Created  time.Time `json:"createdTime"`
	Modified time.Time `json:"modifiedTime"`
	Trashed  bool      `json:"trashed"`
	Link     string    `json:"webViewLink"`
	DriveID  string    `json:"driveId"`                      // of the shared drive, "" outside
	Own      bool      `json:"hasAugmentedPermissions"`      // permissions of its own, in a shared drive
	Alone    bool      `json:"inheritedPermissionsDisabled"` // and no others
	Can      struct {
		Download *bool `json:"canDownload"`
	} `json:"capabilities"`
	Shortcut struct {
		Target string `json:"targetId"`
	} `json:"shortcutDetails"`
	Permissions []permission `json:"permissions"`
}

type permission struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Role    string `json:"role"`
	Deleted bool   `json:"deleted"`
}

// export is the form in which a file of Google's editors is read.
type export struct{ mimeType, extension string }

var exports = map[string]export{
	native + "document":     {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
	native + "spreadsheet":  {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
	native + "presentation": {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
	native + "drawing":      {"image/png", ".png"},
}

// position is the place of a file in the order of its folder: by creation, and by id where that is the same.
type position struct{ created, id string }

// instant is how times are written: as the service does, so that they sort as texts.
const instant = "2006-01-02T15:04:05.000Z"

func (f file) position() position { return position{f.Created.UTC().Format(instant), f.ID} }

func (p position) compare(q position) int {
	if c := strings.Compare(p.created, q.created); c != 0 {
		return c
	}
	return strings.Compare(p.id, q.id)
}

// name is the file's name as a file system takes it, with the extension of its export.
func (f file) name() string {
	extension := exports[f.MIMEType].extension
	if extension == "" || strings.EqualFold(path.Ext(f.Name), extension) {
		return record.SafeName(f.Name)
	}
	return record.FileName(f.Name, extension)
}

// readable says whether a file has content, and one of the extensions, in lower case with dots; none is any.
func (f file) readable(extensions map[string]bool) bool {
	if strings.HasPrefix(f.MIMEType, native) {
		if _, ok := exports[f.MIMEType]; !ok {
			return false
		}
	} else if n, _ := strconv.ParseInt(f.Size, 10, 64); n <= 0 { // what is not a number is left out, as what is empty
		return false
	}
	return len(extensions) == 0 || extensions[strings.ToLower(path.Ext(f.name()))]
}

// file describes one file or folder. One in the trash is ErrNotFound.
func (r *remote) file(ctx context.Context, what, id string) (file, error) {
	var f file
	_, err := r.get(ctx, what, files+"/"+url.PathEscape(id), url.Values{"supportsAllDrives": {"true"}, "fields": {fields}}, &f)
	switch {
	case err != nil:
		return f, err
	case f.ID == "":
		return f, connector.Fail(nil, "%s: the answer is not that of Google Drive; check endpoint_url", what)
	case f.Trashed:
		return f, connector.Fail(connector.ErrNotFound, "%s: it is in the trash", what)
	}
	return f, nil
}

// rightsOf are what a role gives, as the service's guide to roles has it.
func rightsOf(role string) record.Rights {
	switch role {
	case "owner", "organizer":
		return record.MayDelete
	case "fileOrganizer", "writer":
		return record.MayUpdate
	case "commenter", "reader":
		return record.MayRead
	}
	return record.None
}

// permissionsData is what data_source says of who may do what. Whole domains and everybody with the link have no ids, and
// nobody who may see the permissions of a file sees none: an empty list is not known.
func permissionsData(list []permission) []map[string]any {
	if len(list) == 0 {
		return nil
	}
	var all record.Access
	for _, p := range list {
		switch {
		case p.Deleted:
		case p.Type == "user":
			all.User(p.ID, rightsOf(p.Role))
		case p.Type == "group":
			all.Group(p.ID, rightsOf(p.Role))
		}
	}
	return all.Data()
}

// access is who may do what with a file. In a shared drive the listing has no permissions: they are asked for where an item has
// its own, and are those of the folder elsewhere.
func (r *remote) access(ctx context.Context, f file, folder []map[string]any) ([]map[string]any, error) {
	switch {
	case f.DriveID == "":
		return permissionsData(f.Permissions), nil
	case f.Own || f.Alone:
		return r.permissions(ctx, f.ID)
	}
	return folder, nil
}

// permissions reads who may do what with an item of a shared drive, or the drive itself; nil when the account may not see it.
func (r *remote) permissions(ctx context.Context, id string) ([]map[string]any, error) {
	const what = "read the permissions of files"
	var list []permission
	for token := ""; ; {
		q := url.Values{"supportsAllDrives": {"true"}, "pageSize": {"100"}, "fields": {"nextPageToken,permissions(" + permissionFields + ")"}}
		if token != "" {
			q.Set("pageToken", token)
		}
		var page struct {
			Permissions []permission `json:"permissions"`
			Next        string       `json:"nextPageToken"`
		}
		status, err := r.get(ctx, what, files+"/"+url.PathEscape(id)+"/permissions", q, &page, http.StatusNotFound)
		switch {
		case errors.Is(err, connector.ErrForbidden):
			r.warned.Do(func() {
				if r.env.Log != nil {
					r.env.Log.WarnContext(ctx, "the account may not see the permissions of files: permissions_data stays empty", "account", r.account())
				}
			})
			return nil, nil
		case err != nil:
			return nil, err
		case status == http.StatusNotFound:
			return nil, nil
		}
		list = append(list, page.Permissions...)
		if page.Next == "" || page.Next == token {
			return permissionsData(list), nil
		}
		token = page.Next
	}
}
