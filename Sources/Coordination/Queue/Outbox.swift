import DSLBase
import FoundationEssentials
import GRDB

/// What an outbox row becomes.
enum OutboxKind: Int {
  /// `completed_<id>.json`; the work file goes.
  case completed = 1
  /// `failed_<id>.json`; the work file goes.
  case failed
  /// New content of the work file.
  case rewritten
  /// A work file again; the failed file goes.
  case requeued
}

/// Something finished and durable on its way to a file.
struct OutboxRow {
  let seq: Int64
  let id: String
  let stem: String
  let kind: OutboxKind
  /// The work file as it was when its bytes were taken.
  let version: FileVersion
  var workAt: Int
  let removes: String?
  var bytes: [UInt8]

  /// The oldest rows that can be projected together: at most one for each work file, some hundred, some megabytes.
  static func batch(_ db: Database) throws -> [OutboxRow] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT seq, id, stem, kind, inode, size, mtime, work_at, removes, bytes FROM outbox ORDER BY seq LIMIT 256
        """)
    var rows: [OutboxRow] = []
    var stems: Set<String> = []
    var size = 0
    let cursor = try Row.fetchCursor(statement)
    while let row = try cursor.next() {
      let next = try OutboxRow(row)
      size += next.bytes.count
      guard rows.isEmpty || (size <= 8 << 20 && !stems.contains(next.stem)) else { break }
      stems.insert(next.stem)
      rows.append(next)
    }
    return rows
  }

  private init(_ row: Row) throws {
    seq = row[0]
    id = row[1]
    stem = row[2]
    guard let kind = OutboxKind(rawValue: row[3]) else {
      throw DSLError(.corrupt, "the work queue's outbox has a row of an unknown kind")
    }
    self.kind = kind
    version = FileVersion(inode: row[4], size: row[5], modified: row[6])
    workAt = row[7]
    removes = row[8]
    let data: Data = row[9]
    bytes = Array(data)
  }

  var workFile: String { "work_\(stem).json" }
  var isEnd: Bool { kind == .completed || kind == .failed }

  /// Puts other bytes of the item into a finished record.
  mutating func embed(work: [UInt8]) {
    bytes.replaceSubrange(workAt..<bytes.count - FinishedRecord.end.count, with: JSONText.trimmed(work))
  }

  /// Gives a finished record another name, where the one it should have is taken.
  mutating func rename(_ name: String) throws(DSLError) {
    let before = bytes.count
    do throws(JSONError) {
      bytes = try JSONEdit.apply([("id", .string(name))], to: bytes)
    } catch {
      throw DSLError(.internalError, "the finished record of \(id) is no object", cause: "\(error)")
    }
    workAt += bytes.count - before
  }
}
