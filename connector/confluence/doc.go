package confluence

import "github.com/sluicehq/sluice/connector"

var sourceDoc = connector.Doc{
	Permissions: "A user who may view the spaces. In the cloud (`cloud`, or an address that ends in `.atlassian.net`): `username`, the user's " +
		"e-mail address, and an API token in `api_token` (`password` and `token` are taken too). On a Data Center site: `username` and " +
		"`password`, or a personal access token in `token` alone. Of the permissions of a Data Center space only its administrators see the " +
		"list; for others `permissions_data` has what restricts the page itself, and is left out where nothing does.",
	Records: "A document is a page as Confluence shows it: its title as a heading and its body with macros carried out, as HTML, named " +
		"`<space key>/<page id>.html`. Its identifier is the page's id, its version the number of the page's version. " +
		"`metadata.data_source` has `<url>/pages/<id>` as `url`, the dates of creation and of the version, and in `record_locator` " +
		"`{\"space_id\": <space key>, \"document_id\": <page id>}`. With `extract_files` files that are attached to pages, and are no images, " +
		"are documents too: `<space key>/<page id>/<file name>`, identified by the attachment's id, with `page_id` in `record_locator`.\n\n" +
		"`permissions_data` has the account ids of users and the ids of groups (on Data Center user keys and group names): those who may see the " +
		"space, change pages in it and delete them. What restricts viewing on the page, or on the nearest page above that restricts it, replaces " +
		"the readers; what restricts editing on the page replaces those who may change it, who may then read it too. Nobody changes what he may " +
		"not read, or deletes what he may not change.",
	Notes: "- Without `spaces` every space is read that the user sees, in the order of their keys, at most `max_num_of_spaces`. Named spaces are " +
		"not counted.\n" +
		"- Of each space at most `max_num_of_docs_from_each_space` pages are read, those with the smallest ids first in the cloud.\n" +
		"- Pages are listed space by space in the order of their ids; a listing that broke off goes on behind the last one. Drafts, archived and " +
		"deleted pages, blog posts and comments are not read.\n" +
		"- For `permissions_data` one call a page is made while listing, eight at a time.\n" +
		"- With `extract_images` images that are attached to the site are put into the page itself, up to 10 MB each and 50 MB a page; others stay " +
		"links.\n" +
		"- A page that changed between listing and reading is read with its new content, and `data_source` says its new version.\n" +
		"- A service that asks for fewer requests (429, 503) is given the time that it asks for.",
	Example: map[string]any{"url": "https://acme.atlassian.net", "cloud": true, "username": "reader@acme.example", "api_token": "$CONFLUENCE_TOKEN",
		"spaces": []any{"DOCS", "HR"}},
}
