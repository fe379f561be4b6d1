package outlook

import (
	"github.com/sluicehq/sluice/connector"
)

var sourceDoc = connector.Doc{
	Permissions: "An app that is registered with Microsoft Entra, with the application permission `Mail.Read` of Microsoft Graph and the consent of an administrator. " +
		"The permission opens every mailbox of the directory; an application access policy of Exchange Online keeps the app to some. " +
		"`client_cred` is the value of a client secret of the app, not its id.",
	Records: "A document is a message with its attachments, as a file `.eml` whose name is the first 16 hexadecimal digits of the SHA-256 of its id. Its identifier is the message's " +
		"immutable id, which moving it to another folder does not change, its version the change key. `metadata.data_source` has the address of the message in Outlook on the web as `url`, the " +
		"dates of creation and of the last change, and in `record_locator` `{\"message_id\": ..., \"user_email\": ...}`.",
	Notes: "- `outlook_folders` are names of folders at the top of the mailbox, in any case; the mailbox's own (`Inbox`, `Sent Items`, `Drafts`, `Archive`, `Deleted Items`, `Junk Email`) are " +
		"found by their English names in every language. A name that the mailbox does not have is an error that names those that it has. Without it all folders at the top are read.\n" +
		"- With `recursive` the folders below are read too.\n" +
		"- Hidden folders and searches are left out.\n" +
		"- A message that was marked as read has another change key, and is processed again by the next run.\n" +
		"- The service takes four calls at once for a mailbox: more are not made.\n" +
		"- Requests that the service puts off (429, 503) are made again after the time that it asks for.\n" +
		"- `authority_url` at `login.microsoftonline.us` or `login.partner.microsoftonline.cn` reads from the Graph of that cloud.",
	Example: map[string]any{"client_id": "8f0d1c5e-0f5b-4b8e-9a55-2f8f6f0c1d11", "client_cred": "$GRAPH_SECRET", "tenant": "contoso.onmicrosoft.com", "user_email": "adele@contoso.com", "outlook_folders": []string{"Inbox"}, "recursive": true},
}
