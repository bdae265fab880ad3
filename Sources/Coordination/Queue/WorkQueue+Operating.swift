package import DSLBase
import FoundationEssentials
import GRDB
import Glibc

extension WorkQueue {
  /// Makes an item pending again, whatever it is in: a claim is taken away, a waiting time ended, a failed item tried anew
  /// from its first attempt, a quarantined one brought back.
  ///
  /// - Throws: `notFound`; `invalidState` for a completed item; `conflict` when its file's name was taken in between.
  package func requeue(_ id: String) throws(DSLError) -> RequeueOutcome {
    try flush()
    if let outcome = try requeueLive(id) { return outcome }
    let view = try show(id)
    switch view.state {
    case .failed:
      try requeueFailed(view)
      try flush()
      return .restoredFromFailed
    case .quarantined:
      try restoreFromQuarantine([view.id])
      return .restoredFromQuarantine
    case .completed:
      throw DSLError(
        .invalidState, "item \(FileName.shown(id)) is completed", fix: "add it again under another id")
    case .pending, .waiting, .claimed, .expired: return .alreadyPending
    }
  }

  private func requeueLive(_ id: String) throws(DSLError) -> RequeueOutcome? {
    _ = try refresh(.nothingToOffer)
    let outcome: RequeueOutcome? = try store.write(.full) { db in
      guard let item = try Self.item(id, db) else { return nil }
      switch item.state {
      case .ready: return .alreadyPending
      case .claimed:
        try Self.offer(item.key, attempts: item.attempts, epochsPassed: 1, db)
        return .takenFrom(agent: item.agent ?? "")
      case .waiting, .held:
        guard case .content(let bytes, _) = self.readWorkFile(item.stem) else { return nil }
        let record = try WorkRecord(bytes, fallbackID: item.stem).applying([
          ("status", "pending"), ("not_before", nil),
        ])
        try Self.offer(item.key, attempts: item.attempts, db)
        guard record.bytes != bytes else { return .woken }
        let written = try Self.post(item, .rewritten, record.bytes, workAt: 0, db)
        try db.execute(sql: "UPDATE items SET written=? WHERE key=?", arguments: [written, item.key])
        return .woken
      }
    }
    if outcome == .woken { try flush() }
    return outcome
  }

  /// Puts a failed item's own record back among the work, its attempts forgotten.
  private func requeueFailed(_ view: WorkItemView) throws(DSLError) {
    guard let work = JSONText.member("work", of: view.record) else {
      throw DSLError(
        .invalidInput, "\(FileName.shown(view.file)) does not hold the item's record",
        fix: "add the item again")
    }
    let file = JSONText.member("file", of: view.record).flatMap { try? JSONParser.parse($0) }?.string
    let stem = file.map { String($0.dropFirst("work_".count).dropLast(".json".count)) } ?? view.id
    let path = "\(directory.path)/work_\(stem).json"
    guard try Self.filed({ () throws(FileError) in try directory.files.status(path) }) == nil else {
      throw DSLError(.conflict, "\(FileName.shown(path)) already exists")
    }
    let record = try WorkRecord(work, fallbackID: stem).applying([
      ("status", "pending"), ("attempts", 0), ("not_before", nil), ("last_error", nil),
      ("epoch", .int(view.epoch)),
    ])
    try store.write(.full) { db in
      try db.execute(
        sql: """
          INSERT INTO outbox (id, stem, kind, inode, size, mtime, work_at, removes, bytes)
          VALUES (?,?,?,0,-1,0,0,?,?)
          """, arguments: [view.id, stem, OutboxKind.requeued.rawValue, view.file, Data(record.bytes)])
      let facts = ItemFacts(record.bytes, stem: stem, version: .unknown, now: self.time.now)
      try facts?.store(db, written: db.lastInsertedRowID)
    }
  }

  /// Takes items out of the queue, their files moved to `.dsl/quarantine`.
  ///
  /// - Parameter reason: kept and shown with them.
  /// - Returns: the ids moved. Those that are claimed, or not in the queue (any more), are left alone.
  /// - Throws: `io`; items moved before the failure stay moved.
  package func quarantine(_ ids: [String], reason: String) throws(DSLError) -> [String] {
    try flush()
    _ = try refresh(.nothingToOffer)
    let at = time.now
    return try store.write(.full) { db in
      var moved: [String] = []
      for id in ids {
        guard let item = try Self.item(id, db), item.state != .claimed, item.written == nil else { continue }
        if moved.isEmpty { try AtomicFile.makeDirectory(self.directory.files, self.directory.quarantine) }
        let name = "/work_\(item.stem).json"
        guard try self.moveToQuarantine(name) else {
          try Self.drop(item.key, db)
          continue
        }
        try Self.drop(item.key, db)
        try db.execute(
          sql: "INSERT OR REPLACE INTO quarantined VALUES (?,?,?,?)",
          arguments: [item.stem, item.id, reason, at.nanoseconds])
        moved.append(id)
      }
      if !moved.isEmpty { try self.syncMoves(from: self.directory.path, to: self.directory.quarantine) }
      return moved
    }
  }

  /// Brings items back from quarantine, their files as they were.
  ///
  /// - Throws: `notFound` for an id that is not there, `conflict` when its name was taken in between; those before it are
  ///   back then.
  package func restoreFromQuarantine(_ ids: [String]) throws(DSLError) {
    for id in ids {
      let view =
        CoordinationDirectory.isSafe(id: id)
        ? try finished(.work, id, in: directory.quarantine, .quarantined)
        : try quarantinedStem(id).flatMap { stem throws(DSLError) in
          try finishedView(.work, stem, in: directory.quarantine, .quarantined)
        }
      guard let view else {
        throw DSLError(.notFound, "item \(FileName.shown(id)) is not in quarantine")
      }
      let stem = String(view.file.dropFirst("work_".count).dropLast(".json".count))
      try store.write(.full) { db in
        let path = "\(self.directory.path)/\(view.file)"
        try self.directory.files.renameExclusively("\(self.directory.quarantine)/\(view.file)", to: path)
        try self.syncMoves(from: self.directory.quarantine, to: self.directory.path)
        try db.execute(sql: "DELETE FROM quarantined WHERE stem=?", arguments: [stem])
        guard let status = try self.directory.files.status(path) else { return }
        let facts = ItemFacts(view.record, stem: stem, version: FileVersion(status), now: self.time.now)
        try facts?.store(db)
      }
    }
  }

  /// Moves a file; `false` when it is no longer there.
  ///
  /// A function of its own because a typed `catch where` that continues a loop sends the optimizer of Swift 6.3.1 into
  /// one without end (`StackNesting::fixNesting`).
  private func moveToQuarantine(_ name: String) throws(FileError) -> Bool {
    guard try directory.files.status(directory.path + name) != nil else { return false }
    try directory.files.renameExclusively(directory.path + name, to: directory.quarantine + name)
    return true
  }

  /// Makes moves between directories durable: first that the files are in the one, then that they are gone from the other.
  /// In the other order the power may fail when they are in neither. With both names, `RefreshWalk` takes one away.
  private func syncMoves(from source: String, to target: String) throws(FileError) {
    try directory.files.sync(directory: target)
    try directory.files.sync(directory: source)
  }
}
