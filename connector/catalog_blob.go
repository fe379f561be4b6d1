package connector

import (
	"slices"

	"github.com/sluicehq/sluice/spec"
)

// blobKinds are object stores: a source is a bucket or a prefix of it, a destination gets one JSON object a file.
func blobKinds() []Kind {
	s3 := []spec.Field{
		needed(text("remote_url", "s3://bucket/prefix/")),
		flag("anonymous", false, "read a public bucket without credentials"),
		secret("key", "access key id"),
		secret("secret", "secret access key"),
		secret("token", "session token of temporary credentials"),
		text("endpoint_url", "of a store that is not AWS"),
		{Name: "ambient_credentials", Kind: spec.Bool, Omit: true,
			Help: "use the credentials of the machine, if the operator allows it"},
		text("role_arn", "role to assume"),
		text("external_id", "external id for the role"),
	}
	azure := []spec.Field{
		needed(text("remote_url", "az://container/path")),
		text("account_name", "storage account"),
		secret("account_key", "key of the account"),
		secret("sas_token", "shared access signature"),
		secret("connection_string", "in place of the other three"),
	}
	gcs := []spec.Field{
		needed(text("remote_url", "gs://bucket/path")),
		needed(secret("service_account_key", "the JSON key file as one line")),
		text("endpoint_url", "another address of the service, such as a private endpoint"),
	}
	volumes := []spec.Field{
		needed(text("host", "https://... of the workspace, without a slash at the end")),
		needed(text("catalog", "catalog of the volume")),
		textOr("schema", "default", "schema of the volume"),
		needed(text("volume", "name of the volume")),
		text("volume_path", "folder in the volume"),
		text("client_id", "of the service principal"),
		secret("client_secret", "of the service principal"),
		secret("token", "personal access token, in place of the service principal"),
	}
	return slices.Concat(
		both("s3", "Amazon S3", slices.Concat(s3, []spec.Field{recursive()}), s3),
		both("azure", "Azure Blob Storage", slices.Concat(azure, []spec.Field{recursive()}), azure),
		both("gcs", "Google Cloud Storage", slices.Concat(gcs, []spec.Field{recursive()}), gcs),
		both("databricks_volumes", "Databricks Volumes", volumes, volumes),
	)
}

// driveKinds are file services of people and teams.
func driveKinds() []Kind {
	return []Kind{
		from("box", "Box", []spec.Field{
			needed(text("remote_url", "box://path")),
			needed(secret("box_app_config", "the JSON config of the custom app as one line")),
			recursive(),
		}),
		from("dropbox", "Dropbox", []spec.Field{
			needed(text("remote_url", "dropbox://folder")),
			secret("token", "short-lived access token"),
			secret("refresh_token", "with app_key and app_secret, in place of the access token"),
			secret("app_key", "of the app"),
			secret("app_secret", "of the app"),
			recursive(),
		}),
		from("google_drive", "Google Drive", []spec.Field{
			needed(text("drive_id", "folder, shared drive or single file")),
			secret("service_account_key", "the JSON key file as one line"),
			secret("oauth_token", "in place of the service account"),
			list("extensions", "extensions to read, without dots; absent is all"),
			recursive(),
			text("endpoint_url", "another address of the service, such as a private endpoint"),
		}),
		from("onedrive", "OneDrive", graph(
			text("path", "folder; absent is the root"),
			recursive(),
		)),
		to("onedrive", "OneDrive", graph(
			needed(text("remote_url", "onedrive://folder/below")),
		)),
		from("sharepoint", "SharePoint", slices.Concat([]spec.Field{
			needed(text("site", "https://... of the site")),
			text("library", "document library; absent is the site's default"),
			text("path", "folder; absent is the root"),
			recursive(),
			text("user_pname", "user principal name, only with a password"),
		}, graphApp(), []spec.Field{secret("password", "of the user")})),
		from("outlook", "Outlook", slices.Concat([]spec.Field{
			needed(text("user_email", "whose mail to read")),
			list("outlook_folders", "folders to read, such as Inbox; absent is all"),
			recursive(),
		}, graphApp())),
	}
}

// graphApp are the fields of an app that is registered with Microsoft Entra.
func graphApp() []spec.Field {
	return []spec.Field{
		needed(text("client_id", "of the registered app")),
		needed(secret("client_cred", "client secret of the app")),
		needed(text("tenant", "directory of the app")),
		textOr("authority_url", "https://login.microsoftonline.com", "where tokens come from"),
	}
}

// graph adds to them a user's drive.
func graph(more ...spec.Field) []spec.Field {
	return slices.Concat(graphApp(), []spec.Field{
		needed(text("user_pname", "user principal name of the drive's owner")),
		secret("password", "of the user, where the app has no rights of its own"),
	}, more)
}
