package import DSLBase
import GRDB

/// One entry of the hash chain, as a follower sees it: that something was written, and about what.
package struct ChainEntry: Sendable, Equatable {
  /// Its number; they only grow.
  package var number: Int64
  /// What kind of thing was written: `cycle_end`, `intent`, `outcome`, ….
  package var kind: String
  /// The id that it is about.
  package var ref: String
}

extension Journal {
  /// The number of the newest entry of the chain; 0 when there is none.
  package func lastEntry() throws(DSLError) -> Int64 {
    try store.read { db in try HashChain.last(db)?.seq ?? 0 } ?? 0
  }

  /// What was written after an entry, oldest first: how somebody who looks again and again learns of all of it.
  ///
  /// - Parameter limit: how many entries at most.
  package func entries(after number: Int64, limit: Int) throws(DSLError) -> [ChainEntry] {
    try store.read { db in
      try db.rows("SELECT seq, kind, ref FROM chain WHERE seq > ? ORDER BY seq LIMIT ?", number, limit) {
        ChainEntry(number: $0.int(0), kind: $0.text(1), ref: $0.text(2))
      }
    } ?? []
  }
}
