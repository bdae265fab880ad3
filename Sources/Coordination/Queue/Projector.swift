import DSLBase
import GRDB

/// Turns outbox rows into files: new files written and synced, renamed into place, old ones removed, the directory synced,
/// and only then the rows deleted. Done again after a crash, it finds what is there already.
struct Projector {
  let directory: CoordinationDirectory
  let store: StateDatabase
  let warn: (String) -> Void

  /// Projects all rows there are. The caller holds the projection lock.
  func drain() throws(DSLError) {
    while true {
      let rows = try store.read { db in try OutboxRow.batch(db) } ?? []
      guard !rows.isEmpty else { return }
      try project(rows)
    }
  }

  private func project(_ rows: [OutboxRow]) throws(DSLError) {
    try create(rows.filter { $0.kind != .rewritten })
    try AtomicFile.commitAll(
      directory.files, directory.path,
      rows.filter { $0.kind == .rewritten }.map { ($0.workFile, $0.bytes) })
    let removals = rows.compactMap { $0.isEnd ? $0.workFile : $0.removes }
    for name in removals { try remove(name) }
    if !removals.isEmpty {
      try WorkQueue.filed { () throws(FileError) in try directory.files.sync(directory: directory.path) }
    }
    // May be lost with the power: the rows are then projected again.
    try store.write(.normal) { db in
      for row in rows {
        try db.run("DELETE FROM outbox WHERE seq=?", row.seq)
        if !row.isEnd { try adopt(row, db) }
      }
      let parked = rows.count { $0.kind == .failed } - rows.count { $0.kind == .requeued }
      if parked != 0 {
        try db.run("UPDATE refresh SET failed = failed + ?", parked)
      }
    }
  }

  /// Creates files that nobody else's may give way to. Another program may take a name between looking and renaming: then
  /// look again.
  private func create(_ rows: [OutboxRow]) throws(DSLError) {
    var attempt = 0
    while true {
      var contents: [(name: String, content: [UInt8])] = []
      for row in rows {
        if let file = try newFile(row) { contents.append(file) }
      }
      do throws(DSLError) {
        return try AtomicFile.commitAll(directory.files, directory.path, contents, exclusive: true)
      } catch  where error.code == .conflict && attempt < 5 {
        attempt += 1
      }
    }
  }

  /// Name and content of the file that a row becomes.
  ///
  /// - Returns: `nil` when it is there already.
  private func newFile(_ row: OutboxRow) throws(DSLError) -> (name: String, content: [UInt8])? {
    if row.kind == .requeued {
      return try content(row.workFile) == nil ? (row.workFile, row.bytes) : nil
    }
    var row = try withEdits(row)
    let first = FinishedRecord.name(row.kind, id: row.id, stem: row.stem)
    for number in 1... {
      let name = number == 1 ? first : "\(first)-\(number)"
      if number > 1 { try row.rename(name) }
      switch try content(name + ".json") {
      case .none: return (name + ".json", row.bytes)
      case .some(let present) where present.starts(with: row.bytes[..<row.workAt]): return nil
      case .some: continue
      }
    }
    return nil
  }

  /// The row with the item's present bytes, where somebody edited its file while it was worked on.
  private func withEdits(_ row: OutboxRow) throws(DSLError) -> OutboxRow {
    guard row.version != .unknown, let status = try status(row.workFile), FileVersion(status) != row.version,
      let edited = try content(row.workFile)
    else { return row }
    guard let value = try? JSONParser.parse(edited), value.object != nil else {
      try keepAside(row)
      return row
    }
    var row = row
    row.embed(work: edited)
    return row
  }

  /// Moves a work file that was damaged while it was worked on out of the way instead of removing it.
  private func keepAside(_ row: OutboxRow) throws(DSLError) {
    let aside = "\(directory.quarantine)/\(row.workFile).damaged-\(row.seq)"
    try WorkQueue.filed { () throws(FileError) in
      try AtomicFile.makeDirectory(directory.files, directory.quarantine)
      try directory.files.rename("\(directory.path)/\(row.workFile)", to: aside)
      try directory.files.sync(directory: directory.quarantine)
    }
    warn(
      "\(FileName.shown(row.workFile)) was damaged while it was worked on; kept as \(FileName.shown(aside))")
  }

  /// Notes in the index what the file looks like now.
  private func adopt(_ row: OutboxRow, _ db: Database) throws {
    guard let status = try directory.files.status("\(directory.path)/\(row.workFile)") else { return }
    let version = status.size == Int64(row.bytes.count) ? FileVersion(status) : .unknown
    try db.run(
      "UPDATE items SET inode=?, size=?, mtime=?, written=NULL WHERE id=? AND written=?", version.inode,
      version.size, version.modified, row.id, row.seq)
  }

  private func remove(_ name: String) throws(DSLError) {
    guard try status(name) != nil else { return }
    try WorkQueue.filed { () throws(FileError) in try directory.files.remove("\(directory.path)/\(name)") }
  }

  private func status(_ name: String) throws(DSLError) -> FileStatus? {
    try WorkQueue.filed { () throws(FileError) in try directory.files.status("\(directory.path)/\(name)") }
  }

  /// The content of a file; empty for what is there and cannot be read, so that it equals nothing.
  ///
  /// What fails once is tried again, as a passing error must not make a record look like somebody else's. What fails
  /// twice must not keep all other items from becoming files.
  private func content(_ name: String) throws(DSLError) -> [UInt8]? {
    guard try status(name) != nil else { return nil }
    let (path, limit) = ("\(directory.path)/\(name)", 8 * WorkQueue.recordLimit)
    if let content = try? directory.files.read(path, limit: limit) { return content }
    return (try? directory.files.read(path, limit: limit)) ?? []
  }
}
