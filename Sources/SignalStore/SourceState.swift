import Coordination
import DSLBase
import GRDB

/// How far a file has been read, and which file it was: what makes reading go on where it ended, and never twice.
struct SourceState: Sendable, Equatable {
  /// Relative to the coordination directory.
  var path: String
  var inode: UInt64
  var size: Int64
  var modified: Int64
  /// Bytes of it that have been read, to the end of a line.
  var offset: Int64
  /// A hash of the first and the last bytes of what has been read.
  var head: Int64
  /// Records it gave, and parts that could not be read.
  var records: Int
  var refused: Int

  func save(in db: Database) throws {
    try db.run(
      """
      INSERT INTO sources (path, inode, size, mtime, offset, head, records, refused) VALUES (?,?,?,?,?,?,?,?)
      ON CONFLICT (path) DO UPDATE SET inode=excluded.inode, size=excluded.size, mtime=excluded.mtime,
        offset=excluded.offset, head=excluded.head, records=excluded.records, refused=excluded.refused
      """, path, Int64(bitPattern: inode), size, modified, offset, head, records, refused)
  }

  static func all(_ db: Database) throws -> [SourceState] {
    try db.rows("SELECT path, inode, size, mtime, offset, head, records, refused FROM sources ORDER BY path")
    {
      row in
      SourceState(
        path: row.text(0), inode: UInt64(bitPattern: row.int(1)), size: row.int(2), modified: row.int(3),
        offset: row.int(4), head: row.int(5), records: Int(row.int(6)), refused: Int(row.int(7)))
    }
  }
}
