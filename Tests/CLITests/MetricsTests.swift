import DSLBase
import Foundation
import Testing

/// `--textfile`, judged by Prometheus's own checker and by the parsers of its Python client.
@Suite struct MetricsTests {
  /// Reads a page as Prometheus's Python client does, and prints the samples as JSON.
  private static let parse = """
    import json, sys
    from prometheus_client.parser import text_string_to_metric_families as parse
    print(json.dumps([[s.name, s.labels, s.value] for f in parse(sys.stdin.read()) for s in f.samples]))
    """

  @Test(
    .enabled(if: Shell.has("promtool"), "install prometheus"),
    arguments: [
      "auto status", "auto execute", "auto execute --dry-run", "auto loop --interval 0.05 --max-cycles 3",
    ])
  func thePageIsAsPrometheusWantsIt(command: String) throws {
    let shell = try Shell()
    try shell.copySample()
    let outcome = try shell("dsl \(command) --textfile metrics.prom && promtool check metrics <metrics.prom")
    #expect(outcome.status == 0, "\(outcome.out) \(outcome.err)")
    let files = try FileManager.default.contentsOfDirectory(atPath: shell.directory.path)
    #expect(files.sorted() == ["coordination", "metrics.prom"], "no temporary file is left")
  }

  /// Reads a page as OpenMetrics's reference parser does, which refuses what the standard forbids, and prints what
  /// it found: families and samples in all, units, and the exemplars.
  private static let parseStrictly = """
    import json, sys
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
    families = list(parse(sys.stdin.read()))
    print(json.dumps({
        "families": len(families), "samples": sum(len(f.samples) for f in families),
        "units": {f.name: f.unit for f in families if f.unit}, "types": {f.name: f.type for f in families},
        "exemplars": [[s.name, s.labels, s.exemplar.labels, s.exemplar.value]
                      for f in families for s in f.samples if s.exemplar]}))
    """

  @Test(.enabled(if: Shell.python(with: "prometheus_client") != nil, "ci/setup has not made .build/venv"))
  func theOtherFormatKeepsTheStandardToTheLetter() throws {
    let python = try #require(Shell.python(with: "prometheus_client"))
    let served = try Served { shell in
      try shell.write("parse.py", Array(Self.parseStrictly.utf8))
      for _ in 1...2 { #expect(try shell("dsl auto execute").status == 0) }
    }
    let accept = "-H 'Accept: application/openmetrics-text; version=1.0.0'"
    let page = try served.curl("/metrics", accept).body
    let parsed = try served.shell("'\(python)' parse.py", input: page)
    #expect(parsed.status == 0, "\(parsed.err)")
    let found = try JSONParser.parse(parsed.out)
    #expect(found["families"]?.int ?? 0 > 20 && found["samples"]?.int ?? 0 > 60, "\(parsed.out)")
    #expect(found["units"]?["dsl_auto_cycle_duration_seconds"] == "seconds")
    #expect(found["types"]?["dsl_auto_cycles"] == "counter")
    let cycle = try #require(
      try JSONParser.parse(try served.shell("dsl auto history --cycles --limit 1 --format json").out)[
        "cycles"]?
        .array?.first)
    let exemplar = try #require(found["exemplars"]?.array?.first?.array)
    #expect(found["exemplars"]?.array?.count == 1, "\(parsed.out)")
    #expect(exemplar[0] == "dsl_auto_cycle_duration_seconds_bucket")
    #expect(exemplar[2]["trace_id"]?.string == cycle["trace_id"]?.string && exemplar[2]["trace_id"] != nil)
    let seconds = try #require(exemplar[3].double)
    #expect(
      try #require(exemplar[1]["le"]?.string.flatMap { $0 == "+Inf" ? .infinity : Double($0) }) >= seconds)
    #expect(try served.curl("/metrics").body.contains("trace_id") == false, "the other format has none")
  }

  @Test(.enabled(if: Shell.python(with: "prometheus_client") != nil, "ci/setup has not made .build/venv"))
  func numbersAreThoseOfTheStatus() throws {
    let shell = try Shell()
    try shell.copySample()
    let outcome = try shell("dsl --json auto status --textfile metrics.prom")
    let status = try #require((try outcome.json()["data"] as? [String: Any])?["status"] as? [String: Any])
    try shell.write("parse.py", Array(Self.parse.utf8))
    let python = try #require(Shell.python(with: "prometheus_client"))
    let parsed = try shell("\(python) parse.py <metrics.prom")
    #expect(parsed.status == 0, "\(parsed.err)")
    let samples = try #require(try JSONSerialization.jsonObject(with: Data(parsed.out.utf8)) as? [[Any]])
    func value(_ name: String, _ label: String? = nil) -> Double? {
      let found = samples.first { sample in
        let labels = sample[1] as? [String: String] ?? [:]
        return sample[0] as? String == name && (label.map { labels.values.contains($0) } ?? labels.isEmpty)
      }
      return found?[2] as? Double
    }
    for (metric, field) in [
      ("dsl_auto_health_score", "health_score"), ("autonomous_health_score", "health_score"),
      ("dsl_auto_active_agents", "active_agents"), ("autonomous_active_agents", "active_agents"),
      ("dsl_auto_work_queue_items", "work_queue_size"), ("autonomous_work_queue_size", "work_queue_size"),
      ("dsl_auto_completion_ratio", "completion_rate"),
    ] {
      #expect(value(metric) == status[field] as? Double, "\(metric)")
    }
    #expect(value("dsl_auto_health_state", "critical") == 1)
    #expect(value("dsl_auto_health_state", "healthy") == 0)
    #expect(value("autonomous_decisions_failed_rate") == nil, "nothing was attempted")
  }

  /// Counters outlive the process, so that cron counts as a loop does.
  @Test func countersGrowFromProcessToProcess() throws {
    let shell = try Shell()
    try shell.copySample()
    func line(_ name: String) throws -> String? {
      try shell("grep '^\(name) ' metrics.prom").out.split(separator: " ").last.map { "\($0.dropLast())" }
    }
    for turn in 1...3 {
      #expect(try shell("dsl auto execute --textfile metrics.prom").status == 0)
      #expect(try line("dsl_auto_cycles_total") == "\(turn)")
      #expect(try line("dsl_auto_cycle_duration_seconds_count") == "\(turn)")
    }
    #expect(try shell("dsl auto execute --dry-run --textfile metrics.prom").status == 0)
    #expect(try line("dsl_auto_cycles_total") == "3", "a dry run is not journaled")
  }

  @Test func aFileThatCannotBeWrittenIsAWarningOfTheTurn() throws {
    let shell = try Shell()
    try shell.copySample()
    let turn = try shell("dsl auto execute --textfile nowhere/metrics.prom")
    #expect(turn.status == 0 && turn.err.contains("nowhere/metrics.prom"), "\(turn)")
    let look = try shell("dsl auto status --textfile nowhere/metrics.prom")
    #expect(look.status != 0 && look.err.contains("nowhere"), "here it is what was asked for")
  }
}
