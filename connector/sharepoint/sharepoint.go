// Package sharepoint reads documents from the libraries of SharePoint sites, over Microsoft Graph. Its type is "sharepoint".
//
// A document is a file. Its identifier is the id of the driveItem, its version the eTag.
package sharepoint

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/graph"
)

// Type is the id of the connector.
const Type = "sharepoint"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
}

// library is a document library of a site.
type library struct {
	client *graph.Client
	site   string // the address as Graph takes it: host, or host:/path
	shown  string
	name   string // "" for the site's default
}

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	site, shown, err := siteOf(graph.Text(config, "site"))
	if err != nil {
		return nil, err
	}
	c, err := graph.Open(config, "Sites.Read.All (or Sites.Selected, with this site granted to the app)", env)
	if err != nil {
		return nil, err
	}
	l := &library{client: c, site: site, shown: shown, name: graph.Text(config, "library")}
	recursive, _ := config["recursive"].(bool)
	folder, _ := config["path"].(string)
	folder = strings.Trim(folder, "/")
	if strings.EqualFold(folder, "Shared Documents") { // how the root of the default library was written once
		folder = ""
	}
	return graph.NewFiles(graph.FilesConfig{Client: c, Env: env, Path: folder, Recursive: recursive, User: graph.Text(config, "user_pname"), Find: l.find}), nil
}

// siteOf reads the address of a site, as https://contoso.sharepoint.com/sites/name.
func siteOf(text string) (site, shown string, err error) {
	wrong := func(why string) (string, string, error) {
		return "", "", connector.Fail(nil, "site: %s; write https://contoso.sharepoint.com/sites/name", why)
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return wrong("it is not an address")
	case u.User != nil:
		return wrong("credentials do not belong into it")
	}
	if tenant, _, _ := strings.Cut(u.Hostname(), "."); strings.HasSuffix(tenant, "-admin") {
		return wrong("it is the address of the tenant's administration, not of a site; each site is a source of its own")
	}
	below := strings.Trim(u.Path, "/")
	if below == "" {
		return url.PathEscape(u.Host), "https://" + u.Host, nil
	}
	return url.PathEscape(u.Host) + ":/" + graph.EscapePath(below), "https://" + u.Host + "/" + below, nil
}

type drive struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	WebURL string `json:"webUrl"`
}

// is says whether a library has a name: the one that is shown, or the one in its address.
func (d drive) is(name string) bool {
	if u, err := url.Parse(d.WebURL); err == nil && u.Path != "" && strings.EqualFold(path.Base(u.Path), name) {
		return true
	}
	return strings.EqualFold(d.Name, name)
}

// find finds the drive of the library.
func (l *library) find(ctx context.Context) (string, error) {
	var found struct {
		ID string `json:"id"`
	}
	what := "open site " + l.shown
	if err := l.client.Get(ctx, what, "/sites/"+l.site+"?$select=id", &found); err != nil {
		if errors.Is(err, connector.ErrNotFound) {
			err = connector.Fail(connector.ErrNotFound, "%s: there is no such site; check site", what)
		}
		return "", err
	}
	site := "/sites/" + graph.EscapeID(found.ID)
	if l.name != "" {
		what = fmt.Sprintf("find library %q of site %s", l.name, l.shown)
		all, err := graph.All[drive](ctx, l.client, what, site+"/drives?$select=id,name,webUrl")
		if err != nil {
			return "", err
		}
		var names []string
		for _, d := range all {
			if d.is(l.name) {
				return d.ID, nil
			}
			if len(names) < 10 {
				names = append(names, fmt.Sprintf("%q", d.Name))
			}
		}
		// The default library is called that by everybody, whatever language its site has given it a name in.
		if !strings.EqualFold(l.name, "Documents") && !strings.EqualFold(l.name, "Shared Documents") {
			return "", connector.Fail(connector.ErrNotFound, "%s: the site has no such library; it has %s", what, strings.Join(names, ", "))
		}
	}
	var home drive
	if err := l.client.Get(ctx, "open the default library of site "+l.shown, site+"/drive?$select=id", &home); err != nil {
		return "", err
	}
	return home.ID, nil
}
