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
