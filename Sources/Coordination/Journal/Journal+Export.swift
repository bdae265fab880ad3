package import DSLBase
import GRDB
import GRDBSQLite

extension Journal {
  /// Entries read at once: so much is held in memory, however long the journal is.
  private static let exportBatch: Int64 = 200

  /// Hands out every entry of the hash chain with what it covers, oldest first: the journal as evidence.
  ///
  /// An entry whose rows were written again later has no record: the later one has it. Entries that are added meanwhile
  /// are handed out as well, up to the last one that there was at the beginning.
  ///
  /// - Parameters:
  ///   - filter: which decisions; when it names more than times, only entries of those decisions and of the cycle that
  ///     it names are handed out.
  ///   - onlyCycles: leave out all but cycles.
  /// - Throws: what `emit` throws; `corrupt`, `io`.
  package func export(
    _ filter: DecisionFilter, onlyCycles: Bool = false, _ emit: (JSONValue) throws -> Void
  ) throws {
    guard let range = try exportRange(filter), range.first <= range.last else { return }
    var (skipped, left) = (filter.offset, filter.limit)
    var next = range.first
    while next <= range.last, left > 0 {
      let lines = try store.read { db in
        try Self.lines(db, from: next, to: range.last, filter, onlyCycles: onlyCycles)
      }
      guard let lines, let last = lines.last?.seq else { return }
      let wanted = lines.dropFirst(skipped).prefix(left)
      for line in wanted { try emit(line.json) }
      skipped = max(0, skipped - lines.count)
      left -= wanted.count
      next = last + 1
    }
  }

  /// The numbers of the first and last entry within the filter's times; `nil` when there is none.
  private func exportRange(_ filter: DecisionFilter) throws -> (first: Int64, last: Int64)? {
    try store.read { db in
      func number(_ sql: String, _ time: Timestamp?) throws -> Int64? {
        try db.first(sql, time?.nanoseconds ?? 0) { $0.optionalInt(0) } ?? nil
      }
      let first =
        filter.since == nil
        ? try number("SELECT min(seq) FROM chain", nil)
        : try number("SELECT min(seq) FROM chain WHERE at_ns >= ?", filter.since)
      let last =
        filter.until == nil
        ? try number("SELECT max(seq) FROM chain", nil)
        : try number("SELECT max(seq) FROM chain WHERE at_ns < ?", filter.until)
      guard let first, let last else { return nil }
      return (first, last)
    } ?? nil
  }

  private static func lines(
    _ db: Database, from first: Int64, to last: Int64, _ filter: DecisionFilter, onlyCycles: Bool
  ) throws -> [(seq: Int64, json: JSONValue)] {
    var conditions = ["seq BETWEEN ? AND ?"]
    var arguments: StatementArguments = [first, last]
    if onlyCycles { conditions.append("kind IN ('cycle', 'cycle_end')") }
    // It is of no time and no decision: a part of the journal does not have it.
    if filter.since != nil || filter.until != nil { conditions.append("kind <> 'genesis'") }
    if filter.selects {
      var timeless = filter
      (timeless.since, timeless.until) = (nil, nil)
      let (condition, values) = timeless.sql
      let cycle = filter.cycle == nil ? "" : "ref = ? OR "
      conditions.append("(\(cycle)ref IN (SELECT id FROM decisions WHERE \(condition)))")
      if let cycle = filter.cycle { arguments += [cycle] }
      arguments += values
    }
    arguments += [exportBatch]
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT seq, kind, ref, part, at_ns, lower(hex(hash)) AS hash FROM chain WHERE \(conditions.joined(separator: " AND "))
        ORDER BY seq LIMIT ?
        """, arguments: arguments)
    return try rows.map { row in
      let (seq, word, ref, part): (Int64, String, String, Int64) = (
        row["seq"], row["kind"], row["ref"], row["part"]
      )
      let isSuperseded = try db.any(
        "SELECT 1 FROM chain WHERE ref=? AND kind=? AND part=? AND seq>? LIMIT 1", ref, word, part, seq)
      let kind = isSuperseded ? nil : ChainKind(rawValue: word)
      let hash: String = row["hash"]
      let json: JSONValue = [
        "seq": .int(seq), "kind": .string(word), "ref": .string(ref), "part": .int(part),
        "at": row.time("at_ns")?.json ?? .null, "hash": .string(hash),
        "record": try kind.flatMap { try record($0, ref, part, db) } ?? .null,
      ]
      return (seq, json)
    }
  }

  /// The covered columns as they stand now; rows of a second table under its name.
  private static func record(_ kind: ChainKind, _ ref: String, _ part: Int64, _ db: Database) throws
    -> JSONValue?
  {
    guard let first = kind.sources.first else { return nil }
    guard var object = try db.first(first.sql, ref, part, read: first.object) else { return nil }
    for source in kind.sources.dropFirst() {
      object[source.table] = .array(
        try db.rows(source.sql, ref, part, read: source.object).map(JSONValue.object))
    }
    return .object(object)
  }
}

extension ChainSource {
  /// Columns of ours that hold JSON.
  private static let jsonColumns: Set<String> = [
    "settings", "observation", "metrics", "notes", "receipt", "verdict", "value", "document", "step", "steps",
  ]

  /// A row's covered columns by name, without those that are NULL.
  func object(_ row: SQLColumns) throws -> JSONObject {
    var object = JSONObject()
    for index in 0..<sqlite3_column_count(row.statement) where !row.isNull(index) {
      let name = sqlite3_column_name(row.statement, index).map { String(cString: $0) } ?? ""
      guard covers(name) else { continue }
      let isJSON = Self.jsonColumns.contains(name) || (name == "decision" && table == "decisions")
      object[name] = try Self.value(row, index, isJSON: isJSON, name)
    }
    return object
  }

  private static func value(_ row: SQLColumns, _ index: Int32, isJSON: Bool, _ name: String) throws
    -> JSONValue
  {
    switch sqlite3_column_type(row.statement, index) {
    case SQLITE_INTEGER: .int(row.int(index))
    case SQLITE_FLOAT: .double(sqlite3_column_double(row.statement, index))
    case SQLITE_TEXT: isJSON ? try Row.json(row.text(index), name) : .string(row.text(index))
    default: .string(SHA256.hex(row.blob(index)))
    }
  }
}
