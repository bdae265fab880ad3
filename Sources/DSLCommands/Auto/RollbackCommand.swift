import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl auto rollback`: takes decisions back.
struct RollbackCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Undo decisions, the latest first.",
    discussion: """
      What has changed since is left alone, with the reason; the exit status is then 5.
        dsl auto rollback d-0123456789abcdef
        dsl auto rollback --last 2
        dsl auto rollback --cycle c-0123456789abcdef
      """)
  static let reportName = "auto-rollback"

  @Argument(help: "The ids of the decisions, or beginnings of them.")
  var ids: [String] = []

  @Option(help: "Undo the last decisions that were carried out.")
  var last: Int?

  @Option(help: ArgumentHelp("Undo every decision that this cycle carried out.", valueName: "id"))
  var cycle: String?

  @Flag(name: .customLong("despite-kill-switch"), help: "Undo although the kill switch is thrown.")
  var despiteKillSwitch = false

  @OptionGroup var backend: BackendOption
  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    guard [!ids.isEmpty, last != nil, cycle != nil].filter({ $0 }).count == 1 else {
      throw ValidationError("Name decisions, or give one of --last N and --cycle ID.")
    }
    guard last ?? 1 > 0 else { throw ValidationError("--last must be above 0.") }
  }

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings([backend.setting])
    try loaded.requireReadable()
    return try await context.withEngine(loaded.settings, .act) { engine in
      let undone = try await engine.rollback(
        try chosen(engine), by: "dsl auto rollback", despiteKillSwitch: despiteKillSwitch)
      var report = Report(
        Self.reportName, ["decisions": .array(undone.map(\.json)), "count": .int(undone.count)]
      ) {
        paint in
        undone.map { entry in
          let mark = paint.mark(entry.outcome == .reverted)
          let reason = entry.reason.isEmpty ? "" : ": \(Shown.safe(entry.reason))"
          return "\(mark) \(entry.decision.id) \(entry.decision.type): \(entry.outcome.rawValue)\(reason)\n"
        }.joined()
      }
      let refused = undone.filter { $0.outcome != .reverted }
      report.errors = refused.map { "\($0.decision.id): \($0.outcome.rawValue): \($0.reason)" }
      report.warnings = loaded.warnings + engine.warnings
      if !refused.isEmpty { report.status = .conflict }
      return report
    }
  }

  private func chosen(_ engine: EngineHost) throws -> [String] {
    guard ids.isEmpty else { return ids }
    let executed: [DecisionOutcome] = [.executed, .stopped]
    let cycle = try cycle.flatMap { try engine.journal?.cycle($0).record.id }
    let all =
      try engine.journal?.decisions(DecisionFilter(cycle: cycle, outcomes: executed, limit: 1000)) ?? []
    let found = all.filter { !$0.isUndone }.prefix(last ?? .max).map(\.id)
    guard !found.isEmpty else { throw DSLError(.notFound, "there is no decision to undo") }
    return found
  }
}
