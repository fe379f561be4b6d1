// Package onedrive reads documents from the OneDrive of a user, and writes elements to it, over Microsoft Graph. Its type is
// "onedrive" on both sides.
//
// A document is a file. Its identifier is the id of the driveItem, its version the eTag. A destination gets one file a document: a
// JSON array at the document's path with ".json" added.
package onedrive

import (
	"context"
	"strings"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/graph"
)

// Type is the id of the connector.
const Type = "onedrive"

func init() {
	connector.Register(connector.Kind{Side: connector.SideSource, Type: Type, Doc: sourceDoc, NewSource: newSource})
	connector.Register(connector.Kind{
		Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination,
	})
}

func newSource(config map[string]any, env connector.Env) (connector.Source, error) {
	c, err := graph.Open(config, "Files.Read.All", env)
	if err != nil {
		return nil, err
	}
	user := graph.Text(config, "user_pname")
	recursive, _ := config["recursive"].(bool)
	path, _ := config["path"].(string)
	return graph.NewFiles(graph.FilesConfig{
		Client: c, Env: env, Path: strings.Trim(path, "/"), Recursive: recursive, User: user,
		Find: func(ctx context.Context) (string, error) { return c.DriveOf(ctx, user) },
	}), nil
}
