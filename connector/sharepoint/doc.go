package sharepoint

import (
	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/graph"
)

var sourceDoc = connector.Doc{
	Permissions: "An app that is registered with Microsoft Entra, with the application permission `Sites.Read.All` of Microsoft Graph and the consent of an administrator; " +
		"`Sites.Selected` is enough when the site is granted to the app with the role `read`. " + graph.LoginDoc +
		" `user_pname` is needed with `password` only, and then the delegated permission `Sites.Read.All`.",
	Records: "A document is a file of a library that is not empty. Its identifier is the id of the driveItem, which a new name or folder does not change, its version the eTag. " + graph.FilesDoc,
	Notes: "- `site` is the address of one site, such as `https://contoso.sharepoint.com/sites/team`; `https://contoso.sharepoint.com` is the root site. Each site is a source of its own.\n" +
		"- `library` is the name of a document library, as it is shown or as it stands in addresses. Without it, and for `Documents`, the site's default library is read. " +
		"A library that the site does not have is an error that names those that it has.\n" +
		"- A `path` of `Shared Documents` is the root, as it was written once.\n" +
		"- Pages and list items are not read, only files.\n" + graph.FilesNotes,
	Example: map[string]any{"site": "https://contoso.sharepoint.com/sites/team", "library": "Documents", "path": "Reports", "recursive": true, "client_id": "8f0d1c5e-0f5b-4b8e-9a55-2f8f6f0c1d11", "client_cred": "$GRAPH_SECRET", "tenant": "contoso.onmicrosoft.com"},
}
