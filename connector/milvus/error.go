package milvus

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/sluicehq/sluice/connector"
	"github.com/sluicehq/sluice/connector/internal/rest"
)

// Codes of the server's errors (pkg/util/merr of Milvus 2.5 and later).
const (
	codeMemory          = 3
	codeDisk            = 7
	codeRate            = 8
	codeQuota           = 9
	codeNoCollection    = 100
	codeNotLoaded       = 101
	codeNoDatabase      = 800
	codeNoLogin         = 1400
	codeNotPermitted    = 1401
	codeParameter       = 1100
	codeTooLarge        = 1102
	codeUnauthenticated = 1800
	codeData            = 1804
	codeHTTPRate        = 1807
)

// busy are codes after which the same call may succeed: the service is not ready (1, 2, 4, 12), limits itself (3, 7, 8, 9, 11, 1807), loads or
// moves the collection (103, 106, 503, 601, 905), or was too slow (10001).
var busy = map[int]bool{1: true, 2: true, codeMemory: true, 4: true, codeDisk: true, codeRate: true, codeQuota: true, 11: true, 12: true, 103: true, 106: true,
	202: true, 401: true, 500: true, 503: true, 601: true, 902: true, 905: true, 1002: true, codeHTTPRate: true, 2200: true, 10001: true}

// errNoCollection is a collection that is not there, apart from a database that is not.
var errNoCollection = fmt.Errorf("no collection: %w", connector.ErrNotFound)

// codeOf is the code of an answer; 0 for none, and for a success.
func codeOf(a rest.Answer) int {
	var answer struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(a.Body, &answer) != nil || answer.Code == http.StatusOK {
		return 0
	}
	return answer.Code
}

// refuse makes the error of an answer that is not a success, by its code where it has one.
func (d *destination) refuse(what string, a rest.Answer) error {
	code := codeOf(a)
	switch {
	case code == codeUnauthenticated, code == codeNoLogin, a.Status == http.StatusUnauthorized:
		return connector.Fail(connector.ErrForbidden, "%s: Milvus does not accept the credentials; check token, or user and password", what)
	case code == codeNotPermitted, a.Status == http.StatusForbidden:
		return connector.Fail(connector.ErrForbidden, "%s: access refused; the user needs the privileges DescribeCollection, Query, Insert, Upsert and Delete on collection %q", what, d.collection)
	case code == codeNoCollection:
		return connector.Fail(errNoCollection, "%s: collection %q does not exist", what, d.collection)
	case code == codeNotLoaded:
		return d.notLoaded(what)
	case code == codeNoDatabase:
		return connector.Fail(connector.ErrNotFound, "%s: the server has no database %q; check db_name", what, d.database)
	case code == codeTooLarge, a.Status == http.StatusRequestEntityTooLarge:
		return connector.Fail(nil, "%s: it is larger than the server takes in one request", what)
	case code == codeRate, code == codeHTTPRate, code == codeQuota:
		return connector.Retry(nil, 0, "%s: Milvus asks for fewer requests, or a quota is used up (code %d)", what, code)
	case code == codeMemory, code == codeDisk:
		return connector.Retry(nil, 0, "%s: the server has no room left (code %d)", what, code)
	case busy[code]:
		return connector.Retry(nil, 0, "%s: Milvus is not ready for it now (code %d)", what, code)
	case code == codeData, code == codeParameter:
		return connector.Fail(nil, "%s: Milvus refused it (code %d): a value that does not fit its field of collection %q, embeddings of another dimension, or an expression that it does not take", what, code, d.collection)
	case code != 0:
		return connector.Fail(nil, "%s: Milvus refused it (code %d)", what, code)
	}
	return rest.Refused(what, service, a)
}

// notLoaded makes the error of a collection that cannot be asked, with the request that mends it.
func (d *destination) notLoaded(what string) error {
	return connector.Fail(nil, `%s: collection %q is not loaded, so old rows cannot be found. This loads it: POST /v2/vectordb/collections/load {"collectionName": %q}`, what, d.collection, d.collection)
}
