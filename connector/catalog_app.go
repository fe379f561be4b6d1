package connector

import "github.com/sluicehq/sluice/spec"

// appKinds are applications whose pages, issues, messages and records are read as documents.
func appKinds() []Kind {
	return []Kind{
		from("confluence", "Confluence", []spec.Field{
			needed(text("url", "https://... of the site")),
			text("username", "with a password or an API token"),
			secret("password", "of the user"),
			secret("api_token", "of the user (cloud)"),
			secret("token", "personal access token (data center); with username an API token (cloud)"),
			flag("cloud", false, "the site is in Atlassian's cloud, as one that ends in .atlassian.net always is"),
			list("spaces", "keys of the spaces to read; absent is all"),
			count("max_num_of_spaces", 500, "most spaces to read, where none are named"),
			count("max_num_of_docs_from_each_space", 150, "most pages of a space to read"),
			flag("extract_images", false, "put the images of a page into it"),
			flag("extract_files", false, "read the files too that are attached to pages"),
		}),
		from("jira", "Jira", []spec.Field{
			needed(text("url", "https://... of the site")),
			text("username", "with a password or an API token"),
			secret("password", "of the user, or the API token (cloud)"),
			secret("token", "personal access token (data center); with username an API token (cloud)"),
			list("projects", "keys, names or ids of the projects to read"),
			list("boards", "ids of the boards to read"),
			list("issues", "keys or ids of the issues to read"),
			list("status_filters", "statuses to read; absent is all"),
			flag("download_attachments", false, "read attachments too"),
			flag("cloud", false, "the site is in Atlassian's cloud, as one that ends in .atlassian.net always is"),
		}),
		from("slack", "Slack", []spec.Field{
			needed(list("channels", "ids of the channels to read")),
			needed(secret("token", "bot or user token")),
			alias(text("start_date", "ISO 8601; absent reads from the first message"), "start-date"),
			alias(text("end_date", "ISO 8601; absent reads to the last message"), "end-date"),
		}),
		from("salesforce", "Salesforce", []spec.Field{
			needed(text("username", "of the user that the app acts for")),
			needed(secret("consumer_key", "of the connected app")),
			needed(secret("private_key", "PEM as one string")),
			{Name: "categories", Kind: spec.Strings, OpenEnum: true,
				Default: []string{"Account", "Campaign", "Case", "EmailMessage", "Lead"},
				Enum:    []string{"Account", "Campaign", "Case", "EmailMessage", "Lead"},
				Help:    "objects to read"},
		}),
		from("zendesk", "Zendesk", []spec.Field{
			needed(text("subdomain", "the part before .zendesk.com")),
			needed(text("email", "of the user")),
			needed(alias(secret("api_token", "of the user"), "api-token")),
			{Name: "item_type", Kind: spec.String, Default: "tickets", Enum: []string{"tickets", "articles", "all"},
				OpenEnum: true, Aliases: []string{"item-type"}, Help: "what to read"},
			alias(count("batch_size", 2, "kept, without effect"), "batch-size"),
		}),
	}
}
