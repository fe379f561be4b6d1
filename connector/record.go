package connector

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/sluicehq/sluice/document"
)

// RecordID is what every record of a document carries in its field record_id, and what a destination deletes by: the
// identifier of the document. Within a workflow with several sources the engine has made it unique among them.
func RecordID(d document.Document) string { return d.Identifier }

// ElementRecordID is the id of the record of one element: UUIDv5 in the DNS namespace over the element's id and the
// document's record id, so that a repeated write meets its own records. An element id that a document has twice gives the
// same record id twice.
func ElementRecordID(d document.Document, elementID string) string {
	return uuid.NewSHA1(uuid.NameSpaceDNS, []byte(elementID+RecordID(d))).String()
}

// PermissionsVersion is the hex SHA-256 of a document's permissions as JSON with sorted keys and without spaces: it changes
// when who may read the document does. It is "" for a document without permissions.
func PermissionsVersion(permissions []map[string]any) string {
	if len(permissions) == 0 {
		return ""
	}
	text, err := json.Marshal(permissions) // maps are written with sorted keys
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
