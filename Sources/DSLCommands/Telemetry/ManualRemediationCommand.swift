import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl telemetry manual-remediation`: a person orders an action.
struct ManualRemediationCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual-remediation", abstract: "Order one of the ten actions.",
    discussion: """
      It passes the same gates, journal and undo as every decision. While remediation is not live, or without --live, it is \
      told what would be done. While a loop leads, the order waits for its next cycle. An unknown action, an action that a \
      gate holds back and one that fails end with status 1.
        dsl telemetry manual-remediation scale_up --agents 2 --live
        dsl telemetry manual-remediation throttle_requests --service fleet --parameter percent=30
      """)
  static let reportName = "manual-remediation"

  @Argument(help: "The action; dsl telemetry remediation-actions lists them.")
  var action: String

  @Option(help: "The issue it is for, for the record.")
  var issue = "manual_intervention"

  @Option(help: "Agents that scale_up adds or scale_down takes away.")
  var agents = 3

  @Option(help: "The service it is about; unknown means all agents.")
  var service = "unknown"

  @Option(
    name: .customLong("parameter"), parsing: .singleValue,
    help: ArgumentHelp("A parameter of the action; may be repeated.", valueName: "name=value"))
  var parameters: [String] = []

  @Flag(help: "Do it, whatever the mode of remediation.")
  var live = false

  @OptionGroup var who: SwitchOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let person = try Identity.person(who.by, context)
    let wanted: RemediationAction
    do throws(DSLError) { wanted = try RemediationAction(named: action) } catch {
      return Self.unknown(error, action: action, issue: issue)
    }
    let loaded = try context.settings()
    try loaded.requireReadable()
    let order = try order(wanted, person, context)
    let journal = try context.journal()
    let mode = try EngineHost.mode(journal, loaded.settings)
    let acts = (live || mode == .live) && !loaded.settings.gates.dryRun
    var report: Report
    do {
      report = try await context.withEngine(loaded.settings, acts ? .act : .dryRun) { engine in
        let (plan, cycle) = try await engine.order(order, live: acts)
        return self.report(plan, cycle)
      }
    } catch let error as DSLError where error.code == .locked && acts {
      report = try await leave(order, loaded, context)
    }
    report.warnings = loaded.warnings + report.warnings
    if !acts {
      report.warnings.append("dry run: --live does it, enable-remediation --live makes that the rule")
    }
    return report
  }

  private func order(
    _ wanted: RemediationAction, _ person: Identity, _ context: Context
  ) throws -> RemediationOrder {
    let info = RemediationCatalog.info(wanted)
    var given = JSONObject()
    if info.parameters.contains(where: { $0.name == "agents" }) { given["agents"] = .int(agents) }
    for text in parameters {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else {
        throw DSLError(.invalidInput, "--parameter \(text): expected name=value, such as percent=30")
      }
      let known = info.parameters.first { $0.name == parts[0] }
      given[parts[0]] = known?.value(of: parts[1]) ?? .string(parts[1])
    }
    for (name, text) in [("--issue", issue), ("--service", service)] {
      guard (1...200).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw DSLError(.invalidInput, "\(name): expected a text of 1 to 200 bytes on one line")
      }
    }
    let now = context.time.now
    var generator = SplitMix64(seed: context.randomSeed ^ UInt64(bitPattern: now.nanoseconds))
    let cause = RemediationIssue(
      type: issue, service: service, severity: 1, confidence: 1, onset: now,
      evidence: "ordered by \(person.name)")
    return RemediationOrder(
      id: "o-" + generator.hex(bytes: 8), action: wanted, issue: cause,
      parameters: try info.complete(given), orderer: person, at: now)
  }

  /// Leaves the order for whoever leads, after a look whether it can be carried out at all.
  private func leave(
    _ order: RemediationOrder, _ loaded: LoadedSettings, _ context: Context
  ) async throws -> Report {
    let plan = try await context.withEngine(loaded.settings, .dryRun) { engine in
      try await engine.order(order, live: false).plan
    }
    try order.leave(in: try Journal(directory: context.directory, access: .readWrite))
    let data: JSONValue = [
      "action": .string(action), "issue": .string(issue), "dry_run": false, "plan": plan.json,
      "result": ["outcome": "queued", "order_id": .string(order.id)],
    ]
    return Report(Self.reportName, data) { _ in
      "another engine leads: order \(order.id) waits for its next cycle\n"
    }
  }

  private func report(_ plan: RemediationPlan, _ cycle: CycleReport) -> Report {
    var plan = plan
    plan.traceID = cycle.traceID
    let outcome = cycle.decisions.first
    let data: JSONValue = [
      "action": .string(action), "issue": .string(issue), "dry_run": .bool(cycle.dryRun),
      "plan": plan.json, "result": outcome?.json ?? .null,
    ]
    var report = Report(Self.reportName, data) { _ in
      outcome.map { "\($0.decision.id) \(Shown.safe($0.account))\n" } ?? "nothing was decided\n"
    }
    report.warnings = cycle.warnings
    switch outcome?.outcome {
    case .refused, .failed, .stopped, nil:
      report.errors = [outcome?.account ?? cycle.supersededBy ?? "nothing was decided"]
      report.status = .gateFailed
    case .executed, .wouldExecute, .nothingToDo: break
    }
    return report
  }

  private static func unknown(_ error: DSLError, action: String, issue: String) -> Report {
    let data: JSONValue = [
      "action": .string(action), "issue": .string(issue), "dry_run": true, "plan": .null, "result": .null,
    ]
    var report = Report(reportName, data) { _ in "" }
    report.errors = [error.description]
    report.status = .gateFailed
    return report
  }
}
