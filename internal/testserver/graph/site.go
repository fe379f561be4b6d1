package graph

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// site is a SharePoint site.
type site struct {
	id        string
	libraries []*Drive // the first is the default
}

// Site makes a site at an address with libraries of these names, the first of which is its default.
func (s *Server) Site(address string, libraries ...string) []*Drive {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := &site{id: "contoso.sharepoint.com,2f8f6f0c-1d11,9a55-" + strconv.Itoa(len(s.sites))}
	for _, name := range libraries {
		made.libraries = append(made.libraries, s.newDrive(name))
	}
	s.sites[strings.ToLower(address)] = made
	return made.libraries
}

// site answers below /sites. names are HOST or "HOST:" NAME..., or ID and what is asked of it.
func (s *Server) site(c call, names []string) reply {
	if c.lacks == "Sites" {
		return refuse(http.StatusForbidden, "accessDenied")
	}
	address := "https://" + names[0]
	if host, ok := strings.CutSuffix(names[0], ":"); ok {
		address = "https://" + host + "/" + strings.Join(names[1:], "/")
	}
	if found := s.sites[strings.ToLower(address)]; found != nil && (len(names) == 1 || strings.HasSuffix(names[0], ":")) {
		return reply{http.StatusOK, nil, map[string]any{"id": found.id}}
	}
	for _, found := range s.sites {
		if found.id != names[0] || len(names) != 2 {
			continue
		}
		describe := func(d *Drive) map[string]any {
			return map[string]any{"id": d.ID, "name": d.Name, "driveType": "documentLibrary", "webUrl": "https://contoso.sharepoint.com/sites/x/" + url.PathEscape("Folder of "+d.Name)}
		}
		switch names[1] {
		case "drive":
			return reply{http.StatusOK, nil, describe(found.libraries[0])}
		case "drives":
			value := []any{}
			for _, d := range found.libraries {
				value = append(value, describe(d))
			}
			return reply{http.StatusOK, nil, map[string]any{"value": value}}
		}
	}
	return refuse(http.StatusNotFound, "itemNotFound")
}
