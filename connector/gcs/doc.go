package gcs

import "github.com/sluicehq/sluice/connector"

const credentialsDoc = "`service_account_key` is the JSON key file of a service account, whole and as one line (`jq -c . key.json`)."

var sourceDoc = connector.Doc{
	Permissions: "`storage.objects.list` and `storage.objects.get` on the bucket, which `roles/storage.objectViewer` has. " + credentialsDoc +
		" The word `anon` in its place reads a public bucket.",
	Records: "A document is an object that is not empty. Its identifier is the UUIDv5 (DNS namespace) of `bucket/name`, its version the ETag. " +
		"`metadata.data_source` has `gs://bucket/name` as `url`, the dates of creation and of the last change, and in `record_locator` " +
		"`{\"protocol\": \"gs\", \"remote_file_path\": ..., \"file_id\": ...}` with the configured `remote_url` and `bucket/name/generation`.",
	Notes: "- Without `recursive` only the objects directly below the path are read.\n" +
		"- `gs://bucket/name` without a slash at the end is the object of exactly that name if there is one, else the folder `name/`.\n" +
		"- Nothing but pages of 1,000 is asked of the listing, in the order of the names; one that broke off goes on where it stood.\n" +
		"- An object that changed between listing and reading is read with its new content, and `data_source` says its new version.\n" +
		"- `endpoint_url` names another address of the service: a private endpoint, an emulator.\n" +
		"- Buckets whose readers pay are not supported.\n" +
		"- A service that asks for fewer requests (429, 503, `rateLimitExceeded`) is given the time that it asks for.",
	Example: map[string]any{"remote_url": "gs://acme-documents/reports/", "recursive": true, "service_account_key": "$GCS_KEY"},
}

var destinationDoc = connector.Doc{
	Permissions: "`storage.objects.create`, `storage.objects.get`, `storage.objects.list` and `storage.objects.delete` on the bucket, which " +
		"`roles/storage.objectUser` has: the service asks for the right to delete when an object is replaced. " + credentialsDoc,
	Records: "One object a document, at the document's path in the source with `.json` added, below the path: `reports/q1.pdf` becomes " +
		"`reports/q1.pdf.json`. It holds an array of elements, indented by two spaces. An object is replaced whole: readers see the old elements or the " +
		"new ones.",
	Notes: "- The bucket must be there: `gcloud storage buckets create gs://BUCKET` makes one.\n" +
		"- A path with parts such as `..`, `//` or control characters is changed so that it stays below the prefix, and gets a hash of what it was.\n" +
		"- Outputs above 8 MiB are sent in parts (resumable uploads). What a killed process had sent is not visible, and the service drops it after " +
		"a week.\n" +
		"- Several sources of one workflow that list the same path write the same object; give them workflows or paths of their own.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"remote_url": "gs://acme-elements/out/", "service_account_key": "$GCS_KEY"},
}
