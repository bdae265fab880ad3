"""Writes export requests that OpenTelemetry's own protobuf classes made, random but for a seed.

usage: requests.py FOLDER SEED COUNT. For each number N: N.SIGNAL.pb as those classes write it and N.SIGNAL.json as the
specification's JSON has it (json_format writes ids in base64, which OTLP/JSON forbids: they are put right here).
Exits 77 when the package is missing.
"""
import base64
import json
import random
import sys

try:
    from google.protobuf import json_format
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
except ImportError as error:
    print(error)
    sys.exit(77)

folder, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
r = random.Random(seed)


def text():
    return r.choice(["", "a", "http.route", "zürich", "😀" * r.randrange(5), "x" * r.randrange(200), 'q"\\\n\t', "v%d" % r.randrange(50)])


def value(v, depth=0):
    kind = r.randrange(8 if depth < 3 else 6)
    if kind == 0:
        v.string_value = text()
    elif kind == 1:
        v.bool_value = r.random() < 0.5
    elif kind == 2:
        v.int_value = r.choice([0, -1, 2**63 - 1, -(2**63), r.randrange(10**6)])
    elif kind == 3:
        v.double_value = r.choice([0.0, -0.0, 1.5, 1e300, 5e-324, r.random()])
    elif kind == 4:
        v.bytes_value = r.randbytes(r.randrange(9))
    elif kind == 6:
        v.array_value.SetInParent()
        for _ in range(r.randrange(4)):
            value(v.array_value.values.add(), depth + 1)
    elif kind == 7:
        v.kvlist_value.SetInParent()
        for i in range(r.randrange(4)):
            kv = v.kvlist_value.values.add()
            kv.key = "k%d" % i
            value(kv.value, depth + 1)


def attributes(list_):
    for i in range(r.randrange(5)):
        kv = list_.add()
        kv.key = "attribute.%d" % i
        value(kv.value)


def resource(part):
    kv = part.resource.attributes.add()
    kv.key = "service.name"
    kv.value.string_value = r.choice(["shop", "bank", "köln"])
    attributes(part.resource.attributes)


def scope(part):
    part.scope.name = text()
    part.scope.version = text()


def when():
    return 1700000000000000000 + r.randrange(10**15)


def span(s):
    s.trace_id = r.randbytes(15) + b"\1"
    s.span_id = r.randbytes(7) + b"\1"
    if r.random() < 0.7:
        s.parent_span_id = r.randbytes(7) + b"\2"
    s.trace_state = r.choice(["", "a=b"])
    s.name = text()
    s.kind = r.randrange(6)
    s.start_time_unix_nano = when()
    s.end_time_unix_nano = s.start_time_unix_nano + r.randrange(10**10)
    attributes(s.attributes)
    s.dropped_attributes_count, s.dropped_events_count, s.dropped_links_count = (r.randrange(3) for _ in range(3))
    for _ in range(r.randrange(3)):
        event = s.events.add()
        event.time_unix_nano, event.name = when(), text()
        attributes(event.attributes)
    for _ in range(r.randrange(3)):
        link = s.links.add()
        link.trace_id, link.span_id = r.randbytes(15) + b"\3", r.randbytes(7) + b"\3"
        attributes(link.attributes)
    s.status.code, s.status.message = r.randrange(3), r.choice(["", "went wrong"])
    s.flags = r.choice([0, 1, 0x101])


def point(p):
    attributes(p.attributes)
    p.time_unix_nano = when()
    if r.random() < 0.5:
        p.start_time_unix_nano = p.time_unix_nano - 10**9


def metric(m):
    m.name, m.unit, m.description = "metric.%d" % r.randrange(9), r.choice(["", "1", "ms"]), text()
    kind = r.choice(["gauge", "sum", "histogram", "exponential_histogram", "summary"])
    data = getattr(m, kind)
    data.SetInParent()
    for _ in range(1 + r.randrange(3)):
        p = data.data_points.add()
        point(p)
        if kind in ("gauge", "sum"):
            if r.random() < 0.5:
                p.as_int = r.choice([0, -5, 2**62])
            else:
                p.as_double = r.random()
        else:
            p.count, p.sum = r.randrange(100), r.random()
        if kind == "histogram":
            p.bucket_counts.extend(r.randrange(9) for _ in range(4))
            p.explicit_bounds.extend([0.5, 1, 2.5])
            p.min, p.max = 0.25, 7.5
        if kind == "exponential_histogram":
            p.scale, p.zero_count, p.zero_threshold = r.randrange(-3, 4), r.randrange(5), 0.001
            p.positive.offset = r.randrange(-9, 9)
            p.positive.bucket_counts.extend(r.randrange(9) for _ in range(3))
            p.negative.offset = -1
        if kind == "summary":
            for q in (0.5, 0.99):
                quantile = p.quantile_values.add()
                quantile.quantile, quantile.value = q, r.random()
    if kind in ("sum", "histogram", "exponential_histogram"):
        data.aggregation_temporality = r.randrange(3)
    if kind == "sum":
        data.is_monotonic = r.random() < 0.5


def log(l):
    l.time_unix_nano, l.observed_time_unix_nano = r.choice([0, when()]), when()
    l.severity_number, l.severity_text = r.randrange(25), r.choice(["", "WARN"])
    if r.random() < 0.9:
        value(l.body)
    attributes(l.attributes)
    if r.random() < 0.5:
        l.trace_id, l.span_id = r.randbytes(15) + b"\1", r.randbytes(7) + b"\1"
    l.event_name = r.choice(["", "user.login"])


def hexed(node, key=None):
    if isinstance(node, dict):
        return {k: hexed(v, k) for k, v in node.items()}
    if isinstance(node, list):
        return [hexed(v) for v in node]
    if key in ("traceId", "spanId", "parentSpanId"):
        return base64.b64decode(node).hex()
    return node


for number in range(count):
    for signal, request, fill in (
        ("traces", ExportTraceServiceRequest(), span),
        ("metrics", ExportMetricsServiceRequest(), metric),
        ("logs", ExportLogsServiceRequest(), log),
    ):
        for _ in range(1 + r.randrange(2)):
            outer = getattr(request, {"traces": "resource_spans", "metrics": "resource_metrics", "logs": "resource_logs"}[signal]).add()
            resource(outer)
            for _ in range(1 + r.randrange(2)):
                inner = getattr(outer, {"traces": "scope_spans", "metrics": "scope_metrics", "logs": "scope_logs"}[signal]).add()
                scope(inner)
                for _ in range(r.randrange(1, 6)):
                    fill(getattr(inner, {"traces": "spans", "metrics": "metrics", "logs": "log_records"}[signal]).add())
        with open(f"{folder}/{number}.{signal}.pb", "wb") as file:
            file.write(request.SerializeToString())
        document = hexed(json_format.MessageToDict(request, use_integers_for_enums=True))
        with open(f"{folder}/{number}.{signal}.json", "w") as file:
            json.dump(document, file)
