import AnomalyDetection
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

  /// Actions, threats and signals that are listed.
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
        "telemetry": telemetry(status, loaded.settings, spans, context.directory),
        "remediation": try remediation(
          RemediationView(engine.journal, in: context.directory), probe, engine),
      ]
      if status.snapshot.state == .readable {
        let security = try context.securityView(loaded)
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

  private func telemetry(
    _ status: EngineStatus, _ settings: Settings, _ spans: SpanCounts, _ directory: CoordinationDirectory
  ) -> JSONValue {
    let snapshot = status.snapshot
    let rate = Double(snapshot.completedWithinWindow) / settings.records.throughputWindowSeconds
    return [
      "health_score": .optional(
        TelemetryHealth.score(errorRate: snapshot.errorRate, responseMs: snapshot.meanResponseMs)),
      "metrics_available": .bool(snapshot.telemetryFresh > 0),
      "throughput_per_second": status.observation.blind == nil ? .double(rate) : .null,
      "span_counts": spans.data, "unusual_signals": Self.unusual(directory),
    ]
  }

  /// The latest signals that were like none before, the newest first; `null` when they cannot be read.
  private static func unusual(_ directory: CoordinationDirectory) -> JSONValue {
    guard let signals = try? UnusualSignalStore(directory).latest() else { return .null }
    return .array(signals.suffix(listed).reversed().map(\.json))
  }

  private func remediation(
    _ remediation: RemediationView, _ probe: EngineProbe, _ engine: EngineHost
  ) throws -> JSONValue {
    let settings = engine.settings
    let mode = try EngineHost.mode(engine.journal, settings)
    let book = try EngineHost.book(engine.journal, settings)
    let orders = try engine.journal.map { try RemediationOrder.waiting($0) } ?? []
    let position = try engine.journal?.position(of: .remediation) ?? DurableSwitch()
    let processing = try engine.journal?.position(of: .processing) ?? DurableSwitch()
    return [
      "enabled": .bool(mode != .off), "dry_run": .bool(mode != .live || settings.gates.dryRun),
      "engine_acts": probe.isHeld.map(JSONValue.bool) ?? .null, "processing": .bool(processing.isOn),
      "last_change": position.lastChange,
      "active_remediations": remediation.active.map { .int($0 + book.active) } ?? .null,
      "queued_remediations": .int(book.waiting.count + orders.count),
      "max_concurrent": .int(settings.remediation.maxConcurrent),
      "total_remediations": .optional(remediation.total),
      "success_rate": .optional(remediation.successRate),
      "issues": .array(book.entries.map(\.json)), "orders": .array(orders.map(\.json)),
      "recent_actions": .array(try remediation.history(limit: Self.listed)),
    ]
  }

  private func panel(_ data: JSONValue, _ paint: Paint) -> String {
    let (telemetry, remediation) = (data["telemetry"], data["remediation"])
    let security = data["security"]
    let acts = remediation?["engine_acts"]?.bool
    let distribution = (security?["threat_distribution"]?.object ?? [:]).map { member in
      "\(member.value.int ?? 0) \(member.key)"
    }
    var table = TextTable()
    table.rows = [
      ["telemetry health", Shown.number(telemetry?["health_score"]?.double)],
      ["completed per second", Shown.number(telemetry?["throughput_per_second"]?.double)],
      ["engine", acts.map { $0 ? "acts" : "none acts now" } ?? "cannot be told"],
      ["telemetry is looked at", remediation?["processing"]?.bool == true ? "yes" : "no"],
      ["remediation", Self.mode(remediation)],
      ["issues open", String(remediation?["issues"]?.array?.count ?? 0)],
      ["actions that wait", Shown.number(remediation?["queued_remediations"]?.double, decimals: 0)],
      ["actions under way", Shown.number(remediation?["active_remediations"]?.double, decimals: 0)],
      ["actions finished", Shown.number(remediation?["total_remediations"]?.double, decimals: 0)],
      ["of these successful", Shown.percent(remediation?["success_rate"]?.double)],
      ["threats", distribution.joined(separator: ", ")],
    ]
    let issues = (remediation?["issues"]?.array ?? []).map { issue in
      ["issue_type", "service", "severity", "state", "note"].map { Shown.safe(issue[$0]?.string ?? "") }
    }
    var text = paint("Telemetry", .strong) + paint("  \(data["coordination_dir"]?.string ?? "")\n", .quiet)
    text += table.text(paint)
    if !issues.isEmpty {
      let header = ["issue", "service", "severity", "state", "note"]
      text += TextTable(header: header, rows: issues).text(paint)
    }
    let unusual = (telemetry?["unusual_signals"]?.array ?? []).map { signal in
      [
        Shown.safe(String(signal["at"]?.string?.prefix(19) ?? "") + "Z"),
        Shown.safe(signal["service"]?.string ?? ""),
        Shown.safe(signal["measure"]?.string ?? ""), Shown.number(signal["value"]?.double, decimals: 4),
        Shown.number(signal["rarity"]?.double),
      ]
    }
    if !unusual.isEmpty {
      let header = ["like none before", "service", "measure", "value", "rarity"]
      text += TextTable(header: header, rows: unusual).text(paint)
    }
    var spans = TextTable(
      rows: (telemetry?["span_counts"]?.object ?? [:]).map { member in
        [Shown.number(member.value.double, decimals: 0), Shown.safe(member.key)]
      })
    spans.rightAligned = [0]
    if !spans.rows.isEmpty { text += paint("Spans\n", .strong) + spans.text(paint) }
    return text
  }

  private static func mode(_ remediation: JSONValue?) -> String {
    guard remediation?["enabled"]?.bool == true else { return "off" }
    return remediation?["dry_run"]?.bool == true ? "dry run" : "live"
  }
}
