"""Sends good and bad OTLP/HTTP requests to rotel, a receiver of others, and writes down what it answered.

usage: compare.py FOLDER. For each request FOLDER/N.body, and FOLDER/index.json: name, content type and encoding, and the
status that rotel gave. Exits 77 when rotel is missing.
"""
import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import time

try:
    import rotel
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
except ImportError as error:
    print(error)
    sys.exit(77)

folder = sys.argv[1]
GOOD = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "checkout", "kind": 2,
        "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000", "attributes": [], "status": {}}


def body(**changes):
    span = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
    return json.dumps({"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "x"}, "spans": [span]}]}]}).encode()


request = ExportTraceServiceRequest()
span = request.resource_spans.add().scope_spans.add().spans.add()
span.trace_id, span.span_id, span.name = bytes(range(1, 17)), bytes(range(1, 9)), "checkout"
span.start_time_unix_nano, span.end_time_unix_nano = 1544712660000000000, 1544712661000000000
good_protobuf = request.SerializeToString()
span.trace_id = b"short"
short_protobuf = request.SerializeToString()

JSON, PROTOBUF = "application/json", "application/x-protobuf"
requests = [
    ("good JSON", JSON, None, body()),
    ("good protobuf", PROTOBUF, None, good_protobuf),
    ("good gzip", JSON, "gzip", gzip.compress(body())),
    ("no spans", JSON, None, b'{"resourceSpans":[]}'),
    ("unknown member", JSON, None, body(somethingNew={"a": 1})),
    ("UUID id", JSON, None, body(traceId="5b8efff7-9803-8103-d269-b633813fc60c")),
    ("base64 id", JSON, None, body(traceId="W47/95gDgQPSabYzgT/GDA==")),
    ("short id", JSON, None, body(traceId="5b8efff7")),
    ("zero id", JSON, None, body(traceId="0" * 32)),
    ("no span id", JSON, None, body(spanId=None)),
    ("enum name", JSON, None, body(kind="SPAN_KIND_SERVER")),
    ("integer nanos", JSON, None, body(startTimeUnixNano=1544712660000000000)),
    ("ISO time", JSON, None, body(startTimeUnixNano="2018-12-13T14:51:00Z")),
    ("float time", JSON, None, body(startTimeUnixNano=1544712660.5)),
    ("SwarmSH's span", JSON, None, json.dumps({"trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "eee19b7ec3c1b174", "operation_name": "x"}).encode()),
    ("SwarmSH's span in OTLP", JSON, None, json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"trace_id": "5b8efff798038103d269b633813fc60c", "operation_name": "x"}]}]}]}).encode()),
    ("cut JSON", JSON, None, body()[:-9]),
    ("empty JSON", JSON, None, b""),
    ("a list", JSON, None, b"[]"),
    ("cut protobuf", PROTOBUF, None, good_protobuf[:-9]),
    ("short id protobuf", PROTOBUF, None, short_protobuf),
    ("JSON as protobuf", PROTOBUF, None, body()),
    ("protobuf as JSON", JSON, None, good_protobuf),
    ("wrong type", "text/plain", None, body()),
    ("no gzip", JSON, "gzip", body()),
    ("unknown encoding", JSON, "br", body()),
]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


port = free_port()
agent = os.path.join(os.path.dirname(rotel.__file__), "rotel-agent")
if not os.access(agent, os.X_OK):
    os.chmod(agent, 0o755)
with open(folder + "/rotel.log", "w") as log:
    process = subprocess.Popen(
        [agent, "start", "--exporter", "blackhole", "--otlp-http-endpoint", f"127.0.0.1:{port}",
         "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}"], stdout=log, stderr=log)
try:
    for _ in range(1800):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    index = []
    for number, (name, kind, encoding, content) in enumerate(requests):
        with open(f"{folder}/{number}.body", "wb") as file:
            file.write(content)
        headers = {"Content-Type": kind, **({"Content-Encoding": encoding} if encoding else {})}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", "/v1/traces", content, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = 0
        connection.close()
        index.append({"name": name, "type": kind, "encoding": encoding, "rotel": status})
    with open(folder + "/index.json", "w") as file:
        json.dump(index, file)
finally:
    process.kill()
    process.wait()
