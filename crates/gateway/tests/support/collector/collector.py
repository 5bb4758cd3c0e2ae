"""A collector of traces: takes OTLP over HTTP, and prints one line of JSON for each request that comes.

It decodes with OpenTelemetry's own messages, and shares nothing with the gateway. What is written to its standard input decides what
it answers from then on: a status, or "partial N" for 200 with N spans rejected.
"""

import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

answer = {"status": 200, "rejected": 0}
lock = threading.Lock()


def value_of(value):
    return getattr(value, value.WhichOneof("value"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        message = ExportTraceServiceRequest()
        message.ParseFromString(body)
        unknown = len(message.SerializeToString()) != len(body)
        spans = []
        for resource in message.resource_spans:
            service = {pair.key: value_of(pair.value) for pair in resource.resource.attributes}
            for scope in resource.scope_spans:
                for span in scope.spans:
                    spans.append(
                        {
                            "trace": span.trace_id.hex(),
                            "id": span.span_id.hex(),
                            "parent": span.parent_span_id.hex(),
                            "name": span.name,
                            "kind": span.kind,
                            "status": span.status.code,
                            "message": span.status.message,
                            "nanoseconds": span.end_time_unix_nano - span.start_time_unix_nano,
                            "events": len(span.events),
                            "links": len(span.links),
                            "trace_state": span.trace_state,
                            "scope": scope.scope.name,
                            "resource": service,
                            "attributes": {pair.key: value_of(pair.value) for pair in span.attributes},
                        }
                    )
        seen = {
            "path": self.path,
            "type": self.headers["content-type"],
            "unknown_fields": unknown,
            "spans": spans,
            "body": base64.b64encode(body).decode(),
            "text": json.dumps(MessageToDict(message)),
        }
        with lock:
            print(json.dumps(seen), flush=True)
        response = ExportTraceServiceResponse()
        if answer["rejected"]:
            response.partial_success.rejected_spans = answer["rejected"]
        response = response.SerializeToString()
        self.send_response(answer["status"])
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(response)))
        self.end_headers()
        self.wfile.write(response)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
for line in sys.stdin:
    word, _, number = line.strip().partition(" ")
    answer["status"] = 200 if word == "partial" else int(word)
    answer["rejected"] = int(number) if word == "partial" else 0
    with lock:
        print(json.dumps({"answers": line.strip()}), flush=True)
