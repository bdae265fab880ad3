"""OTLP/JSON received and stored, spans a second of CPU time, beside rotel, which takes them and throws them away.

Usage: ingest.py DSL_BENCH [SPANS]   (SPANS: 1000000)

rotel is sent the requests over HTTP and its CPU time is read from /proc. Ours reads the same bodies from files, decodes and stores
them in one process (dsl-bench ingest): everything but an HTTP server. Memory is the peak of resident memory of each.
"""
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SPANS_EACH, BODIES = 2000, 50
bench = sys.argv[1]
spans = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000


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
    return json.dumps({"resourceSpans": resources}, separators=(",", ":")).encode()


def measure_rotel(bodies):
    try:
        import rotel
    except ImportError:
        return None
    agent = os.path.join(os.path.dirname(rotel.__file__), "rotel-agent")
    os.chmod(agent, 0o755)
    ports = []
    for _ in range(2):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            ports.append(s.getsockname()[1])
    process = subprocess.Popen(
        [agent, "start", "--exporter", "blackhole", "--otlp-http-endpoint", f"127.0.0.1:{ports[0]}",
         "--otlp-grpc-endpoint", f"127.0.0.1:{ports[1]}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def seconds():
        fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    try:
        time.sleep(1)
        connection = http.client.HTTPConnection("127.0.0.1", ports[0])
        before = seconds()
        for number in range(spans // SPANS_EACH):
            connection.request("POST", "/v1/traces", bodies[number % BODIES], {"Content-Type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200, reply.status
        time.sleep(0.5)
        used = seconds() - before
        peak = [line for line in open(f"/proc/{process.pid}/status") if "VmHWM" in line][0].split()[1]
        return spans / used, int(peak) // 1024
    finally:
        process.terminate()
        process.wait()


folder = tempfile.mkdtemp(prefix="dsl-ingest-")
try:
    generator = random.Random(7)
    bodies = [body(number, generator) for number in range(BODIES)]
    for number, content in enumerate(bodies):
        with open(f"{folder}/{number:04}.json", "wb") as file:
            file.write(content)
    os.mkdir(folder + "/store")
    output = subprocess.run(
        [bench, "ingest", folder, folder + "/store", str(spans), str(SPANS_EACH)], check=True, capture_output=True, text=True)
    ours = json.loads(output.stdout)
    size = os.path.getsize(folder + "/store/.dsl/signals.sqlite")
    theirs = measure_rotel(bodies)
finally:
    shutil.rmtree(folder)

print(f"{spans} spans, {sum(map(len, bodies)) // (BODIES * SPANS_EACH)} bytes of JSON each")
print("| | spans a CPU second | peak memory |\n|---|---|---|")
print(f"| dsl, decoded and stored | {ours['spans_per_cpu_second']:,.0f} | {ours['peak_rss_mib']} MiB |")
if theirs:
    print(f"| rotel, received and discarded | {theirs[0]:,.0f} | {theirs[1]} MiB |")
    print(f"\nratio {ours['spans_per_cpu_second'] / theirs[0]:.2f} (goal 1.0, at least 0.5); {size / spans:.0f} bytes a span on disk")
else:
    print("\nrotel is not installed: ci/setup")
