import DSLBase
import GRDB
import GRDBSQLite

/// The chain of digests over the journal: each write appends an entry that binds what was written and all entries before.
///
/// An entry's `content` is the digest of the columns that its kind covers, its `hash` that of the entry itself and the
/// hash before it. Whoever keeps a hash elsewhere (it is in every cycle's span) can later tell that nothing up to it was
/// changed. Without such an anchor the chain shows accidents and careless edits: who may write the file can also compute
/// a new chain. `docs/audit.md` has the exact form, so that other programs can check it.
enum HashChain {
  /// An entry's place: what follows binds it.
  struct Link {
    var seq: Int64
    var hash: [UInt8]
  }

  /// Where a chain begins.
  static let origin = [UInt8](repeating: 0, count: SHA256.byteCount)

  /// Appends the entry for what this transaction has just written.
  ///
  /// - Parameters:
  ///   - ref: the id that the rows belong to.
  ///   - part: which of several rows of that id.
  static func append(
    _ db: Database, _ kind: ChainKind, _ ref: String, part: Int64 = 0, at time: Timestamp? = nil
  ) throws {
    try append(db, kind, ref, part: part, at: time, content(db, kind, ref, part).digest, after: last(db))
  }

  private static func append(
    _ db: Database, _ kind: ChainKind, _ ref: String, part: Int64, at time: Timestamp?, _ content: [UInt8],
    after last: Link?
  ) throws {
    let seq = (last?.seq ?? 0) + 1
    let hash = entryHash(
      after: last?.hash ?? origin, seq: seq, kind: kind.rawValue, ref: ref, part: part, at: time?.nanoseconds,
      content: content)
    try db.run(
      "INSERT INTO chain (seq, kind, ref, part, at_ns, content, hash) VALUES (?,?,?,?,?,?,?)", seq,
      kind.rawValue, ref, part, time?.nanoseconds, content, hash)
  }

  /// The newest entry.
  static func last(_ db: Database) throws -> Link? {
    try db.first("SELECT seq, hash FROM chain ORDER BY seq DESC LIMIT 1") { row in
      Link(seq: row.int(0), hash: row.blob(1))
    }
  }

  /// The hash of an entry.
  static func entryHash(
    after previous: [UInt8], seq: Int64, kind: String, ref: String, part: Int64, at: Int64?, content: [UInt8]
  ) -> [UInt8] {
    var hash = SHA256()
    hash.update(previous)
    for field in [String(seq), kind, ref, String(part), at.map(String.init) ?? ""] {
      hash.update("\(field.utf8.count):\(field)\n")
    }
    hash.update(content)
    return hash.digest()
  }

  /// The digest of what an entry covers, as it stands in the tables now.
  ///
  /// - Returns: `exists` is false when the row that the entry is about is not there.
  static func content(
    _ db: Database, _ kind: ChainKind, _ ref: String, _ part: Int64
  ) throws -> (digest: [UInt8], exists: Bool) {
    var hash = SHA256()
    var exists = kind.sources.isEmpty
    for (number, source) in kind.sources.enumerated() {
      try db.forEach(source.sql, ref, part) { row in
        source.add(row, to: &hash)
        if number == 0 { exists = true }
        return true
      }
    }
    return (hash.digest(), exists)
  }

  /// Lets go of the entries of cycles, decisions and others whose rows are about to be removed for their age.
  ///
  /// The removed entries leave gaps that are written down with the hashes on both sides, and a closing `prune` entry
  /// vouches for all gaps that there are: so what retention removes can be told from what somebody else did.
  /// Call it in the transaction that removes the rows.
  static func forget(_ db: Database, refs: some Sequence<String>, at time: Timestamp? = nil) throws {
    guard let head = try last(db) else { return }
    var gone: [Int64] = []
    for ref in refs {
      gone += try db.rows("SELECT seq FROM chain WHERE ref=? AND kind<>'prune'", ref) { $0.int(0) }
    }
    guard !gone.isEmpty else { return }
    // Earlier prune entries are superseded by the one that follows.
    gone += try db.rows("SELECT seq FROM chain WHERE ref='' AND kind='prune'") { $0.int(0) }
    for range in ranges(gone.sorted()) { try cut(db, range) }
    let content = try content(db, .prune, "", 0).digest
    try append(db, .prune, "", part: 0, at: time, content, after: head)
  }

  /// Runs of consecutive numbers.
  private static func ranges(_ numbers: [Int64]) -> [ClosedRange<Int64>] {
    var runs: [ClosedRange<Int64>] = []
    for number in numbers {
      if let run = runs.last, number <= run.upperBound + 1 {
        runs[runs.count - 1] = run.lowerBound...max(run.upperBound, number)
      } else {
        runs.append(number...number)
      }
    }
    return runs
  }

  /// Replaces a run of entries by a gap, one with those beside it.
  private static func cut(_ db: Database, _ run: ClosedRange<Int64>) throws {
    func hash(of seq: Int64) throws -> [UInt8] {
      try db.first("SELECT hash FROM chain WHERE seq=?", seq) { $0.blob(0) } ?? origin
    }
    var (first, last) = (run.lowerBound, run.upperBound)
    var (before, after) = (try hash(of: first - 1), try hash(of: last))
    let left = try db.first("SELECT first, before FROM chain_gaps WHERE last=?", first - 1) {
      ($0.int(0), $0.blob(1))
    }
    if let left { (first, before) = left }
    let right = try db.first("SELECT last, after FROM chain_gaps WHERE first=?", last + 1) {
      ($0.int(0), $0.blob(1))
    }
    if let right { (last, after) = right }
    try db.run("DELETE FROM chain_gaps WHERE first BETWEEN ? AND ?", first, last)
    try db.run("DELETE FROM chain WHERE seq BETWEEN ? AND ?", run.lowerBound, run.upperBound)
    try db.run(
      "INSERT INTO chain_gaps (first, last, before, after) VALUES (?,?,?,?)", first, last, before, after)
  }
}
