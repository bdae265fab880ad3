package import DSLBase
import GRDB

extension Journal {
  /// Keeps file and log within bounds, in some milliseconds: gives a part of the unused pages back, and empties a log
  /// that readers have kept from being emptied.
  ///
  /// - Returns: a sentence when the log is too large and somebody who reads does not let it be emptied.
  package func upkeep() throws(DSLError) -> String? {
    try store.shrink()
    let log = try store.boundLog()
    guard log > WriteAheadLog.sizeLimit else { return nil }
    return
      "the journal's log \(store.path)-wal has \(log >> 20) MiB: a program that reads the journal does not end"
  }

  /// Writes the file anew without unused pages.
  ///
  /// - Throws: `locked` when others use it all the time; `io` when there is no room for a copy.
  package func compact() throws(DSLError) { try store.compact() }

  /// The file in numbers; `nil` when there is none.
  package func info() throws(DSLError) -> StoreInfo? { try store.info() }

  /// What was forgotten in all: `at` the last time, `cycles`, `decisions`, and whether the last time was `complete`; `nil`
  /// when nobody ever looked.
  package func pruned() throws(DSLError) -> JSONValue? { try state(Self.prunedKey) }

  /// What was done to the directory beside decisions, oldest first: imports, and what the doctor mended.
  ///
  /// - Returns: a name with the time in it, and what was noted.
  package func notes() throws(DSLError) -> [(name: String, note: JSONValue)] {
    try store.read { db in
      try db.rows(
        "SELECT key, value FROM state WHERE key GLOB 'import *' OR key GLOB 'doctor *' ORDER BY substr(key, 8)"
      ) { row in (row.text(0), try Row.json(row.text(1), "state \(row.text(0))")) }
    } ?? []
  }

  /// When the oldest cycle that is left began, and the newest.
  package func span() throws(DSLError) -> (oldest: Timestamp, newest: Timestamp)? {
    try store.read { db in
      try db.first("SELECT min(started_ns), max(started_ns) FROM cycles") { row in
        row.isNull(0)
          ? nil : (Timestamp(nanoseconds: row.int(0)), Timestamp(nanoseconds: row.int(1)))
      } ?? nil
    } ?? nil
  }
}
