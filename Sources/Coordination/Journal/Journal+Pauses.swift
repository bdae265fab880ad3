package import DSLBase
import GRDB

/// A time in which the loop looks and decides, and does nothing.
package struct JournaledPause: Sendable, Equatable {
  /// Its number, from 1.
  package var number: Int64
  package var at: Timestamp
  /// When it ends by itself, by the wall clock.
  package var until: Timestamp
  /// The same on the clock that nobody sets, and what names that clock's origin (the boot).
  package var monotonicUntil: Double
  package var origin: String
  package var by: String
  package var reason: String
  /// When somebody ended it; `nil` when it is left to end by itself.
  package var endedAt: Timestamp?
  package var endedBy: String?

  /// Seconds that it still lasts; `nil` when it is over.
  ///
  /// Within the boot in which it began the boot-time clock counts, so that a wall clock that is set neither prolongs nor
  /// ends it; after a restart of the machine only the wall clock is left.
  package func left(_ time: some TimeSource) -> Double? {
    guard endedAt == nil else { return nil }
    let left =
      time.monotonicOrigin == origin
      ? monotonicUntil - time.monotonicSeconds : until.seconds(since: time.now)
    return left > 0 ? left : nil
  }
}

extension Journal {
  static let pausesSchema = """
    CREATE TABLE pauses (
      seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, until_ns INTEGER NOT NULL, monotonic_until REAL NOT NULL,
      origin TEXT NOT NULL, asked_by TEXT NOT NULL, reason TEXT NOT NULL, ended_ns INTEGER, ended_by TEXT);
    """

  /// Pauses the loop from now on. A pause that holds already is ended: the newer one counts.
  ///
  /// - Parameter seconds: how long, above 0.
  package func pause(
    seconds: Double, by: String, reason: String, _ time: some TimeSource
  ) throws(DSLError) -> JournaledPause {
    try store.write(.full) { db in
      try Self.endPause(db, by: by, at: time.now)
      try db.run(
        """
        INSERT INTO pauses (at_ns, until_ns, monotonic_until, origin, asked_by, reason) VALUES (?,?,?,?,?,?)
        """, time.now.nanoseconds, time.now.adding(seconds: seconds).nanoseconds,
        time.monotonicSeconds + seconds, time.monotonicOrigin, by, reason)
      let number = db.lastInsertedRowID
      try HashChain.append(db, .pause, String(number), at: time.now)
      guard let pause = try Self.lastPause(db) else {
        throw DSLError(.internalError, "pause \(number) was not kept")
      }
      return pause
    }
  }

  /// Ends the pause that holds.
  ///
  /// - Throws: `invalidState` when none does.
  package func resume(by: String, _ time: some TimeSource) throws(DSLError) -> JournaledPause {
    try store.write(.full) { db in
      guard let pause = try Self.lastPause(db), pause.left(time) != nil else {
        throw DSLError(.invalidState, "the loop is not paused")
      }
      try Self.endPause(db, by: by, at: time.now)
      return try Self.lastPause(db) ?? pause
    }
  }

  /// The newest pause, whether it is over or not.
  package func lastPause() throws(DSLError) -> JournaledPause? {
    try store.read { db in try Self.lastPause(db) } ?? nil
  }

  private static func lastPause(_ db: Database) throws -> JournaledPause? {
    try db.first(
      """
      SELECT seq, at_ns, until_ns, monotonic_until, origin, asked_by, reason, ended_ns, ended_by FROM pauses
      ORDER BY seq DESC LIMIT 1
      """
    ) { row in
      JournaledPause(
        number: row.int(0), at: Timestamp(nanoseconds: row.int(1)),
        until: Timestamp(nanoseconds: row.int(2)), monotonicUntil: row.optionalDouble(3) ?? 0,
        origin: row.text(4), by: row.text(5), reason: row.text(6),
        endedAt: row.optionalInt(7).map { Timestamp(nanoseconds: $0) }, endedBy: row.optionalText(8))
    }
  }

  private static func endPause(_ db: Database, by: String, at time: Timestamp) throws {
    guard let pause = try lastPause(db), pause.endedAt == nil else { return }
    try db.run("UPDATE pauses SET ended_ns=?, ended_by=? WHERE seq=?", time.nanoseconds, by, pause.number)
    try HashChain.append(db, .pauseEnd, String(pause.number), at: time)
  }
}
