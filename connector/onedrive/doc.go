package onedrive

import (
	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/graph"
)

var sourceDoc = connector.Doc{
	Permissions: "An app that is registered with Microsoft Entra, with the application permission `Files.Read.All` of Microsoft Graph and the consent of an administrator; " +
		"it reads the files and who may see them. " + graph.LoginDoc + " With `password` the delegated permission `Files.Read.All` is needed in its place.",
	Records: "A document is a file that is not empty. Its identifier is the id of the driveItem, which a new name or folder does not change, its version the eTag. " + graph.FilesDoc,
	Notes:   graph.FilesNotes,
	Example: map[string]any{"client_id": "8f0d1c5e-0f5b-4b8e-9a55-2f8f6f0c1d11", "client_cred": "$GRAPH_SECRET", "tenant": "contoso.onmicrosoft.com", "user_pname": "adele@contoso.com", "path": "Reports", "recursive": true},
}

var destinationDoc = connector.Doc{
	Permissions: "An app that is registered with Microsoft Entra, with the application permission `Files.ReadWrite.All` of Microsoft Graph and the consent of an administrator. " +
		graph.LoginDoc + " With `password` the delegated permission `Files.ReadWrite` is needed in its place.",
	Records: "One file a document, at the document's path in the source with `.json` added, below the folder: `reports/q1.pdf` becomes `reports/q1.pdf.json`. " +
		"It holds an array of elements, indented by two spaces. A file is replaced whole: readers see the old elements or the new ones.",
	Notes: "- Folders are made as they are needed. `onedrive://` alone is the root of the drive.\n" +
		"- Names that differ in case alone are one name to OneDrive. Of two such documents the second stands beside the first, with a hash in its name, and stays there.\n" +
		"- A name that OneDrive does not take (with `\" * : < > ? \\ |`, a space or dot at its end, `CON` and the like) is changed and gets a hash of what it was; a path of more than " +
		"300 characters becomes `long-` and a hash.\n" +
		"- Outputs above 4 MiB are sent in parts of 10 MiB (upload sessions). What a killed process had sent is not visible, and the service drops it after some days.\n" +
		"- The connection check writes a probe and removes it, in the folder or, as long as that is not there, in the nearest one above.\n" +
		"- What is replaced stays in the version history of the file, what is removed goes to the recycle bin; both are the service's.\n" +
		"- Several sources of one workflow that list the same path write the same file; give them workflows or folders of their own.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"client_id": "8f0d1c5e-0f5b-4b8e-9a55-2f8f6f0c1d11", "client_cred": "$GRAPH_SECRET", "tenant": "contoso.onmicrosoft.com", "user_pname": "adele@contoso.com", "remote_url": "onedrive://Elements/out"},
}
