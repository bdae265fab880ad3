package import DSLBase
import GRDB

/// What checking the journal's hash chain found.
package struct ChainReport: Sendable, Equatable {
  /// Something that is not as it was written.
  package struct Fault: Sendable, Equatable {
    /// The chain entry; `nil` when there is none for it.
    package var entry: Int64?
    /// What the entry is about: "outcome", "cycle", ….
    package var kind: String
    /// Whose: a cycle's or decision's id.
    package var ref: String
    /// What happened to it, as a phrase.
    package var what: String

    /// `entry 7 (outcome of d-1): …`.
    package var text: String {
      let place = ref.isEmpty ? kind : "\(kind) of \(ref)"
      return (entry.map { "entry \($0) (\(place))" } ?? place) + ": \(what)"
    }
  }

  /// Entries that were checked.
  package var entries = 0
  /// The newest entry's hash, 64 hexadecimal digits; `nil` for a journal without entries.
  package var head: String?
  /// The newest entry's number.
  package var headEntry: Int64 = 0
  /// Entries that retention removed, and in how many gaps.
  package var pruned: (entries: Int64, gaps: Int) = (0, 0)
  /// The number of the entry whose hash was asked for; `nil` when it was not asked for or not found.
  package var anchor: Int64?
  /// The first faults, in the order of the chain; what has no entry comes last.
  package var faults: [Fault] = []
  /// How many there are.
  package var faultCount = 0
  /// Tables that no entry covers: caches and leases that change without being history.
  package var uncovered: [String] = []

  package static func == (a: Self, b: Self) -> Bool {
    a.entries == b.entries && a.head == b.head && a.faults == b.faults && a.anchor == b.anchor
      && a.pruned == b.pruned && a.faultCount == b.faultCount
  }
}

extension Journal {
  /// The hash of the newest entry of the chain that retention does not write anew: 64 hexadecimal digits, to be kept
  /// where nobody can change both.
  ///
  /// - Returns: `nil` when there is no journal.
  package func head() throws(DSLError) -> String? {
    try store.read { db in
      try db.first("SELECT hash FROM chain WHERE kind NOT IN ('state', 'prune') ORDER BY seq DESC LIMIT 1") {
        SHA256.hex($0.blob(0))
      }
    } ?? nil
  }

  /// Recomputes the whole chain and everything that it covers.
  ///
  /// - Parameter anchor: a hash that some entry must have; the beginning of it will do.
  /// - Returns: `nil` when there is no journal.
  /// - Complexity: O(size of the journal); memory does not grow with it.
  package func verifyChain(anchor: String? = nil) throws(DSLError) -> ChainReport? {
    try store.read { db in
      var check = ChainCheck(anchor: anchor?.lowercased())
      try check.run(db)
      return check.report
    }
  }
}

/// One run over the chain.
private struct ChainCheck {
  private static let faultLimit = 20
  private struct Gap {
    var first: Int64
    var last: Int64
    var before: [UInt8]
    var after: [UInt8]
  }

  var report = ChainReport()
  private let anchor: String?
  private var gaps: ArraySlice<Gap> = []
  /// The number and hash that the next entry follows; no hash when it cannot be known.
  private var last: Int64 = 0
  private var previous: [UInt8]? = HashChain.origin

  init(anchor: String?) { self.anchor = anchor }

  mutating func run(_ db: Database) throws {
    gaps = try db.rows("SELECT first, last, before, after FROM chain_gaps ORDER BY first") {
      Gap(first: $0.int(0), last: $0.int(1), before: $0.blob(2), after: $0.blob(3))
    }[...]
    report.pruned = (gaps.map { $0.last - $0.first + 1 }.reduce(0, +), gaps.count)
    // No entry is looked at twice: the content of one is read by other statements while this one goes on.
    try db.forEach("SELECT seq, kind, ref, part, at_ns, content, hash FROM chain ORDER BY seq") { row in
      try entry(row, db)
      return true
    }
    if let gap = gaps.first { fault(nil, "prune", "", "a gap of \(gap.first) to \(gap.last) leads nowhere") }
    for kind in ChainKind.allCases { try rowsWithoutEntry(kind, db) }
    report.head = previous.flatMap { last == 0 ? nil : SHA256.hex($0) }
    report.headEntry = last
    if let anchor, report.anchor == nil {
      fault(
        nil, "head", String(anchor.prefix(16)),
        "no entry has this hash: the end was cut off or rewritten"
          + (report.pruned.gaps == 0 ? "" : ", or retention removed the entry"))
    }
    report.uncovered = try uncovered(db)
  }

  private mutating func entry(_ row: SQLColumns, _ db: Database) throws {
    let (seq, word, ref, part) = (row.int(0), row.text(1), row.text(2), row.int(3))
    let (content, hash) = (row.blob(5), row.blob(6))
    report.entries += 1
    bridge(to: seq, word, ref)
    if let before = previous {
      let expected = HashChain.entryHash(
        after: before, seq: seq, kind: word, ref: ref, part: part, at: row.optionalInt(4), content: content)
      if expected != hash {
        fault(seq, word, ref, "does not follow from the entry before it: edited, moved or put in between")
      }
    }
    (last, previous) = (seq, hash)
    if let anchor, report.anchor == nil, SHA256.hex(hash).hasPrefix(anchor) { report.anchor = seq }
    guard let kind = ChainKind(rawValue: word) else {
      return fault(seq, word, ref, "is of a kind that this program does not know")
    }
    let isSuperseded = try db.any(
      "SELECT 1 FROM chain WHERE ref=? AND kind=? AND part=? AND seq>? LIMIT 1", ref, word, part, seq)
    guard !isSuperseded else { return }
    let found = try HashChain.content(db, kind, ref, part)
    guard found.digest != content else { return }
    fault(seq, word, ref, found.exists ? "was edited after it was written" : "was deleted")
  }

  /// Goes over numbers that are not there, by the gap that says so.
  private mutating func bridge(to seq: Int64, _ kind: String, _ ref: String) {
    while let gap = gaps.first, gap.first <= last { gaps.removeFirst() }
    guard seq != last + 1 else { return }
    if let gap = gaps.first, gap.first == last + 1, gap.last == seq - 1 {
      if let previous, gap.before != previous {
        fault(seq, kind, ref, "the gap before it does not fit the entry before that")
      }
      previous = gap.after
      if let anchor, SHA256.hex(gap.after).hasPrefix(anchor) { report.anchor = gap.last }
      gaps.removeFirst()
    } else {
      let missing = last + 1 == seq - 1 ? "entry \(last + 1) is" : "entries \(last + 1) to \(seq - 1) are"
      fault(seq, kind, ref, "\(missing) missing before it")
      previous = nil
    }
  }

  /// Finds rows that no write of ours left.
  private mutating func rowsWithoutEntry(_ kind: ChainKind, _ db: Database) throws {
    guard let holder = kind.holder, try db.tableExists(holder.table) else { return }
    let rows = try db.rows(
      """
      SELECT \(holder.ref) FROM \(holder.table) AS t WHERE \(holder.condition) AND NOT EXISTS (
        SELECT 1 FROM chain WHERE chain.ref = t.\(holder.ref) AND chain.kind = '\(kind.rawValue)'
          AND chain.part = \(holder.part == "0" ? "0" : "t." + holder.part))
      """
    ) { $0.text(0) }
    for ref in rows { fault(nil, kind.rawValue, ref, "has no entry: put in by something else") }
  }

  private mutating func fault(_ entry: Int64?, _ kind: String, _ ref: String, _ what: String) {
    report.faultCount += 1
    guard report.faults.count < Self.faultLimit else { return }
    report.faults.append(.init(entry: entry, kind: kind, ref: ref, what: what))
  }

  private func uncovered(_ db: Database) throws -> [String] {
    let covered = Set(ChainKind.allCases.flatMap(\.sources).map(\.table) + ["chain", "grdb_migrations"])
    let tables = try db.rows(
      "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    ) { $0.text(0) }
    return tables.filter { !covered.contains($0) }
  }
}
