import DSLBase
import Foundation
import Testing

/// The real binary sending to collectors: one that is scripted, one that is not there, and a real one.
@Suite struct OTLPExportTests {
  private let shell: Shell

  init() throws {
    shell = try Shell()
    try shell.makeQueue(
      """
      limits: {min_agents: 0, max_agents: 2}
      gates: {max_decisions_per_cycle: 2, cooldown: {up: 0s, down: 0s, other: 0s}}
      agents: {command: exec true}
      log: {level: info}

      """, items: 12)
  }

  private func environment(_ collector: OTLPCollector, _ more: [String: String] = [:]) -> [String: String] {
    ["OTEL_EXPORTER_OTLP_ENDPOINT": collector.url].merging(more) { $1 }
  }

  @Test func allSignalsArriveAsTheyAreDeclared() throws {
    let collector = try OTLPCollector(shell)
    let outcome = try shell(
      "dsl --json auto execute && dsl agent run --id a1 --until-idle 0.2s --exec 'sleep 0.01' --concurrency 4",
      environment(
        collector,
        [
          "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=a%20b",
          "OTEL_SERVICE_NAME": "fleet",
        ]))
    #expect(outcome.status == 0 && !outcome.err.contains("OTLP"), "\(outcome.err)")
    let registry = try Registry()
    let spans = try collector.items("traces")
    for span in spans { #expect(registry.violations(span: span) == []) }
    let names = Set(spans.compactMap { $0["name"]?.string })
    #expect(names.isSuperset(of: ["swarmsh.autonomous.cycle_complete", "dsl.agent.work_item"]), "\(names)")
    let metrics = try collector.items("metrics")
    for metric in metrics { #expect(registry.violations(metric: metric) == []) }
    let told = Set(metrics.compactMap { $0["name"]?.string })
    #expect(
      told.isSuperset(of: [
        "dsl.auto.health.score", "dsl.auto.decisions", "dsl.auto.cycle.duration",
        "dsl.auto.observation.duration", "dsl.agent.work_items", "dsl.agent.work_item.duration",
      ]), "\(told.sorted())")
    let records = try collector.items("logs")
    let cycle = try #require(spans.first { $0["name"] == "swarmsh.autonomous.cycle_complete" })
    let record = try #require(records.first { $0["body"]?["stringValue"] == "cycle" })
    #expect(record["traceId"] == cycle["traceId"] && record["spanId"] == cycle["spanId"])
    #expect(record["severityNumber"]?.int == 9 && record["severityText"] == "info")
    for request in try collector.requests() {
      let headers = request["headers"]
      #expect(headers?["Content-Encoding"] == "gzip" && headers?["x-tenant"] == "a b")
      #expect(headers?["Content-Type"] == "application/json")
      #expect(
        request["body"]?.text().contains(#"{"key":"service.name","value":{"stringValue":"fleet"}}"#) == true)
    }
    try checkWithOpenTelemetry()
  }

  /// The generated classes of OpenTelemetry itself take every body.
  private func checkWithOpenTelemetry() throws {
    guard let python = Shell.python(with: "opentelemetry.proto_json.trace.v1.trace") else {
      print("opentelemetry-proto-json is missing (ci/setup): bodies were checked by the registry only")
      return
    }
    let script = """
      import json
      from opentelemetry.proto_json.trace.v1.trace import TracesData
      from opentelemetry.proto_json.metrics.v1.metrics import MetricsData
      from opentelemetry.proto_json.logs.v1.logs import LogsData
      kinds = {"/v1/traces": TracesData, "/v1/metrics": MetricsData, "/v1/logs": LogsData}
      seen = set()
      for line in open("requests.jsonl"):
          request = json.loads(line)
          again = kinds[request["path"]].from_dict(request["body"]).to_dict()
          assert again == request["body"], json.dumps(again)
          seen.add(request["path"])
      assert seen == set(kinds), seen
      """
    try shell.write("check.py", Array(script.utf8))
    let outcome = try shell("\(python) check.py")
    #expect(outcome.status == 0, "\(outcome.err)")
  }

  @Test func whatIsToComeLaterIsSentAgain() throws {
    let collector = try OTLPCollector(shell, answers: "later,429,200")
    let loop = try shell(
      "dsl auto loop --interval 0.4 --max-cycles 12",
      environment(
        collector,
        [
          "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none", "OTEL_BSP_SCHEDULE_DELAY": "50",
        ]))
    #expect(loop.status == 0, "\(loop.err)")
    #expect(loop.err.contains("status 503") && loop.err.contains("sent again"), "\(loop.err)")
    let requests = try collector.requests()
    #expect(requests.count > 3)
    #expect(requests[0]["body"] == requests[1]["body"] && requests[1]["body"] == requests[2]["body"])
    let cycles = try collector.items("traces").filter { $0["name"] == "swarmsh.autonomous.cycle_complete" }
    let ids = Set(cycles.compactMap { $0["spanId"]?.string })
    #expect(ids.count == 12, "no cycle's spans are lost")
  }

  @Test func whatIsRejectedIsTold() throws {
    let collector = try OTLPCollector(shell, answers: "partial")
    let partial = try shell(
      "dsl auto status >/dev/null",
      environment(collector, ["OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"]))
    #expect(partial.status == 0 && partial.err.contains("rejected 1 of 1 span: too old"), "\(partial.err)")
    let redirecting = try Shell()
    try redirecting.copySample()
    let other = try OTLPCollector(redirecting, answers: "302")
    let refused = try redirecting(
      "dsl auto status >/dev/null", ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": other.url + "/v1/traces"])
    #expect(refused.err.contains("status 302"), "\(refused.err)")
    #expect(try other.requests().count == 1, "no redirection is followed")
  }

  /// Nobody there, and somebody who never answers: the work is done, and the loss is told.
  @Test func aDeadCollectorCostsASentence() throws {
    let dead = try shell("dsl auto execute >/dev/null", ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"])
    #expect(dead.status == 0)
    for signal in ["traces", "metrics", "logs"] {
      #expect(dead.err.contains("OTLP \(signal) to http://127.0.0.1:1/…:"), "\(dead.err)")
    }
    #expect(dead.err.contains("connection refused") && dead.err.contains("lost "), "\(dead.err)")
    let collector = try OTLPCollector(shell, answers: "silent")
    let silent = try shell("dsl auto execute >/dev/null", environment(collector))
    #expect(silent.status == 0 && silent.err.contains("spans"), "\(silent.err)")
  }

  @Test func theConsoleShowsAllSignals() throws {
    let outcome = try shell(
      "dsl auto execute >/dev/null",
      [
        "OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "console",
        "OTEL_LOGS_EXPORTER": "console",
      ])
    for key in ["resourceSpans", "resourceMetrics", "resourceLogs"] {
      let line = outcome.err.split(separator: "\n").first { $0.hasPrefix("{\"\(key)\":") }
      #expect(line.flatMap { try? JSONParser.parse(Array($0.utf8)) } != nil, "\(key): \(outcome.err)")
    }
  }

  private static let rotel = Shell.python(with: "rotel").map { python in
    String(python.dropLast("bin/python3".count)) + "lib"
  }

  /// rotel, a receiver in Rust that has nothing in common with ours, takes all that we send.
  @Test(.enabled(if: rotel != nil, "ci/setup has not made .build/venv"))
  func aRealReceiverTakesEverything() throws {
    let lib = try #require(Self.rotel)
    let agent = try shell("find \(lib) -name rotel-agent -type f").out.split(separator: "\n").first
    let port = Int.random(in: 20_000..<30_000)
    let receiver = try Program(
      shell,
      "exec \(try #require(agent)) start --exporter blackhole --otlp-http-endpoint 127.0.0.1:\(port) "
        + "--otlp-grpc-endpoint 127.0.0.1:\(port + 1)")
    defer { receiver.signal(9) }
    let isUp = try Moment.wait { try shell("bash -c 'echo >/dev/tcp/127.0.0.1/\(port)'").status == 0 }
    try #require(isUp, "rotel listens: \(receiver.err)")
    let loop = try shell(
      "dsl auto loop --interval 0.3 --max-cycles 8 --textfile metrics.prom",
      [
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(port)", "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_BLRP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
      ])
    #expect(loop.status == 0 && !loop.err.contains("OTLP"), "\(loop.err)")
    let page = try shell("grep ^dsl_otlp metrics.prom").out
    for signal in ["traces", "metrics", "logs"] {
      #expect(page.contains(#"dsl_otlp_requests_total{signal="\#(signal)",status="200"}"#), "\(page)")
      #expect(page.contains(#"dsl_otlp_items_total{signal="\#(signal)",result="sent"}"#), "\(page)")
    }
    #expect(!page.contains("rejected") && !page.contains("failed") && !page.contains("dropped"), "\(page)")
  }
}
