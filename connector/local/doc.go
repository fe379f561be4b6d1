package local

import "github.com/sluicehq/sluice/connector"

var sourceDoc = connector.Doc{
	Permissions: "The operator opens folders with `sluice serve --allow-local DIR` (may be repeated); a config can only name one " +
		"of them or a folder below it. Without the flag the connector is off. The system user that runs sluice needs the " +
		"right to list the folders and to read the files. On several machines every worker needs the same folder at the " +
		"same path, such as a network mount.",
	Records: "A document is a regular file. Its identifier is its absolute path, without links in the path of the folder; its " +
		"version is the time of its last change together with its size. `metadata.data_source.record_locator` is " +
		"`{\"path\": ...}` with the same path, and `permissions_data` holds the file's mode.",
	Notes: "- Symbolic links, devices and pipes are left out, and so are files whose names begin with `.sluice-` or are not " +
		"UTF-8 (the log names the latter).\n" +
		"- Files are listed in the order of their paths, so that a listing that broke off goes on where it stood.\n" +
		"- A file that vanishes between listing and reading fails alone, as not found.",
	Example: map[string]any{"path": "/srv/documents", "recursive": true, "extensions": []any{"pdf", "docx"}},
}

var destinationDoc = connector.Doc{
	Permissions: "The operator opens folders with `sluice serve --allow-local DIR`, as for the source. The system user that " +
		"runs sluice needs the right to make folders and files there.",
	Records: "One JSON file a document, at the document's path in the source with `.json` added, below the configured folder: " +
		"`reports/q1.pdf` becomes `reports/q1.pdf.json`. It holds an array of elements, indented by two spaces. The file is " +
		"written beside the final one, forced to disk and moved into place: readers see the old elements or the new ones, whole.",
	Notes: "- A name that the file system would not take (too long, with control characters, with parts such as `..`) is changed and gets a hash of " +
		"what it was.\n" +
		"- What a killed process left unfinished is removed by the next write to the same folder; what one on another machine left, " +
		"once it is 15 minutes old.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"path": "/srv/elements"},
}
