package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// types are those of Graph that the fake answers with, as the service's published metadata (v1.0) has them: for each property its
// type. Only what the fake uses is here. "[x]" is a list.
var types = map[string]map[string]string{
	"driveItem": {
		"id": "string", "name": "string", "eTag": "string", "cTag": "string", "size": "int", "webUrl": "string", "createdDateTime": "time", "lastModifiedDateTime": "time",
		"parentReference": "itemReference", "file": "file", "folder": "folder", "deleted": "deleted", "root": "root",
	},
	"itemReference":      {"driveId": "string", "driveType": "string", "id": "string", "path": "string"},
	"file":               {"mimeType": "string", "hashes": "hashes"},
	"hashes":             {"quickXorHash": "string"},
	"folder":             {"childCount": "int"},
	"deleted":            {"state": "string"},
	"root":               {},
	"drive":              {"id": "string", "name": "string", "driveType": "string", "webUrl": "string"},
	"site":               {"id": "string"},
	"permission":         {"id": "string", "roles": "[string]", "grantedToV2": "identitySet", "grantedToIdentitiesV2": "[identitySet]", "grantedTo": "identitySet", "link": "sharingLink"},
	"identitySet":        {"user": "identity", "group": "identity", "siteUser": "sharePointIdentity", "siteGroup": "sharePointIdentity"},
	"identity":           {"id": "string", "displayName": "string"},
	"sharePointIdentity": {"id": "string", "displayName": "string", "loginName": "string"},
	"sharingLink":        {"scope": "string", "type": "string", "webUrl": "string"},
	"uploadSession":      {"uploadUrl": "string", "expirationDateTime": "time", "nextExpectedRanges": "[string]"},
	"mailFolder":         {"id": "string", "displayName": "string", "parentFolderId": "string", "childFolderCount": "int", "totalItemCount": "int", "isHidden": "bool"},
	"message":            {"id": "string", "subject": "string", "changeKey": "string", "webLink": "string", "createdDateTime": "time", "lastModifiedDateTime": "time"},
	"driveItems":         {"value": "[driveItem]"},
	"drives":             {"value": "[drive]"},
	"permissions":        {"value": "[permission]"},
	"mailFolders":        {"value": "[mailFolder]"},
	"messages":           {"value": "[message]"},
	"batchResponse":      {"responses": "[response]"},
	"response":           {"id": "string", "status": "int", "headers": "any", "body": "any"},
	"error":              {"error": "publicError"},
	"publicError":        {"code": "string", "message": "string", "innerError": "any"},
	"tokenResponse":      {"token_type": "string", "expires_in": "int", "ext_expires_in": "int", "access_token": "string"},
	"tokenErrorResponse": {"error": "string", "error_description": "string", "error_codes": "[int]"},
}

// annotations are what may stand beside the properties of any type.
var annotations = map[string]bool{
	"@odata.nextLink": true, "@odata.deltaLink": true, "@odata.type": true, "@removed": true, "@microsoft.graph.downloadUrl": true,
}

// conforms says what is wrong with a value of a type, "" for nothing.
func conforms(at, kind string, value any) string {
	if of, ok := strings.CutPrefix(kind, "["); ok {
		list, ok := value.([]any)
		if !ok {
			return at + " is no list"
		}
		for i, member := range list {
			if why := conforms(fmt.Sprintf("%s[%d]", at, i), strings.TrimSuffix(of, "]"), member); why != "" {
				return why
			}
		}
		return ""
	}
	ok := false
	switch kind {
	case "any":
		ok = true
	case "string":
		_, ok = value.(string)
	case "bool":
		_, ok = value.(bool)
	case "int":
		n, number := value.(float64)
		ok = number && n == float64(int64(n))
	case "time":
		text, _ := value.(string)
		_, err := time.Parse(time.RFC3339, text)
		ok = err == nil
	default:
		fields, isObject := value.(map[string]any)
		if !isObject {
			break
		}
		for name, member := range fields {
			if annotations[name] {
				continue
			}
			of, known := types[kind][name]
			if !known {
				return fmt.Sprintf("%s: %s has no property %q", at, kind, name)
			}
			if why := conforms(at+"."+name, of, member); why != "" {
				return why
			}
		}
		return ""
	}
	if !ok {
		return fmt.Sprintf("%s is %v, want %s", at, value, kind)
	}
	return ""
}

// TestContract holds the fake's answers against the types of the service.
func TestContract(t *testing.T) {
	t.Parallel()
	s := Start(t)
	s.Page = 3
	drive := s.Drive(User)
	for i := range 4 {
		drive.Put(fmt.Sprintf("a b/%d.txt", i), "text")
	}
	drive.Share("a b/0.txt", []string{"read"}, []string{"u1", "u2"}, []string{"g"})
	s.Site(Site, "Documents", "More")
	box := s.Mailbox(User)
	for i := range 4 {
		box.Put(box.Inbox(), fmt.Sprint(i), "text")
	}
	token := ""
	call := func(kind, method, address, body string, status int) map[string]any {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.Contains(address, "/token"):
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		case strings.Contains(address, "graph.microsoft.com"):
			r.Header.Set("Authorization", "Bearer "+token)
		case method == http.MethodPut:
			r.Header.Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(body)-1, step+4))
			if len(body) == 4 {
				r.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", step, step+3, step+4))
			}
		}
		answer, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != status {
			t.Fatalf("%s %s: %d, %v %s", method, address, answer.StatusCode, err, text)
		}
		if kind == "" {
			return nil
		}
		var value map[string]any
		if err := json.Unmarshal(text, &value); err != nil {
			t.Fatalf("%s %s: %v", method, address, err)
		}
		if why := conforms(kind, kind, value); why != "" {
			t.Errorf("%s %s: %s", method, address, why)
		}
		return value
	}
	login := "https://login.microsoftonline.com/" + Tenant + "/oauth2/v2.0/token"
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {ClientID}, "client_secret": {Secret}, "scope": {"https://graph.microsoft.com/.default"}}
	token, _ = call("tokenResponse", "POST", login, form.Encode(), 200)["access_token"].(string)
	form.Set("client_secret", "x")
	call("tokenErrorResponse", "POST", login, form.Encode(), 401)

	const base = "https://graph.microsoft.com/v1.0"
	for path, kind := range map[string]string{
		"/users/" + User + "/drive": "drive", "/drives/" + drive.ID + "/root": "driveItem", "/drives/" + drive.ID + "/root:/a%20b/0.txt:": "driveItem",
		"/drives/" + drive.ID + "/root:/a%20b/0.txt:/permissions": "permissions", "/sites/contoso.sharepoint.com:/sites/team": "site", "/users/" + User + "/mailFolders": "mailFolders",
		"/users/" + User + "/mailFolders/inbox": "mailFolder", "/users/" + User + "/mailFolders/inbox/childFolders": "mailFolders",
	} {
		call(kind, "GET", base+path, "", 200)
	}
	for path, kind := range map[string]string{
		"/drives/" + drive.ID + "/root:/a%20b:/children": "driveItems", "/drives/" + drive.ID + "/root/delta": "driveItems", "/users/" + User + "/mailFolders/inbox/messages/delta": "messages",
	} {
		n, pages := 0, 0
		for at := base + path; at != ""; pages++ {
			page := call(kind, "GET", at, "", 200)
			members, _ := page["value"].([]any)
			n += len(members)
			at, _ = page["@odata.nextLink"].(string)
			if _, ends := page["@odata.deltaLink"]; ends == (at != "") && strings.HasSuffix(path, "delta") {
				t.Errorf("%s: a page ends with %v", path, page)
			}
		}
		if n < 4 || pages != 2 {
			t.Errorf("%s: %d members on %d pages", path, n, pages)
		}
	}
	site, _ := call("site", "GET", base+"/sites/contoso.sharepoint.com:/sites/team", "", 200)["id"].(string)
	call("drives", "GET", base+"/sites/"+site+"/drives", "", 200)
	call("drive", "GET", base+"/sites/"+site+"/drive", "", 200)
	call("batchResponse", "POST", base+"/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users/nobody@contoso.com/drive"}]}`, 200)
	call("error", "GET", base+"/drives/none/root", "", 404)
	call("driveItem", "PUT", base+"/drives/"+drive.ID+"/root:/new/x.txt:/content", "text", 201)
	call("error", "PUT", base+"/drives/"+drive.ID+"/root:/new/x.txt:/content?@microsoft.graph.conflictBehavior=fail", "text", 409)
	call("driveItem", "POST", base+"/drives/"+drive.ID+"/root/children", `{"name":"made","folder":{}}`, 201)
	session, _ := call("uploadSession", "POST", base+"/drives/"+drive.ID+"/root:/made/y.bin:/createUploadSession", `{"item":{"@microsoft.graph.conflictBehavior":"fail","name":"y.bin"}}`, 200)["uploadUrl"].(string)
	call("uploadSession", "PUT", session, strings.Repeat("x", step), 202)
	call("uploadSession", "GET", session, "", 200)
	call("error", "PUT", session, strings.Repeat("x", step), 416)
	call("driveItem", "PUT", session, "last", 201)
	call("", "DELETE", base+"/drives/"+drive.ID+"/root:/made:", "", 204)
	s.Forget()
	call("error", "GET", base+"/drives/"+drive.ID+"/root/delta?token=0.1", "", 410)
	s.Revoke()
	call("error", "GET", base+"/drives/"+drive.ID+"/root", "", 401)
}
