"""Serves the part of Milvus's REST interface that the connector calls, over Milvus Lite, which itself speaks gRPC only.

Rows, types, dimensions, keys and expressions are checked by Milvus Lite; the bridge only carries calls over. Arguments: the folder of the
data, the port on the loopback, the token that is asked for.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pymilvus
from milvus_lite.adapter.grpc.server import start_server_in_thread
from pymilvus import CollectionSchema, DataType, FieldSchema, MilvusClient

folder, port, token = sys.argv[1], int(sys.argv[2]), sys.argv[3]
started = start_server_in_thread(folder)
inner = next(v for v in started if isinstance(v, int))
client = MilvusClient(uri=f"http://127.0.0.1:{inner}")
lock = threading.Lock()  # Milvus Lite takes one writer at a time
KINDS = {
    "VarChar": DataType.VARCHAR, "Int64": DataType.INT64, "Double": DataType.DOUBLE, "Bool": DataType.BOOL, "JSON": DataType.JSON,
    "FloatVector": DataType.FLOAT_VECTOR,
}
NAMES = {v: k for k, v in KINDS.items()}


class Refused(Exception):
    """An answer with a code that is not 0."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def create(ask):
    fields = []
    for f in ask["schema"]["fields"]:
        more = {k: int(v) for k, v in f.get("elementTypeParams", {}).items()}
        fields.append(FieldSchema(f["fieldName"], KINDS[f["dataType"]], is_primary=f.get("isPrimary", False), auto_id=f.get("autoId", False),
                                  nullable=f.get("nullable", False), **more))
    schema = CollectionSchema(fields, enable_dynamic_field=ask["schema"].get("enableDynamicField", False))
    name = ask["collectionName"]
    client.create_collection(name, schema=schema)
    index = client.prepare_index_params()
    vector = next(f["fieldName"] for f in ask["schema"]["fields"] if f["dataType"] == "FloatVector")
    index.add_index(vector, index_type="FLAT", metric_type="COSINE")
    client.create_index(name, index)
    client.load_collection(name)
    return {}


def describe(ask):
    found = client.describe_collection(ask["collectionName"])
    fields = []
    for f in found["fields"]:
        fields.append({
            "name": f["name"], "type": NAMES[f["type"]], "primaryKey": f.get("is_primary", False), "autoId": f.get("auto_id", False), "nullable": f.get("nullable", False),
            "params": [{"key": k, "value": str(v)} for k, v in f.get("params", {}).items()],
        })
    return {"collectionName": ask["collectionName"], "fields": fields, "enableDynamicField": found["enable_dynamic_field"], "autoId": found["auto_id"], "load": "LoadStateLoaded"}


def query(ask):
    more = {"limit": ask["limit"]} if "limit" in ask else {}
    rows = client.query(ask["collectionName"], filter=ask["filter"], output_fields=ask["outputFields"], consistency_level="Strong", **more)
    return [dict(row) for row in rows]


def delete(ask):
    client.delete(ask["collectionName"], filter=ask["filter"])
    return {}


CALLS = {
    "collections/create": create, "collections/describe": describe, "entities/query": query, "entities/delete": delete,
    "entities/insert": lambda ask: {"insertCount": client.insert(ask["collectionName"], ask["data"])["insert_count"]},
    "entities/upsert": lambda ask: {"upsertCount": client.upsert(ask["collectionName"], ask["data"])["upsert_count"]},
}


def plain(value):
    """Numbers of numpy as those of Python."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "item"):
        return value.item()
    return [plain(v) for v in value]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, {"code": 0, "data": {}})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != "Bearer " + token:
            self.answer(401, {"code": 1800, "message": "user hasn't authenticated"})
            return
        ask = json.loads(body)
        try:
            with lock:
                if self.path != "/v2/vectordb/collections/create" and not client.has_collection(ask["collectionName"]):
                    raise Refused(100, "can't find collection")
                data = CALLS[self.path.removeprefix("/v2/vectordb/")](ask)
            self.answer(200, {"code": 0, "data": data})
        except Refused as e:
            self.answer(200, {"code": e.code, "message": str(e)})
        except (pymilvus.exceptions.MilvusException, ValueError, TypeError, KeyError) as e:
            self.answer(200, {"code": 1804 if "entities/" in self.path and "data" in ask else 1100, "message": str(e)})

    def answer(self, status, value):
        text = json.dumps(value, default=plain).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", port), Handler).serve_forever()
