package import DSLBase
import GRDB
import Glibc

extension WorkQueue {
  /// Hands items to an agent: the most urgent, then the oldest, then by id; preferred ones first among equals.
  ///
  /// Leases that have run out are reclaimed on the way. One transaction, durable.
  ///
  /// - Parameters:
  ///   - agent: who will hold them.
  ///   - leaseSeconds: how long, unless renewed.
  ///   - count: how many at most.
  /// - Returns: fewer than `count` when there are not enough.
  /// - Throws: `invalidInput`; `io`, `corrupt`, `locked`.
  package func claim(agent: String, leaseSeconds: Double, count: Int) throws(DSLError) -> [Claim] {
    guard !agent.isEmpty, leaseSeconds > 0, leaseSeconds < 1e9, count >= 0 else {
      throw DSLError(.invalidInput, "a claim needs an agent, a lease of more than 0 s and a count")
    }
    try refreshIfDue()
    var claims = try claimOnce(agent, leaseSeconds, count)
    if claims.count < count, try refresh(.nothingToOffer) {
      claims += try claimOnce(agent, leaseSeconds, count - claims.count)
    }
    return claims
  }

  private func claimOnce(_ agent: String, _ leaseSeconds: Double, _ count: Int) throws(DSLError) -> [Claim] {
    try store.write(.full) { db in
      _ = try endDue(db)
      let lease = deadline(leaseSeconds)
      var claims: [Claim] = []
      while claims.count < count {
        let candidates = try self.candidates(for: agent, count - claims.count, db)
        guard !candidates.isEmpty else { break }
        for candidate in candidates {
          if let claim = try take(candidate, agent, lease, db) { claims.append(claim) }
        }
      }
      return claims
    }
  }

  /// Gives one item to the agent, if its file is still what the index says.
  private func take(_ item: ItemRow, _ agent: String, _ lease: Deadline, _ db: Database) throws -> Claim? {
    guard let record = try currentRecord(item, db) else { return nil }
    let claim = Claim(
      id: item.id, epoch: item.epoch + 1, token: randomHex(), agent: agent, attempt: record.attempts + 1,
      maxAttempts: record.maxAttempts ?? Self.defaultMaxAttempts, leaseUntil: lease.wall,
      record: record.bytes,
      file: "work_\(item.stem).json")
    try db.run(
      """
      UPDATE items SET state=2, epoch=?, token=?, agent=?, boot=?, due_mono=?, due_wall=?, claimed_wall=?,
        claimed_mono=?, percent=NULL, note=NULL, record=?, inode=?, size=?, mtime=? WHERE key=?
      """,
      claim.epoch, claim.token, agent, lease.boot, lease.monotonic, lease.wall.nanoseconds,
      time.now.nanoseconds, time.monotonicSeconds, record.bytes, record.version.inode, record.version.size,
      record.version.modified, item.key)
    return claim
  }

  private struct CurrentRecord {
    var bytes: [UInt8]
    var version: FileVersion
    var attempts: Int
    var maxAttempts: Int?
  }

  /// The item's bytes: from the outbox when a rewrite of it is on its way, else from its file. When the file is gone or
  /// no longer offers the item, the index is mended and there is nothing to claim.
  private func currentRecord(_ item: ItemRow, _ db: Database) throws -> CurrentRecord? {
    if let written = item.written {
      let bytes = try db.first("SELECT bytes FROM outbox WHERE seq=?", written) { $0.blob(0) }
      if let bytes {
        return CurrentRecord(
          bytes: bytes, version: item.version, attempts: item.attempts, maxAttempts: item.maxAttempts)
      }
    }
    switch readWorkFile(item.stem) {
    case .absent: try Self.drop(item.key, db)
    case .unreadable(let reason):
      warn("work_\(FileName.shown(item.stem)).json cannot be read: \(reason)")
      try Self.drop(item.key, db)
    case .content(let bytes, let version):
      guard version != item.version else {
        return CurrentRecord(
          bytes: bytes, version: version, attempts: item.attempts, maxAttempts: item.maxAttempts)
      }
      let facts = ItemFacts(bytes, stem: item.stem, version: version, now: time.now)
      guard let facts, facts.id == item.id else {
        try Self.drop(item.key, db)
        return nil
      }
      guard facts.state == .ready else {
        try facts.store(db)
        return nil
      }
      return CurrentRecord(
        bytes: bytes, version: version, attempts: facts.attempts, maxAttempts: facts.maxAttempts)
    }
    return nil
  }

  enum FileReading {
    case absent
    case unreadable(String)
    case content([UInt8], FileVersion)
  }

  /// The content of a work file, with what its version was just before it was read.
  func readWorkFile(_ stem: String) -> FileReading {
    let path = "\(directory.path)/work_\(stem).json"
    do throws(FileError) {
      guard let status = try directory.files.status(path) else { return .absent }
      return .content(try directory.files.read(path, limit: Self.recordLimit), FileVersion(status))
    } catch {
      return error.errno == ENOENT ? .absent : .unreadable(error.reason)
    }
  }

  /// Takes an item out of the index; a refresh finds it again if its file is there. Its epoch lives on: whatever comes in
  /// begins above it, because that may be the same item.
  static func drop(_ key: Int64, _ db: Database) throws {
    try db.run(
      """
      INSERT INTO departed (one, epoch) SELECT 1, epoch FROM items WHERE key=? AND epoch>0
      ON CONFLICT (one) DO UPDATE SET epoch=max(departed.epoch, excluded.epoch)
      """, key)
    try db.run("DELETE FROM items WHERE key=?", key)
  }
}
