import DSLBase
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
    var rows: [OutboxRow] = []
    var stems: Set<String> = []
    var size = 0
    try db.forEach(
      """
      SELECT seq, id, stem, kind, inode, size, mtime, work_at, removes, bytes FROM outbox ORDER BY seq LIMIT 256
      """
    ) { row in
      let next = try OutboxRow(row)
      size += next.bytes.count
      guard rows.isEmpty || (size <= 8 << 20 && !stems.contains(next.stem)) else { return false }
      stems.insert(next.stem)
      rows.append(next)
      return true
    }
    return rows
  }

  private init(_ row: SQLColumns) throws {
    seq = row.int(0)
    id = row.text(1)
    stem = row.text(2)
    guard let kind = OutboxKind(rawValue: Int(row.int(3))) else {
      throw DSLError(.corrupt, "the work queue's outbox has a row of an unknown kind")
    }
    self.kind = kind
    version = FileVersion(inode: row.int(4), size: row.int(5), modified: row.int(6))
    workAt = Int(row.int(7))
    removes = row.optionalText(8)
    bytes = row.blob(9)
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
