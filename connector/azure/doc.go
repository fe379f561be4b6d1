package azure

import "github.com/sluicehq/sluice/connector"

const credentialsDoc = "The credentials are `account_name` with `account_key` or with `sas_token` (a shared access signature of the account or of the " +
	"container); or `connection_string` as the portal shows it, which goes before the others and may hold either."

var sourceDoc = connector.Doc{
	Permissions: "A shared access signature with the rights to read and list (`sp=rl`), or the account's key. " + credentialsDoc +
		" With `account_name` alone a public container is read.",
	Records: "A document is a blob that is not empty. Its identifier is the UUIDv5 (DNS namespace) of `container/name`, its version the ETag. " +
		"`metadata.data_source` has `az://container/name` as `url`, the dates of creation and of the last change, and in `record_locator` " +
		"`{\"protocol\": \"az\", \"remote_file_path\": ...}` with the configured `remote_url`.",
	Notes: "- Without `recursive` only the blobs directly below the path are read.\n" +
		"- `az://container/name` without a slash at the end is the blob of exactly that name if there is one, else the folder `name/`.\n" +
		"- Nothing but pages of 5,000 is asked of the listing, in the order of the names; one that broke off goes on where it stood.\n" +
		"- A blob that changed between listing and reading is read with its new content, and `data_source` says its new version.\n" +
		"- Archived blobs fail alone, with the advice to rehydrate them.\n" +
		"- A service that asks for fewer requests (429, 503, `ServerBusy`) is given the time that it asks for.",
	Example: map[string]any{"remote_url": "az://documents/reports/", "recursive": true, "account_name": "acmestore",
		"account_key": "$AZURE_STORAGE_KEY"},
}

var destinationDoc = connector.Doc{
	Permissions: "A shared access signature with the rights to create and write (`sp=cw`), or the account's key. The right to delete (`d`) lets the " +
		"connection check remove its probe (without it the check succeeds, and the probe stays) and lets outputs of removed documents go. " + credentialsDoc,
	Records: "One block blob a document, at the document's path in the source with `.json` added, below the path: `reports/q1.pdf` becomes " +
		"`reports/q1.pdf.json`. It holds an array of elements, indented by two spaces. A blob is replaced whole: readers see the old elements or the " +
		"new ones.",
	Notes: "- The container must be there: `az storage container create --account-name ACCOUNT --name CONTAINER` makes one.\n" +
		"- A path with parts such as `..`, `//` or control characters is changed so that it stays below the prefix, and gets a hash of what it was.\n" +
		"- Outputs above 8 MiB are sent in blocks. What a killed process had sent is not visible, and the service drops it after a week.\n" +
		"- A blob on which somebody holds a lease is tried again later.\n" +
		"- Several sources of one workflow that list the same path write the same blob; give them workflows or paths of their own.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"remote_url": "az://elements/out/", "account_name": "acmestore", "account_key": "$AZURE_STORAGE_KEY"},
}
