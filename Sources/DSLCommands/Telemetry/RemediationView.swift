import Coordination
import DSLBase

/// The engine's actions in the words of the original's remediation: carried out or tried, never what a gate refused.
struct RemediationView {
  /// Characters of output and error that are shown.
  private static let textLimit = 500
  /// Outcomes that mean an action was carried out or tried.
  private static let outcomes: [DecisionOutcome] = [.executed, .failed, .undoneAfterFailure]

  private let journal: Journal?
  /// Actions that are under way, or whose engine died during them; `nil` when the journal cannot be read.
  let active: Int?
  /// Finished actions; `nil` when the journal cannot be read.
  let total: Int?
  /// Those of them of which every step was performed.
  private let succeeded: Int

  /// - Parameter journal: `nil` when nothing was ever journaled, or when the journal cannot be reached.
  init(_ journal: Journal?, in directory: CoordinationDirectory) throws {
    self.journal = journal
    let actions = try journal?.actions(since: Timestamp(nanoseconds: .min)) ?? []
    let isKnown = journal != nil || Self.isWithoutJournal(directory)
    active = isKnown ? actions.count { $0.outcome == nil } : nil
    total = isKnown ? actions.count { $0.outcome.map(Self.outcomes.contains) ?? false } : nil
    succeeded = actions.count { $0.outcome == .executed }
  }

  private static func isWithoutJournal(_ directory: CoordinationDirectory) -> Bool {
    do throws(FileError) { return try directory.files.status(directory.journal) == nil } catch {
      return false
    }
  }

  /// The share of finished actions that succeeded; `nil` when there is none.
  var successRate: Double? {
    guard let total, total > 0 else { return nil }
    return Double(succeeded) / Double(total)
  }

  /// Finished actions, newest first.
  func history(limit: Int) throws -> [JSONValue] {
    guard let journal else { return [] }
    var traces: [String: String?] = [:]
    return try journal.decisions(DecisionFilter(outcomes: Self.outcomes, limit: limit)).map { entry in
      if traces[entry.cycle] == nil { traces[entry.cycle] = .some(try Self.trace(entry.cycle, journal)) }
      return Self.item(entry, trace: traces[entry.cycle] ?? nil)
    }
  }

  /// One action.
  static func item(_ entry: JournaledDecision, trace: String?) -> JSONValue {
    let isSuccess = entry.outcome == .executed
    let text: JSONValue = .string(String(entry.message.prefix(textLimit)))
    return [
      "issue_type": entry.decision["parameters"]?["issue_type"] ?? entry.decision["rule"] ?? .null,
      "action": .string(entry.type),
      "success": .bool(isSuccess), "execution_time_ms": .optional(entry.durationMs),
      "output": isSuccess ? text : "", "error": isSuccess ? .null : text,
      "confidence": entry.decision["confidence"] ?? .null, "trace_id": .optional(trace),
      "decision_id": .string(entry.id), "at": entry.at.json, "undone": .bool(entry.isUndone),
    ]
  }

  /// One line an action.
  static func table(_ history: [JSONValue], _ paint: Paint) -> String {
    guard !history.isEmpty else { return "no actions\n" }
    var table = TextTable(header: ["at", "issue", "action", "result", "ms", "what happened"])
    table.rightAligned = [4]
    for item in history {
      let isSuccess = item["success"]?.bool ?? false
      let text = (isSuccess ? item["output"] : item["error"])?.string ?? ""
      table.rows.append([
        String((item["at"]?.string ?? "").prefix(19)) + "Z", Shown.safe(item["issue_type"]?.string ?? "-"),
        item["action"]?.string ?? "-", isSuccess ? paint("ok", .good) : paint("failed", .bad),
        Shown.number(item["execution_time_ms"]?.double, decimals: 1), Shown.clipped(Shown.safe(text), 60),
      ])
    }
    return table.text(paint)
  }

  /// The trace of a cycle; `nil` when it had none, or the journal no longer knows the cycle.
  private static func trace(_ cycle: String, _ journal: Journal) throws -> String? {
    do {
      return try journal.cycle(cycle).record.traceID
    } catch  where error.code == .notFound {
      return nil
    }
  }
}
