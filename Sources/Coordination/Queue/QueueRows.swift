import DSLBase
import GRDB

/// What `items.state` means.
enum ItemState: Int {
  case held = -1
  case ready
  case waiting
  case claimed
}

/// A row of `items`, without the record's bytes.
struct ItemRow {
  static let columns = """
    key, id, stem, state, priority, created, attempts, max_attempts, epoch, inode, size, mtime, written, prefer, boot,
    due_mono, due_wall, agent, token, claimed_wall, claimed_mono, percent, note
    """

  static let columnCount: Int32 = 23

  let key: Int64
  let id: String
  let stem: String
  let state: ItemState
  let priority: Int
  let created: Timestamp
  let attempts: Int
  let maxAttempts: Int?
  let epoch: Int64
  let version: FileVersion
  let written: Int64?
  let prefer: String?
  let boot: String?
  let dueMonotonic: Double?
  let dueWall: Timestamp?
  let agent: String?
  let token: String?
  let claimedWall: Timestamp?
  let claimedMonotonic: Double?
  let percent: Double?
  let note: String?

  /// Reads a row of `columns`, in their order.
  init(_ row: SQLColumns) {
    key = row.int(0)
    id = row.text(1)
    stem = row.optionalText(2) ?? id
    state = ItemState(rawValue: Int(row.int(3))) ?? .held
    priority = Int(row.int(4))
    created = Timestamp(nanoseconds: row.int(5))
    attempts = Int(row.int(6))
    maxAttempts = row.optionalInt(7).map { Int($0) }
    epoch = row.int(8)
    version = FileVersion(inode: row.int(9), size: row.int(10), modified: row.int(11))
    written = row.optionalInt(12)
    prefer = row.optionalText(13)
    boot = row.optionalText(14)
    dueMonotonic = row.optionalDouble(15)
    dueWall = row.optionalInt(16).map { Timestamp(nanoseconds: $0) }
    agent = row.optionalText(17)
    token = row.optionalText(18)
    claimedWall = row.optionalInt(19).map { Timestamp(nanoseconds: $0) }
    claimedMonotonic = row.optionalDouble(20)
    percent = row.optionalDouble(21)
    note = row.optionalText(22)
  }

  /// Whether the lease or the waiting is over.
  func isDue(_ time: any TimeSource) -> Bool {
    guard state == .claimed || state == .waiting else { return false }
    if boot == time.monotonicOrigin, let dueMonotonic { return dueMonotonic <= time.monotonicSeconds }
    guard let dueWall else { return true }
    // After a reboot nobody who claimed here is alive; a deadline further away than the lease ever was means that the
    // wall clock went back.
    if state == .claimed, let claimedWall, time.now < claimedWall { return true }
    return dueWall <= time.now
  }

  func isHeld(by claim: ClaimReference) -> Bool {
    state == .claimed && epoch == claim.epoch && token == claim.token
  }
}

/// Tells one content of a file from another without reading it.
struct FileVersion: Equatable {
  var inode: Int64
  var size: Int64
  var modified: Int64

  /// No file looks like this: what is compared with it has changed.
  static let unknown = FileVersion(inode: 0, size: -1, modified: 0)

  init(inode: Int64, size: Int64, modified: Int64) {
    self.inode = inode
    self.size = size
    self.modified = modified
  }

  init(_ status: FileStatus) {
    self.init(inode: Int64(bitPattern: status.inode), size: status.size, modified: status.modified)
  }
}

/// What the index keeps of a work file.
struct ItemFacts {
  let id: String
  let stem: String
  let version: FileVersion
  let state: ItemState
  let priority: Int
  let created: Timestamp
  let attempts: Int
  let maxAttempts: Int?
  let epoch: Int64
  let notBefore: Timestamp?

  /// Reads a work record.
  ///
  /// - Returns: `nil` for what is no record; the scanner reports such files.
  init?(_ bytes: [UInt8], stem: String, version: FileVersion, now: Timestamp) {
    var reader = FactsReader(assumedOffset: 0)
    let facts = bytes.withUnsafeBufferPointer { reader.read(.work, $0) }
    guard case .record(let facts) = facts, let record = try? WorkRecord(bytes, fallbackID: stem) else {
      return nil
    }
    id = record.id
    self.stem = stem
    self.version = version
    priority = record.priority
    created = record.created ?? Timestamp(nanoseconds: version.modified)
    attempts = record.attempts
    maxAttempts = record.maxAttempts.map { max(1, $0) }
    epoch = Self.epoch(bytes)
    let waits = record.notBefore.map { $0 > now } ?? false
    notBefore = waits ? record.notBefore : nil
    // A status of another program's claim, or of an end, holds an item back until somebody requeues it.
    state = facts.status == .pending || facts.status == .other ? (waits ? .waiting : .ready) : .held
  }

  private static func epoch(_ bytes: [UInt8]) -> Int64 {
    bytes.withUnsafeBufferPointer { buffer in
      var scanner = JSONScanner(buffer)
      var epoch: Int64 = 0
      scanner.skipWhitespace()
      try? scanner.forEachMember { (member, _) throws(JSONError) in
        guard buffer[member.key.range].elementsEqual("epoch".utf8) else { return }
        epoch = Int64(String(decoding: buffer[member.value], as: UTF8.self)) ?? 0
      }
      return max(0, epoch)
    }
  }

  /// Puts the item into the index, or brings its row up to date. Claims and unwritten changes are left alone. A new row's
  /// epoch is above that of every item that left the index: it may be one of them.
  ///
  /// - Returns: whether the row is now as the file; not when another file has the same id.
  @discardableResult func store(_ db: Database, written: Int64? = nil) throws -> Bool {
    try db.run(
      """
      INSERT INTO items (id, stem, state, priority, created, attempts, max_attempts, epoch, inode, size, mtime,
        written, boot, due_wall)
      VALUES (?,?,?,?,?,?,?,max(?, ifnull((SELECT epoch FROM departed), 0)),?,?,?,?,?,?)
      ON CONFLICT (id) DO UPDATE SET state=excluded.state, priority=excluded.priority, created=excluded.created,
        attempts=excluded.attempts, max_attempts=excluded.max_attempts, epoch=max(items.epoch, ?8),
        inode=excluded.inode, size=excluded.size, mtime=excluded.mtime, written=excluded.written,
        boot=excluded.boot, due_mono=NULL, due_wall=excluded.due_wall
      WHERE items.stem IS excluded.stem AND items.state <> 2
        AND (items.written IS NULL OR excluded.written IS NOT NULL)
      """,
      id, stem == id ? nil : stem, state.rawValue, priority, created.nanoseconds, attempts, maxAttempts,
      epoch,
      version.inode, version.size, version.modified, written, state == .waiting ? "" : nil as String?,
      notBefore?.nanoseconds)
    return db.changesCount == 1
  }
}
