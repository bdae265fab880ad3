package import DSLBase
import GRDB

extension WorkQueue {
  /// Ends items as done, each if its claim is still held. One transaction, durable.
  ///
  /// - Returns: an outcome for each, in order.
  /// - Throws: `io`, `corrupt`, `locked`; then none of them is ended.
  package func complete(_ completions: [Completion]) throws(DSLError) -> [CompletionOutcome] {
    let outcomes: [CompletionOutcome] = try store.write(.full) { db in
      try completions.map { completion in
        do {
          let item = try self.held(by: completion.claim, db)
          try self.finish(
            item,
            FinishedRecord(
              item: item, outcome: .completed(completion.result), attempts: item.attempts + 1,
              finished: self.time.now,
              durationMs: completion.durationMs ?? self.elapsedMs(item), traceID: completion.traceID), db)
          return .completed
        } catch let error as DSLError where error.code == .conflict {
          return .refused(error)
        }
      }
    }
    finished(outcomes.count { if case .completed = $0 { true } else { false } })
    return outcomes
  }

  /// Ends an attempt that failed: the item is tried again later, or parked as failed after its last attempt.
  ///
  /// - Parameters:
  ///   - error: what went wrong; cut off at 4000 bytes.
  ///   - retry: when to try again; the record's own `max_attempts` wins over its number of attempts.
  /// - Throws: `conflict` naming the present holder when the claim is lost; `io`.
  package func fail(
    _ claim: ClaimReference, error: String, retry: RetryPolicy
  ) throws(DSLError) -> FailureOutcome {
    let error = Self.bounded(error, 4000)
    let outcome: FailureOutcome = try store.write(.full) { db in
      let item = try self.held(by: claim, db)
      let attempt = item.attempts + 1
      guard attempt < item.maxAttempts ?? retry.maxAttempts else {
        try self.park(item, attempt, error, db)
        return .parked
      }
      let due = self.deadline(retry.delay(id: item.id, attempt: attempt))
      let changes: [(String, JSONValue?)] = [
        ("status", "pending"), ("attempts", .int(attempt)), ("not_before", due.wall.json),
        ("last_error", .string(error)), ("epoch", .int(item.epoch)),
      ]
      let record = try WorkRecord(try Self.claimedRecord(item, db), fallbackID: item.id).applying(changes)
      let written = try Self.post(item, .rewritten, record.bytes, workAt: 0, db)
      try db.run(
        """
        UPDATE items SET state=1, attempts=?, boot=?, due_mono=?, due_wall=?, agent=NULL, token=NULL, percent=NULL,
          note=NULL, record=NULL, written=? WHERE key=?
        """, attempt, due.boot, due.monotonic, due.wall.nanoseconds, written, item.key)
      return .retry(at: due.wall, attempt: attempt)
    }
    finished(1)
    return outcome
  }

  /// Ends an item as failed for good.
  func park(_ item: ItemRow, _ attempts: Int, _ error: String, _ db: Database) throws {
    try finish(
      item,
      FinishedRecord(
        item: item, outcome: .failed(error), attempts: attempts, finished: time.now,
        durationMs: elapsedMs(item),
        traceID: nil), db)
  }

  private func finish(_ item: ItemRow, _ record: FinishedRecord, _ db: Database) throws {
    let (bytes, workAt) = record.encoded(work: try Self.claimedRecord(item, db))
    _ = try Self.post(item, record.isCompleted ? .completed : .failed, bytes, workAt: workAt, db)
    // Its record has the epoch.
    try db.run("DELETE FROM items WHERE key=?", item.key)
  }

  /// Puts what is to become a file into the outbox.
  static func post(
    _ item: ItemRow, _ kind: OutboxKind, _ bytes: [UInt8], workAt: Int, _ db: Database
  ) throws -> Int64 {
    // What the file looked like is unknown while a rewrite of it is on its way.
    let version = item.written == nil ? item.version : .unknown
    return try post(item.id, item.stem, kind, version, bytes, workAt: workAt, db)
  }

  static func post(
    _ id: String, _ stem: String, _ kind: OutboxKind, _ version: FileVersion, _ bytes: [UInt8], workAt: Int,
    _ db: Database
  ) throws -> Int64 {
    try db.run(
      "INSERT INTO outbox (id, stem, kind, inode, size, mtime, work_at, bytes) VALUES (?,?,?,?,?,?,?,?)",
      id, stem, kind.rawValue, version.inode, version.size, version.modified, workAt, bytes)
    return db.lastInsertedRowID
  }

  static func claimedRecord(_ item: ItemRow, _ db: Database) throws -> [UInt8] {
    let record = try db.first("SELECT record FROM items WHERE key=?", item.key) { $0.optionalBlob(0) } ?? nil
    guard let record else { throw DSLError(.corrupt, "the work queue has lost the record of \(item.id)") }
    return record
  }

  private func elapsedMs(_ item: ItemRow) -> Double {
    if item.boot == time.monotonicOrigin, let since = item.claimedMonotonic {
      return max(0, time.monotonicSeconds - since) * 1000
    }
    return item.claimedWall.map { max(0, time.now.seconds(since: $0)) * 1000 } ?? 0
  }
}
