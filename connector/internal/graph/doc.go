package graph

// Texts that the connectors' pages share.
const (
	// LoginDoc says how the app logs in.
	LoginDoc = "`client_cred` is the value of a client secret of the app, not its id. With `password` the app acts for the user of `user_pname` (resource owner password credentials): " +
		"the user must have no second factor."
	// FilesDoc says what data_source has of a file.
	FilesDoc = "`metadata.data_source` has `/drives/ID/root:/folder/name` as `url`, the dates of creation and of the last change, in `record_locator` " +
		"`{\"user_pname\": ..., \"server_relative_path\": \"/folder/name\", \"web_url\": ...}`, and in `permissions_data` the ids of the users and groups of the directory that may read, update " +
		"and delete the file."
	// FilesNotes are what else a user should know of them.
	FilesNotes = "- Without `recursive` only the files directly in the folder are read.\n" +
		"- `path` may be a single file.\n" +
		"- A drive that is read whole (no `path`, `recursive`) is listed by its change feed, 1,000 items a call; a folder is listed with one call for each folder below it.\n" +
		"- Permissions are read with every listing, 20 files a call. Roles that give nothing to a user or group of the directory (links for anyone, groups of a SharePoint site) are not in " +
		"`permissions_data`. When the app may not see permissions, the log says so once and `permissions_data` stays empty.\n" +
		"- A file whose permissions changed is written again by the next run, though its content did not change.\n" +
		"- Notebooks, empty files and links to files of other drives are left out.\n" +
		"- A file that changed between listing and reading is read with its new content.\n" +
		"- Requests that the service puts off (429, 503, also within a batch) are made again after the time that it asks for.\n" +
		"- `authority_url` at `login.microsoftonline.us` or `login.partner.microsoftonline.cn` reads from the Graph of that cloud."
)
