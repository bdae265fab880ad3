"""Reads OTLP/JSON lines from standard input with opentelemetry-proto-json and checks what that does not.

Prints one line a fault; exits 1 when there is one and 77 when the package is missing.
"""
import json
import sys

try:
    from opentelemetry.proto_json.trace.v1.trace import TracesData
except ImportError as error:
    print(error)
    sys.exit(77)

HEX = set("0123456789abcdef")
faults = []


def check_id(value, size, what):
    if len(value) != size or set(value) - HEX or set(value) == {"0"}:
        faults.append(f"{what} is {value!r}")


def check_keys(attributes, what):
    keys = [attribute["key"] for attribute in attributes]
    if len(keys) != len(set(keys)):
        faults.append(f"{what} repeats an attribute")


lines = spans = 0
for line in sys.stdin:
    lines += 1
    data = json.loads(line)
    parsed = TracesData.from_dict(data)
    again = parsed.to_dict()
    if again != data:
        faults.append(f"line {lines} is not what the library writes: {json.dumps(again)}")
    for resource in data["resourceSpans"]:
        check_keys(resource["resource"]["attributes"], "resource")
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                spans += 1
                check_id(span["traceId"], 32, "traceId")
                check_id(span["spanId"], 16, "spanId")
                if "parentSpanId" in span:
                    check_id(span["parentSpanId"], 16, "parentSpanId")
                if not span["name"]:
                    faults.append("a span has no name")
                if int(span["endTimeUnixNano"]) < int(span["startTimeUnixNano"]):
                    faults.append(f"{span['name']} ends before it starts")
                for holder in [span, *span.get("events", []), *span.get("links", [])]:
                    check_keys(holder.get("attributes", []), span["name"])
for fault in faults:
    print(fault)
print(f"{lines} lines, {spans} spans")
sys.exit(1 if faults or not spans else 0)
