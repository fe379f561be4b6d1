package googledrive

import "github.com/sluicehq/sluice/connector"

var sourceDoc = connector.Doc{
	Permissions: "A service account whose project has the Google Drive API enabled, and with which the folder is shared as Viewer " +
		"(share it with the account's e-mail address), or which is a member of the shared drive. `service_account_key` is its JSON key file, " +
		"whole and as one line (`jq -c . key.json`); the scope asked for is `drive.readonly`. In its place `oauth_token` takes an access token " +
		"with that scope, which ends after an hour. Google shows the permissions of a file only to those who may share it: for " +
		"`permissions_data` the account must be Editor (Content manager in a shared drive); without it the field is left out.",
	Records: "A document is a file that is not empty. Its identifier is the file's id, its version the file's `version`, which Google raises " +
		"with every change, also of its permissions. Files of Google's editors come exported: Docs as `.docx`, Sheets as `.xlsx`, Slides as " +
		"`.pptx`, Drawings as `.png`, with that extension added to their name. `metadata.data_source` has the address in the browser as `url`, " +
		"the dates of creation and of the last change, `{\"file_id\": ..., \"drive_id\": ...}` with the configured `drive_id` in " +
		"`record_locator`, and in `permissions_data` the permission ids of users and groups: owners and managers read, update and delete, " +
		"editors and content managers read and update, commenters and viewers read.",
	Notes: "- `drive_id` is the last part of the address of a folder or a shared drive in the browser, or the id of a single file. A shortcut there " +
		"stands for what it points to.\n" +
		"- Without `recursive` only the files directly in the folder are read. Shortcuts inside are not followed; forms, maps, sites and other " +
		"things without an export are left out, as is the trash.\n" +
		"- `extensions` are compared without regard to case; `docx`, `xlsx`, `pptx` and `png` take Google's own files too.\n" +
		"- Of files or folders of the same name in one folder, which Drive allows, the oldest keeps it; the others get a hash of their id behind " +
		"it, so that each has a path of its own.\n" +
		"- Google exports at most 10 MB at once. A larger file is asked for with a long-running download; what Google cannot export even so " +
		"fails by name.\n" +
		"- The listing follows the dates of creation, a page at a time; one that broke off goes on where it stood, however long ago. Google " +
		"gives no order to accounts that see about a million files: such a listing ends with an error instead of missing files.\n" +
		"- A file that changed between listing and reading is read with its new content, and `data_source` says its new version.\n" +
		"- Files in a shared drive have the permissions of the nearest folder above that has its own.\n" +
		"- `endpoint_url` names another address of the service: a private endpoint.\n" +
		"- A service that asks for fewer requests (429, 503, `rateLimitExceeded`, `userRateLimitExceeded`) is given the time that it asks for.",
	Example: map[string]any{"drive_id": "1tOqKyGkIe3nVwR9bHcJ0xF4sLd2Za7Yu", "recursive": true, "extensions": []any{"pdf", "docx"},
		"service_account_key": "$DRIVE_KEY"},
}
