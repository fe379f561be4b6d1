package sftp

import "github.com/sluicehq/sluice/connector"

const hostKeyNotes = "- Give `host_public_key`: what `ssh-keyscan HOST` prints. Without it the connection check fails and shows the key " +
	"that the server has, before anything secret is sent. Only `verify_host: false` goes on without one; then whoever " +
	"answers at the address learns the password.\n" +
	"- `sftp://host/in` is the folder `in` below the account's home; `sftp://host//srv/in` counts from the server's root. " +
	"The path is taken as it stands, without URL escapes.\n" +
	"- A connection that breaks is made again. A server that is away for longer makes files wait for the job's next try.\n"

var sourceDoc = connector.Doc{
	Permissions: "An account with SFTP on the server, by password (also asked interactively) or private key, with the right to " +
		"list the folders and to read the files. A shell is not needed; `ForceCommand internal-sftp` and `ChrootDirectory` are fine.",
	Records: "A document is a regular file. Its identifier is a UUID (version 5, DNS namespace) made of account, server and " +
		"absolute path; its version is the time of its last change together with its size. `metadata.data_source` has the " +
		"`url`, the date of the last change and the `record_locator` `{\"protocol\": \"sftp\", \"remote_file_path\": ...}` " +
		"with the configured `remote_url`, as the other file services have it.",
	Notes: hostKeyNotes +
		"- The protocol tells times in whole seconds: a file that changes twice within one second and keeps its size may keep " +
		"its version.\n" +
		"- Symbolic links, devices and pipes are left out, and so are files whose names begin with `.sluice-` or are not " +
		"UTF-8. A folder may have at most 1,000,000 entries.\n" +
		"- A file that changes while it is read is read again later.",
	Example: map[string]any{"remote_url": "sftp://files.example.com/reports", "username": "sluice",
		"password":        "$SFTP_PASSWORD",
		"host_public_key": "files.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPhOhcAgh8n/rU/cj0Yq5+FhRaCVKJh7vTrwTBYLqwmv",
		"recursive":       true},
}

var destinationDoc = connector.Doc{
	Permissions: "An account with SFTP on the server, by password (also asked interactively) or private key, with the right to " +
		"make folders and files, to rename and to remove them.",
	Records: "One JSON file a document, at the document's path in the source with `.json` added, below the configured folder: " +
		"`reports/q1.pdf` becomes `reports/q1.pdf.json`. It holds an array of elements, indented by two spaces. The file is " +
		"written beside the final one under a name that begins with `.sluice-`, forced to disk and renamed: readers see the " +
		"old elements or the new ones, whole.",
	Notes: hostKeyNotes +
		"- Servers without the extension `posix-rename@openssh.com` cannot replace a file in one step: there the old file is " +
		"removed just before the rename, and a reader may find none for a moment. Without `fsync@openssh.com` the file is as durable as " +
		"the server makes it.\n" +
		"- A name that file systems would not take is changed and gets a hash of what it was.\n" +
		"- What a killed process left unfinished is removed by a later write to the same folder, once it is 15 minutes old.",
	Guarantee: connector.Replaces,
	Example: map[string]any{"remote_url": "sftp://files.example.com/elements", "username": "sluice",
		"password":        "$SFTP_PASSWORD",
		"host_public_key": "files.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPhOhcAgh8n/rU/cj0Yq5+FhRaCVKJh7vTrwTBYLqwmv"},
}
