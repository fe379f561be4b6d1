package jira

import "github.com/sluicehq/sluice/connector"

var sourceDoc = connector.Doc{
	Permissions: "A user with the permission Browse Projects in the projects, and View for the boards. In the cloud (`cloud`, or an address that " +
		"ends in `.atlassian.net`): `username`, the user's e-mail address, and an API token in `password` (`token` is taken too). On a Data " +
		"Center site: `username` and `password`, or a personal access token in `token` alone.",
	Records: "A document is an issue as a text, named `<project key>/<issue key>.txt`: key, summary, ids, project, type, status, priority, " +
		"assignee, reporter, labels and components, the description and the comments as they were written (wiki text), and the names and " +
		"addresses of attachments. Its identifier is the issue's id, its version the `updated` time as Jira gives it. `metadata.data_source` " +
		"has `<url>/browse/<key>` as `url`, the dates of creation and of the last change, and `{\"id\": ..., \"key\": ..., \"full_path\": ...}` in " +
		"`record_locator`. With `download_attachments` the files at an issue are documents too: `<project key>/<issue key>/<name>.<id>.<extension>`, " +
		"identified by the attachment's id with an `a` behind it; the issue's `record_locator` then names them in `attachments`. Jira has no " +
		"list of who may see an issue, so there is no `permissions_data`.",
	Notes: "- At least one of `projects` (keys, names or ids), `boards` (ids) and `issues` (keys or ids) must be given. An issue that several of them " +
		"name is read once. `status_filters` holds for all of them.\n" +
		"- Boards are listed first, one by one, then issues and projects together, each in the order of creation; a listing that broke off goes on " +
		"behind the last issue.\n" +
		"- Comments that only a role or a group may see are part of the text when the account sees them.\n" +
		"- A project, board, issue or status that does not exist is an error by name; nothing is read then.\n" +
		"- An issue that changed between listing and reading is read with its new content, and `data_source` says its new version.\n" +
		"- A service that asks for fewer requests (429, 503) is given the time that it asks for.",
	Example: map[string]any{"url": "https://acme.atlassian.net", "cloud": true, "username": "reader@acme.example", "password": "$JIRA_TOKEN",
		"projects": []any{"OPS"}, "status_filters": []any{"Done"}},
}
