#!/usr/bin/env python3
"""OTLP/HTTP received and stored, spans a second of CPU time, beside rotel, which takes the same requests and throws them away.

Usage: ingest.py DSL [SPANS] [REQUEST_SPANS]   (1000000 spans, 2000 in a request)

`dsl serve` and rotel each get the same requests over the same number of connections that are kept open, one program after the
other, once as JSON, once as JSON in gzip and once as protobuf. CPU seconds are user and system of the whole process, from /proc;
memory is the peak of resident memory (VmHWM). Each run of ours begins with an empty directory, and a question afterwards counts
what is stored: less than was sent ends the run. Run it with the interpreter of .build/venv, which has rotel (ci/setup).
"""
import base64
import concurrent.futures
import contextlib
import gzip
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

BODIES, CONNECTIONS = 50, 4
dsl = sys.argv[1] if len(sys.argv) > 1 else "dsl"
spans = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
SPANS_EACH = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
spans -= spans % SPANS_EACH


def attribute(key, value):
    kind = {str: "stringValue", int: "intValue"}[type(value)]
    return {"key": key, "value": {kind: str(value)}}


def body(number, r):
    """Requests of a web shop: eight attributes a span, five spans a trace, an event in ten."""
    services = ["checkout", "cart", "payment", "catalogue", "shipping", "frontend", "auth", "search"]
    routes = ["/api/v1/orders/{id}", "/api/v1/cart", "/api/v1/pay", "/healthz", "/api/v2/search"]
    resources = []
    for part in range(4):
        out = []
        for i in range(SPANS_EACH // 4):
            if i % 5 == 0:
                trace, parent = "%032x" % r.getrandbits(128), None
            start = 1763700000_000000000 + number * 10**9 + r.randrange(10**9)
            end = start + int(r.lognormvariate(16, 1))
            route, code = r.choice(routes), r.choice([200] * 18 + [404, 500])
            span = {
                "traceId": trace, "spanId": "%016x" % r.getrandbits(64), "name": "GET " + route, "kind": r.choice([2, 3, 1]),
                "startTimeUnixNano": str(start), "endTimeUnixNano": str(end),
                "attributes": [
                    attribute("http.request.method", "GET"), attribute("http.route", route),
                    attribute("url.path", route.replace("{id}", str(r.randrange(100000)))),
                    attribute("http.response.status_code", code),
                    attribute("server.address", "10.0.%d.%d" % (r.randrange(4), r.randrange(250))),
                    attribute("network.protocol.version", "1.1"), attribute("thread.id", r.randrange(64)),
                    attribute("user_agent.original", "python-requests/2.31")],
                "status": {"code": 2, "message": "internal error"} if code == 500 else {}}
            if parent:
                span["parentSpanId"] = parent
            else:
                parent = span["spanId"]
            if i % 10 == 3:
                span["events"] = [{"timeUnixNano": str(start), "name": "cache.miss",
                                   "attributes": [attribute("cache.key", "k%d" % r.randrange(1000))]}]
            out.append(span)
        names = [("service.name", services[(number + part) % 8]), ("service.version", "1.4.2"), ("host.name", f"node-{part % 3}")]
        resources.append({"resource": {"attributes": [attribute(*name) for name in names]},
                          "scopeSpans": [{"scope": {"name": "flask", "version": "0.60b1"}, "spans": out}]})
    return {"resourceSpans": resources}


def protobuf(document):
    """The same request as protobuf, made by OpenTelemetry's own classes; these read ids in base64."""
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

    def encoded(value):
        if isinstance(value, list):
            return [encoded(element) for element in value]
        if not isinstance(value, dict):
            return value
        return {name: base64.b64encode(bytes.fromhex(member)).decode() if name.endswith(("traceId", "panId")) else encoded(member)
                for name, member in value.items()}

    return json_format.ParseDict(encoded(document), trace_service_pb2.ExportTraceServiceRequest()).SerializeToString()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def seconds(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(process):
    """Of resident memory, MiB."""
    return int(next(line for line in open(f"/proc/{process.pid}/status") if line.startswith("VmHWM")).split()[1]) / 1024


def send(port, numbers, bodies, headers):
    """Sends the requests of one connection; a busy receiver is asked again, as OTLP says."""
    connection, again = http.client.HTTPConnection("127.0.0.1", port), 0
    for number in numbers:
        while True:
            connection.request("POST", "/v1/traces", bodies[number % BODIES], headers)
            reply = connection.getresponse()
            answer = reply.read()
            if reply.status not in (429, 503):
                break
            again += 1
            time.sleep(0.05)
        assert reply.status == 200 and b"rejected" not in answer, (reply.status, answer[:200])
    connection.close()
    return again


def measure(process, port, bodies, headers):
    """Spans a CPU second, peak memory in MiB, and seconds by the clock."""
    before, start = seconds(process), time.monotonic()
    requests = range(spans // SPANS_EACH)
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        tasks = [pool.submit(send, port, requests[place::CONNECTIONS], bodies, headers) for place in range(CONNECTIONS)]
        again = sum(task.result() for task in tasks)
    elapsed = time.monotonic() - start
    time.sleep(1)
    used = seconds(process) - before
    return {"rate": spans / used, "memory": peak(process), "elapsed": elapsed, "again": again}


def check(folder):
    """Ends the run unless all spans are stored, by the rows of the store and by a question for one body's second."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/.dsl/signals.sqlite?mode=ro", uri=True)) as store:
        stored = store.execute("SELECT sum(records) FROM segments").fetchone()[0]
    assert stored == spans, f"{stored} of {spans} spans are stored"
    wanted = sum(SPANS_EACH for number in range(spans // SPANS_EACH) if number % BODIES == 7)
    question = [dsl, "telemetry", "query", "--format", "jsonl", "--limit", str(spans), "-c", folder,
                "--since", "2025-11-21T04:40:07Z", "--until", "2025-11-21T04:40:08Z"]
    with subprocess.Popen(question, stdout=subprocess.PIPE) as process:
        found = sum(1 for _ in process.stdout)
    assert found == wanted, f"{found} of {wanted} spans of one second are found"


def ours(bodies, headers):
    folder = tempfile.mkdtemp(prefix="dsl-ingest-")
    subprocess.run([dsl, "init", folder + "/c"], check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([dsl, "serve", "--listen", "127.0.0.1:0", "-c", folder + "/c"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        port = next(int(found.group(1)) for line in process.stdout if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))
        result = measure(process, port, bodies, headers)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        check(folder + "/c")
        files = [folder + "/c/.dsl/signals.sqlite" + end for end in ("", "-wal")]
        result["size"] = sum(os.path.getsize(file) for file in files if os.path.exists(file)) / spans
        return result
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def theirs(bodies, headers):
    try:
        import rotel
    except ImportError:
        return None
    agent = os.path.join(os.path.dirname(rotel.__file__), "rotel-agent")
    os.chmod(agent, 0o755)
    port = free_port()
    process = subprocess.Popen(
        [agent, "start", "--exporter", "blackhole", "--otlp-http-endpoint", f"127.0.0.1:{port}",
         "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        return measure(process, port, bodies, headers)
    finally:
        process.terminate()
        process.wait()


generator = random.Random(7)
documents = [body(number, generator) for number in range(BODIES)]
plain = [json.dumps(document, separators=(",", ":")).encode() for document in documents]
forms = {"JSON": (plain, {"Content-Type": "application/json"}),
         "JSON, gzip": ([gzip.compress(one, 6) for one in plain],
                        {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
         "protobuf": ([protobuf(document) for document in documents], {"Content-Type": "application/x-protobuf"})}
wanted = os.environ.get("FORMS")
print(f"{spans} spans, {SPANS_EACH} in a request, {CONNECTIONS} connections\n")
print("| requests | bytes a span | dsl, stored: spans a CPU second | peak MiB | rotel, discarded: spans a CPU second | peak MiB "
      "| ratio | bytes a span on disk |\n|---|---|---|---|---|---|---|---|")
for name, (bodies, headers) in forms.items():
    if wanted and name not in wanted.split(";"):
        continue
    mine, other = ours(bodies, headers), theirs(bodies, headers)
    rest = f"{other['rate']:,.0f} | {other['memory']:.0f} | {mine['rate'] / other['rate']:.2f}" if other else "not installed: ci/setup | | "
    print(f"| {name} | {sum(map(len, bodies)) // (BODIES * SPANS_EACH)} | {mine['rate']:,.0f} | {mine['memory']:.0f} | {rest} "
          f"| {mine['size']:.0f} |", flush=True)
    if mine["again"] or other and other["again"]:
        print(f"told to come again: dsl {mine['again']}, rotel {other['again'] if other else 0}", file=sys.stderr)
