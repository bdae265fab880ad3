import Coordination
import DSLBase

/// How journaled decisions are shown.
enum DecisionView {
  /// The list that follows a status; nothing when there is none.
  static func recent(_ entries: [JournaledDecision], _ paint: Paint) -> String {
    guard !entries.isEmpty else { return "" }
    return paint("Recent decisions\n", .strong) + table(entries, paint)
  }

  /// One line a decision.
  static func table(_ entries: [JournaledDecision], _ paint: Paint) -> String {
    var table = TextTable()
    for entry in entries {
      table.rows.append([
        "  " + String(entry.at.description.prefix(19)) + "Z", entry.id, entry.type, outcome(entry, paint),
        Shown.clipped(Shown.safe(entry.refusal?.reason ?? entry.message), 80),
      ])
    }
    return table.text(paint)
  }

  private static func outcome(_ entry: JournaledDecision, _ paint: Paint) -> String {
    if entry.isUndone { return paint("undone", .warning) }
    return switch entry.outcome {
    case .executed: paint("executed", .good)
    case .failed, .undoneAfterFailure: paint("failed", .bad)
    case .stopped: paint("stopped", .warning)
    case .nothingToDo: paint("nothing to do", .quiet)
    case .refused: paint("refused by \(entry.refusal?.gate ?? "a gate")", .warning)
    case nil: paint("unfinished", .warning)
    }
  }
}
