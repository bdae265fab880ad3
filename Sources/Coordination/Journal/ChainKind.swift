import DSLBase
import GRDB
import GRDBSQLite

/// What a chain entry is about: which columns of which rows it covers.
///
/// A row that is written in two acts (a decision's intent, later its outcome) has an entry for each. Of several entries
/// of one kind about the same row the last one counts.
enum ChainKind: String, CaseIterable, Sendable {
  /// The beginning of the chain.
  case genesis
  /// Entries that retention removed.
  case prune
  case policy
  case cycle
  case cycleEnd = "cycle_end"
  /// A decision with the steps that are planned for it; also one that a gate refused.
  case intent
  case step
  case outcome
  case undo
  case verification
  case state
  /// A request for approval, whenever it changes.
  case approval
  case pause
  case pauseEnd = "pause_end"
  /// What became of a prediction. Not under its decision's id, because it outlives the decision.
  case ledger

  /// The kinds of what belongs to a decision.
  static let ofDecisions: [ChainKind] = [.intent, .step, .outcome, .undo, .verification]

  /// Where the covered columns are; the first is the row that has to exist.
  var sources: [ChainSource] {
    switch self {
    case .genesis: []
    case .prune: [ChainSource("chain_gaps", order: "first")]
    case .policy: [ChainSource("policies", "hash=?1")]
    case .cycle: [ChainSource("cycles", "id=?1", but: Self.cycleResult)]
    case .cycleEnd: [ChainSource("cycles", "id=?1", only: Self.cycleResult)]
    case .intent:
      [
        ChainSource("decisions", "id=?1", but: Self.decisionResult + Self.decisionTerm),
        ChainSource("steps", "decision=?1", but: Self.stepResult + Self.stepTerm, order: "number"),
      ]
    case .step: [ChainSource("steps", "decision=?1 AND number=?2", only: Self.stepResult + Self.stepTerm)]
    case .outcome: [ChainSource("decisions", "id=?1", only: Self.decisionResult + Self.decisionTerm)]
    case .undo: [ChainSource("undo", "decision=?1 AND seq=?2")]
    case .verification: [ChainSource("verifications", "decision=?1 AND seq=?2")]
    case .state: [ChainSource("state", "key=?1")]
    case .approval: [ChainSource("approvals", "id=?1")]
    case .pause: [ChainSource("pauses", "seq=?1", but: Self.pauseResult)]
    case .pauseEnd: [ChainSource("pauses", "seq=?1", only: Self.pauseResult)]
    case .ledger: [ChainSource("ledger", "ref=?1 AND seq=?2")]
    }
  }

  /// How rows without an entry are found: the table, its columns for `ref` and `part`, and which of its rows need one.
  var holder: (table: String, ref: String, part: String, condition: String)? {
    switch self {
    case .genesis, .prune: nil
    case .policy: ("policies", "hash", "0", "1")
    case .cycle: ("cycles", "id", "0", "1")
    case .cycleEnd: ("cycles", "id", "0", Self.any(Self.cycleResult))
    case .intent: ("decisions", "id", "0", "1")
    case .step: ("steps", "decision", "number", Self.any(Self.stepResult))
    case .outcome: ("decisions", "id", "0", Self.any(Self.decisionResult))
    case .undo: ("undo", "decision", "seq", "1")
    case .verification: ("verifications", "decision", "seq", "1")
    case .state: ("state", "key", "0", "1")
    case .approval: ("approvals", "id", "0", "1")
    case .pause: ("pauses", "seq", "0", "1")
    case .pauseEnd: ("pauses", "seq", "0", Self.any(Self.pauseResult))
    case .ledger: ("ledger", "ref", "seq", "1")
    }
  }

  private static let cycleResult = ["executed", "failed", "skipped", "duration_ms", "health_after", "notes"]
  private static let decisionResult = [
    "outcome", "message", "duration_ms", "finished_ns", "gate", "reason", "observed", "required",
  ]
  private static let pauseResult = ["ended_ns", "ended_by"]
  private static let stepResult = ["receipt", "performed_ns"]

  /// The terms of leaders in which results were written: columns that the schema got after the chain, which creates itself
  /// by `holder` before they exist.
  private static let decisionTerm = ["outcome_epoch"]
  private static let stepTerm = ["epoch"]

  private static func any(_ columns: [String]) -> String {
    "(" + columns.map { "\($0) IS NOT NULL" }.joined(separator: " OR ") + ")"
  }
}

/// Rows of a table, and the columns of them that an entry covers.
struct ChainSource: Sendable {
  let table: String
  let sql: String
  private let names: Set<String>
  private let isListed: Bool

  /// All columns but some: what is added to the table later is covered without a change here.
  init(_ table: String, _ condition: String = "1", but names: [String] = [], order: String = "1") {
    self.init(table, condition, names, isListed: false, order)
  }

  /// These columns.
  init(_ table: String, _ condition: String, only names: [String]) {
    self.init(table, condition, names, isListed: true, "1")
  }

  private init(
    _ table: String, _ condition: String, _ names: [String], isListed: Bool, _ order: String
  ) {
    self.table = table
    sql = "SELECT * FROM \(table) WHERE \(condition) ORDER BY \(order)"
    self.names = Set(names)
    self.isListed = isListed
  }

  /// Whether a column of that name belongs to it.
  func covers(_ name: String) -> Bool { names.contains(name) == isListed }

  /// Adds a row's covered columns in the order of their names, as `name type length:bytes`. NULL is left out, so that a
  /// column that a later schema adds changes nothing for older rows.
  func add(_ row: SQLColumns, to hash: inout SHA256) {
    let statement = row.statement
    var columns: [(name: String, index: Int32)] = []
    for index in 0..<sqlite3_column_count(statement) where !row.isNull(index) {
      let name = sqlite3_column_name(statement, index).map { String(cString: $0) } ?? ""
      if covers(name) { columns.append((name, index)) }
    }
    columns.sort { $0.name < $1.name }
    guard !columns.isEmpty else { return }
    hash.update("\(table)\n")
    for (name, index) in columns {
      switch sqlite3_column_type(statement, index) {
      case SQLITE_INTEGER: Self.add(name, "i", String(row.int(index)), to: &hash)
      case SQLITE_FLOAT:
        let bits = String(sqlite3_column_double(statement, index).bitPattern, radix: 16)
        Self.add(name, "r", bits, to: &hash)
      case SQLITE_TEXT: Self.add(name, "t", row.text(index), to: &hash)
      default: Self.add(name, "b", SHA256.hex(row.blob(index)), to: &hash)
      }
    }
  }

  private static func add(_ name: String, _ type: String, _ value: String, to hash: inout SHA256) {
    hash.update("\(name) \(type) \(value.utf8.count):")
    hash.update(value)
    hash.update("\n")
  }
}
