import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl telemetry status`: what telemetry says, what the engine did, and who could interfere.
struct TelemetryStatusCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what telemetry says, what the engine did, and who could interfere.",
    discussion: "Changes nothing. The exit status is 3 when the directory cannot be seen.")
  static let reportName = "telemetry-status"

  /// Actions and threats that are listed.
  private static let listed = 10

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    return try await context.withEngine(loaded.settings, .look) { engine in
      let status = await engine.asked(try engine.status())
      let spans = SpanCounts(context.directory, keep: loaded.settings.telemetry.keep)
      let probe = EngineProbe(context.directory)
      var warnings = loaded.warnings + status.warnings + spans.warnings + probe.warnings
      var data: JSONObject = [
        "coordination_dir": .string(context.directory.path),
        "telemetry": telemetry(status, loaded.settings, spans),
        "remediation": try remediation(
          RemediationView(engine.journal, in: context.directory), probe, loaded.settings),
      ]
      if status.snapshot.state == .readable {
        let security = SecurityView(try context.securityReport(loaded))
        data["security"] = security.summary(listed: Self.listed)
        warnings += security.warnings
      } else {
        data["security"] = SecurityView.unknown
      }
      let value = JSONValue.object(data)
      var report = Report(Self.reportName, value) { panel(value, $0) }
      report.warnings = warnings
      if let blind = status.observation.blind {
        report.errors = ["the state is unknown: \(blind)"]
        report.status = .unknownState
      }
      return report
    }
  }

  private func telemetry(_ status: EngineStatus, _ settings: Settings, _ spans: SpanCounts) -> JSONValue {
    let snapshot = status.snapshot
    let rate = Double(snapshot.completedWithinWindow) / settings.records.throughputWindowSeconds
    return [
      "health_score": .optional(
        TelemetryHealth.score(errorRate: snapshot.errorRate, responseMs: snapshot.meanResponseMs)),
      "metrics_available": .bool(snapshot.telemetryFresh > 0),
      "throughput_per_second": status.observation.blind == nil ? .double(rate) : .null,
      "span_counts": spans.data,
    ]
  }

  private func remediation(
    _ remediation: RemediationView, _ probe: EngineProbe, _ settings: Settings
  ) throws -> JSONValue {
    [
      "enabled": probe.isHeld.map(JSONValue.bool) ?? .null, "dry_run": .bool(settings.gates.dryRun),
      "active_remediations": .optional(remediation.active),
      "total_remediations": .optional(remediation.total),
      "success_rate": .optional(remediation.successRate),
      "recent_actions": .array(try remediation.history(limit: Self.listed)),
    ]
  }

  private func panel(_ data: JSONValue, _ paint: Paint) -> String {
    let (telemetry, remediation) = (data["telemetry"], data["remediation"])
    let security = data["security"]
    let enabled = remediation?["enabled"]?.bool
    let distribution = (security?["threat_distribution"]?.object ?? [:]).map { member in
      "\(member.value.int ?? 0) \(member.key)"
    }
    var table = TextTable()
    table.rows = [
      ["telemetry health", Shown.number(telemetry?["health_score"]?.double)],
      ["completed per second", Shown.number(telemetry?["throughput_per_second"]?.double)],
      ["engine", enabled.map { $0 ? "acts" : "none acts now" } ?? "cannot be told"],
      ["actions under way", Shown.number(remediation?["active_remediations"]?.double, decimals: 0)],
      ["actions finished", Shown.number(remediation?["total_remediations"]?.double, decimals: 0)],
      ["of these successful", Shown.percent(remediation?["success_rate"]?.double)],
      ["threats", distribution.joined(separator: ", ")],
    ]
    var text = paint("Telemetry", .strong) + paint("  \(data["coordination_dir"]?.string ?? "")\n", .quiet)
    text += table.text(paint)
    var spans = TextTable(
      rows: (telemetry?["span_counts"]?.object ?? [:]).map { member in
        [Shown.number(member.value.double, decimals: 0), Shown.safe(member.key)]
      })
    spans.rightAligned = [0]
    if !spans.rows.isEmpty { text += paint("Spans\n", .strong) + spans.text(paint) }
    return text
  }
}
