package s3

import "github.com/sluicehq/sluice/connector"

const credentialsDoc = "The credentials are `key` and `secret` (with `token` when they are temporary); or `anonymous` for a " +
	"public bucket; or, with `ambient_credentials`, those of the server, which its operator allows by setting the environment " +
	"variable `ALLOW_AMBIENT_CREDENTIALS_S3=true`. With `role_arn` the first or the last are used to assume that role " +
	"(`sts:AssumeRole`; `external_id` as its trust policy asks)."

var sourceDoc = connector.Doc{
	Permissions: "`s3:ListBucket` on the bucket and `s3:GetObject` on the objects (`kms:Decrypt` on their key when they are " +
		"encrypted with one). The smallest grant:\n\n" +
		"```json\n" +
		"{\"Version\": \"2012-10-17\", \"Statement\": [\n" +
		"  {\"Effect\": \"Allow\", \"Action\": \"s3:ListBucket\", \"Resource\": \"arn:aws:s3:::BUCKET\"},\n" +
		"  {\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::BUCKET/PREFIX/*\"}]}\n" +
		"```\n\n" + credentialsDoc,
	Records: "A document is an object that is not empty. Its identifier is the UUIDv5 (DNS namespace) of `bucket/key`, its version " +
		"the ETag. `metadata.data_source.record_locator` is `{\"protocol\": \"s3\", \"remote_file_path\": ...}` with the configured " +
		"`remote_url`; the object's own metadata (`x-amz-meta-`) stands in its `metadata`.",
	Notes: "- Without `recursive` only the objects directly below the prefix are read.\n" +
		"- `s3://bucket/name` without a slash at the end is the object of exactly that name if there is one, else the folder `name/`.\n" +
		"- Of the listing no more than pages of 1,000 objects are asked, in the order of the keys; one that broke off goes on where " +
		"it stood.\n" +
		"- An object that changed between listing and reading is read with its new content, and `data_source` says its new version.\n" +
		"- `endpoint_url` names another store (MinIO, Ceph, R2, Wasabi ...); the bucket then stands in the path. The bucket's region is " +
		"found out.\n" +
		"- Archived objects (Glacier) fail alone, with the advice to restore them. Directory buckets (`--x-s3`) are not supported.",
	Example: map[string]any{
		"remote_url": "s3://acme-documents/reports/", "recursive": true, "key": "$AWS_ACCESS_KEY_ID", "secret": "$AWS_SECRET_ACCESS_KEY",
	},
}

var destinationDoc = connector.Doc{
	Permissions: "`s3:PutObject` and `s3:AbortMultipartUpload` on the objects. `s3:DeleteObject` lets the connection check remove its " +
		"probe (without it the check succeeds, and the probe stays) and lets outputs of removed documents go. " + credentialsDoc,
	Records: "One object a document, at the document's path in the source with `.json` added, below the prefix: `reports/q1.pdf` becomes " +
		"`reports/q1.pdf.json`. It holds an array of elements, indented by two spaces. An object is replaced whole: readers see the " +
		"old elements or the new ones.",
	Notes: "- A path with parts such as `..`, `//` or control characters is changed so that it stays below the prefix, and gets a hash of " +
		"what it was.\n" +
		"- Outputs above 8 MiB are sent in parts. What a killed process had sent is not visible; a lifecycle rule for incomplete " +
		"uploads (AbortIncompleteMultipartUpload) removes it.\n" +
		"- Several sources of one workflow that list the same path write the same object; give them workflows or prefixes of their own.",
	Guarantee: connector.Replaces,
	Example: map[string]any{
		"remote_url": "s3://acme-elements/out/", "key": "$AWS_ACCESS_KEY_ID", "secret": "$AWS_SECRET_ACCESS_KEY",
	},
}
