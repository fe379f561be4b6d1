// Package redis writes elements to a Redis server. Its type is "redis", a destination.
//
// A key holds one element as JSON: as a JSON value where the server has the commands for it (Redis 8, the module RedisJSON),
// as a text elsewhere. Keys are a prefix and the record id of the element, so that documents with equal elements do not share
// them (in the reference they do); a set beside them holds the keys of a document, by which a later write finds what has gone.
package redis

import "github.com/sluicehq/sluice/connector"

// Type is the id of the connector.
const Type = "redis"

func init() {
	connector.Register(connector.Kind{Side: connector.SideDestination, Type: Type, Doc: destinationDoc, NewDestination: newDestination})
}

var destinationDoc = connector.Doc{
	Permissions: "A user with the commands `JSON.SET`, `JSON.GET`, `SET`, `DEL`, `SADD`, `SREM`, `SMEMBERS`, `HSETNX`, `HGET`, `HSET`, `SCAN`, `MULTI`, `EXEC`, `PING` and `SELECT` on the keys of the " +
		"prefix: `ACL SETUSER sluice on >PASSWORD ~docs:* +@read +@write +@transaction +@connection`. The login is `uri` " +
		"(`rediss://user:password@host:6379/0`), or `host`, `port`, `username`, `password`, `database` and `ssl`.",
	Records: "One key an element: `key_prefix` and UUIDv5(DNS namespace, element_id + document's identifier). It holds the element as JSON with `record_id`, the " +
		"document's identifier: a JSON value where the server has `JSON.SET`, else a text.\n\n" +
		"The set `<key_prefix>record:<record_id>` holds the keys of a document. A document is written by transactions of `batch_size` elements, each with its " +
		"part of the set; then keys that an earlier write left and this one did not write are deleted, until one look shows this write and nothing else. A reader never misses the elements; for a moment " +
		"old ones may stand beside new ones.",
	Notes: "- `ssl` is on unless it is turned off. Certificates are verified.\n" +
		"- A cluster is not supported: its keys stand on many servers, and a transaction on one.\n" +
		"- The server does not check the dimension of embeddings: the hash `<key_prefix>sluice-embeddings` keeps that of the first write, and others are refused before anything is written, " +
		"as long as any document stands under the prefix. Records of before that hash was kept are not looked at.\n" +
		"- The server has no index of its own; one of its search module can be laid over the prefix.\n" +
		"- A server that loads its data, is a replica or has no memory left is tried again later.\n" +
		"- The connection check writes and deletes a key.",
	Guarantee: connector.Replaces,
	Example:   map[string]any{"host": "redis.example.com", "port": 6379, "username": "sluice", "password": "$REDIS_PASSWORD", "key_prefix": "docs:"},
}
