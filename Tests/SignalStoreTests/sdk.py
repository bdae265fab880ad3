"""Lets OpenTelemetry's Python SDK send traces, metrics and logs, and writes down every request as it came.

usage: sdk.py FOLDER. For each request FOLDER/N.body and FOLDER/index.json: path, content type and encoding. Exits 77 when
the SDK is missing.
"""
import http.server
import json
import logging
import sys
import threading

try:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
except ImportError as error:
    print(error)
    sys.exit(77)

folder = sys.argv[1]
index = []


class Recorder(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        with open(f"{folder}/{len(index)}.body", "wb") as file:
            file.write(content)
        index.append({"path": self.path, "type": self.headers["Content-Type"], "encoding": self.headers.get("Content-Encoding")})
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
resource = Resource.create({"service.name": "python-shop"})

provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(base + "/v1/traces", compression=Compression.Gzip)))
tracer = provider.get_tracer("shop", "1.0")
for number in range(20):
    with tracer.start_as_current_span("order", kind=trace.SpanKind.SERVER) as span:
        span.set_attribute("order.number", number)
        with tracer.start_as_current_span("pay") as inner:
            inner.add_event("charged", {"amount": 1.5})
            if number % 5 == 0:
                inner.set_status(trace.StatusCode.ERROR, "declined")
provider.shutdown()

reader = PeriodicExportingMetricReader(OTLPMetricExporter(base + "/v1/metrics"), export_interval_millis=60000)
meters = MeterProvider(metric_readers=[reader], resource=resource)
meter = meters.get_meter("shop")
meter.create_counter("orders", unit="1").add(7, {"kind": "web"})
meter.create_histogram("took", unit="ms").record(12.5)
meters.shutdown()

loggers = LoggerProvider(resource=resource)
loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(base + "/v1/logs")))
logger = logging.getLogger("shop")
logger.addHandler(LoggingHandler(logger_provider=loggers))
logger.error("login failed for %s", "eve")
loggers.shutdown()
server.shutdown()
with open(folder + "/index.json", "w") as file:
    json.dump(index, file)
