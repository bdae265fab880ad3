import DSLBase
import GRDB

/// The tables of the hash chain, and its beginning.
enum ChainSchema {
  /// Creates the chain, and covers everything that the journal holds already.
  static func create(_ db: Database) throws {
    try db.execute(sql: tables)
    try HashChain.append(db, .genesis, "")
    for kind in ChainKind.allCases {
      guard let holder = kind.holder, try db.tableExists(holder.table) else { continue }
      let rows = try db.rows(
        "SELECT \(holder.ref), \(holder.part) FROM \(holder.table) WHERE \(holder.condition) ORDER BY 1, 2"
      ) { ($0.text(0), $0.int(1)) }
      for (ref, part) in rows { try HashChain.append(db, kind, ref, part: part) }
    }
  }

  private static let tables = """
    CREATE TABLE chain (
      seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, ref TEXT NOT NULL, part INTEGER NOT NULL, at_ns INTEGER,
      content BLOB NOT NULL, hash BLOB NOT NULL);
    CREATE INDEX chain_ref ON chain (ref, kind, part, seq);

    CREATE TABLE chain_gaps (
      first INTEGER PRIMARY KEY, last INTEGER NOT NULL UNIQUE, before BLOB NOT NULL, after BLOB NOT NULL);
    """
}
