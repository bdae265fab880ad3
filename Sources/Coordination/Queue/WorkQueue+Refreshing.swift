import DSLBase
import GRDB
import Synchronization

/// Why the index is compared with the directory.
enum RefreshReason {
  /// Enough time has passed.
  case due
  /// An agent asks and nothing is ready; worth the walk only if the directory has changed.
  case nothingToOffer
  /// Somebody asks for something that the index does not have, or looks at a copy.
  case look
}

extension WorkQueue {
  /// Compares the index with the directory if it is time, at most once a second and for a twentieth of the time among all
  /// processes.
  func refreshIfDue() throws(DSLError) {
    let next = state.withLock { $0.nextRefresh }
    guard store.isWritable, time.monotonicSeconds >= next else { return }
    _ = try refresh(.due)
  }

  /// Compares the index with the directory.
  ///
  /// - Returns: whether it was done.
  func refresh(_ reason: RefreshReason) throws(DSLError) -> Bool {
    let path = directory.state + "/refresh.lock"
    let lock = try Self.filed { () throws(FileError) in
      try directory.files.lock(path, exclusive: true, wait: reason != .due)
    }
    guard let lock else { return false }
    defer { lock.unlock() }
    return try refresh(reason, in: store)
  }

  func refresh(_ reason: RefreshReason, in store: StateDatabase) throws(DSLError) -> Bool {
    let last = try store.read { db in try RefreshRow.fetch(db) } ?? nil
    guard let status = try Self.filed({ () throws(FileError) in try directory.files.status(directory.path) })
    else {
      throw DSLError(.notFound, "\(directory.path) does not exist any more")
    }
    let now = time.monotonicSeconds
    if let last, last.boot == time.monotonicOrigin {
      state.withLock { $0.nextRefresh = min(last.next, now + 1) }
      switch reason {
      case .due where now < last.next: return false
      case .nothingToOffer where last.settled && last.directoryModified == status.modified: return false
      case .nothingToOffer where last.duration > 0.005 && now - last.ended < 4 * last.duration: return false
      case .due, .nothingToOffer, .look: break
      }
    }
    let walk = try RefreshWalk(self, store)
    if store === self.store { try walk.tidy() }
    try store.write(.normal) { db in
      try walk.apply(db)
      let ended = self.time.monotonicSeconds
      try RefreshRow(
        boot: self.time.monotonicOrigin, next: ended + max(1, 20 * (ended - now)), ended: ended,
        duration: ended - now, directoryModified: status.modified,
        seen: last?.directoryModified == status.modified ? last?.seen ?? now : now, failed: walk.failed
      ).store(db, walkBegan: now)
    }
    return true
  }
}

/// When the index was last compared with the directory, by any process.
struct RefreshRow {
  var boot: String
  /// When the next comparison is due, monotonic seconds.
  var next: Double
  var ended: Double
  var duration: Double
  /// The directory's time of change before the walk.
  var directoryModified: Int64
  /// When that time was first seen.
  var seen: Double
  /// Whether the walk began so long after `seen` that a later change must show in the directory's time, whose steps may be
  /// as coarse as a timer tick.
  var settled = false
  /// `failed_*.json` files.
  var failed: Int

  private static let tick = 0.02

  static func fetch(_ db: Database) throws -> RefreshRow? {
    let last = try db.cachedStatement(
      sql: "SELECT boot, next_mono, ended_mono, duration, dir_mtime, seen_mono, settled, failed FROM refresh")
    return try Row.fetchOne(last).map { row in
      RefreshRow(
        boot: row[0], next: row[1], ended: row[2], duration: row[3], directoryModified: row[4], seen: row[5],
        settled: row[6], failed: row[7])
    }
  }

  func store(_ db: Database, walkBegan: Double) throws {
    try db.cachedStatement(sql: "INSERT OR REPLACE INTO refresh VALUES (1,?,?,?,?,?,?,?,?)").execute(
      arguments: [
        boot, next, ended, duration, directoryModified, seen, walkBegan - seen >= Self.tick, failed,
      ])
  }
}

/// One comparison of the index with the directory: what a walk found, to be applied in a transaction of its own.
///
/// Others claim, finish and add while it walks; so whatever it found is looked at once more before it is applied.
struct RefreshWalk {
  private let queue: WorkQueue
  private var known: [String: (version: FileVersion, state: ItemState)] = [:]
  private var found: [ItemFacts] = []
  /// Stems that the index has and the walk did not see.
  private var missing: [String] = []
  /// `failed_*.json` files.
  private(set) var failed = 0
  /// Temps in which somebody wrote, or died writing.
  private var temps: [String] = []
  /// Stems of live items.
  private var seen: Set<String> = []
  /// Seconds after which a temp belongs to nobody.
  private static let patience = 3600.0

  init(_ queue: WorkQueue, _ store: StateDatabase) throws(DSLError) {
    self.queue = queue
    var finished: Set<String> = []
    try store.read { db in
      try db.forEach("SELECT ifnull(stem, id), inode, size, mtime, state, written FROM items") { row in
        let state = row.isNull(5) ? ItemState(rawValue: Int(row.int(4))) ?? .held : .claimed
        known[row.text(0)] = (
          FileVersion(inode: row.int(1), size: row.int(2), modified: row.int(3)), state
        )
        return true
      }
      finished = try String.fetchSet(db, sql: "SELECT stem FROM outbox")
    }
    do {
      try queue.directory.files.walk(queue.directory.path) { entry in
        switch RecordName(entry.name) {
        case .record(.work):
          let stem = RecordName.id(.work, entry.name)
          guard !finished.contains(stem) else { return }
          seen.insert(stem)
          try visit(stem, entry)
        case .record(.failed): failed += 1
        case .other where AtomicFile.isTemp(entry.name):
          temps.append(String(decoding: entry.name, as: UTF8.self))
        case .record, .lookalike, .other: break
        }
      }
    } catch {
      throw StateDatabase.error(error, name: "work queue", path: queue.directory.path)
    }
    missing = known.keys.filter { !seen.contains($0) }.sorted()
    found.sort { $0.stem < $1.stem }
  }

  private mutating func visit(_ stem: String, _ entry: any WalkEntry) throws(FileError) {
    guard let status = try? entry.status(), status.kind == .file else { return }
    let version = FileVersion(status)
    if let row = known[stem], row.version == version || row.state == .claimed { return }
    var bytes: [UInt8] = []
    guard (try? entry.read(into: &bytes, limit: WorkQueue.recordLimit)) != nil,
      let facts = ItemFacts(bytes, stem: stem, version: version, now: queue.time.now)
    else { return }
    found.append(facts)
  }

  /// Takes away what a crash left over: temps of the dead, and second names of items that were on their way into or out of
  /// quarantine when the power failed.
  func tidy() throws(DSLError) {
    let (files, directory) = (queue.directory.files, queue.directory)
    let limit = queue.time.now.adding(seconds: -Self.patience).nanoseconds
    for path in temps.map({ "\(directory.path)/\($0)" }) {
      guard let status = try? files.status(path), status.kind == .file, status.changed < limit else {
        continue
      }
      // One that may not be removed is in nobody's way.
      try? files.remove(path)
    }
    let twins = try queue.recordNames(.work, in: directory.quarantine).filter(seen.contains)
    guard !twins.isEmpty else { return }
    // Moves are made inside of writes: while this one lasts, what is in both places stays there. A name seen here and
    // then there without it may be of an item that was on its way.
    try queue.store.write(.normal) { _ in
      var removed = false
      for name in twins.sorted().map({ "work_\($0).json" }) where try removeTwin(name) { removed = true }
      if removed { try files.sync(directory: directory.quarantine) }
    }
  }

  /// Takes away the second name of an item that is both live and in quarantine; the caller keeps others from moving it.
  ///
  /// - Returns: whether there was one.
  private func removeTwin(_ name: String) throws -> Bool {
    let (files, directory) = (queue.directory.files, queue.directory)
    let (one, other) = ("\(directory.path)/\(name)", "\(directory.quarantine)/\(name)")
    guard try files.status(one) != nil, try files.status(other) != nil else { return false }
    guard try files.read(one, limit: WorkQueue.recordLimit) == files.read(other, limit: WorkQueue.recordLimit)
    else {
      queue.warn("\(FileName.shown(other)) is not the live item of that name; both were left as they are")
      return false
    }
    // Before the second name goes, the first must be there for good.
    try files.sync(directory: directory.path)
    try files.remove(other)
    return true
  }

  func apply(_ db: Database) throws {
    let leaving = found.isEmpty ? [] : try String.fetchSet(db, sql: "SELECT stem FROM outbox")
    for facts in found {
      guard let status = try status(facts.stem), FileVersion(status) == facts.version,
        !leaving.contains(facts.stem)
      else { continue }
      try replaceOtherID(facts, db)
      if try !facts.store(db) { try reportTwin(facts, db) }
    }
    for stem in missing where try status(stem) == nil {
      let item = try db.first(
        "SELECT \(ItemRow.columns) FROM items WHERE ifnull(stem, id)=?", stem, read: ItemRow.init)
      guard let item, item.written == nil else { continue }
      guard item.state == .claimed else {
        try WorkQueue.drop(item.key, db)
        continue
      }
      queue.warn("work_\(FileName.shown(stem)).json vanished while agent \(item.agent ?? "?") holds the item")
    }
  }

  /// A file whose id member was edited is another item now.
  private func replaceOtherID(_ facts: ItemFacts, _ db: Database) throws {
    guard known[facts.stem] != nil else { return }
    let other = try Int64.fetchOne(
      db, sql: "SELECT key FROM items WHERE ifnull(stem, id)=? AND id<>? AND state<>2 AND written IS NULL",
      arguments: [facts.stem, facts.id])
    if let other { try WorkQueue.drop(other, db) }
  }

  /// Another file has the same id: the one that was there first counts.
  private func reportTwin(_ facts: ItemFacts, _ db: Database) throws {
    let stem = try String.fetchOne(
      db, sql: "SELECT ifnull(stem, id) FROM items WHERE id=?", arguments: [facts.id])
    guard let stem, stem != facts.stem else { return }
    queue.warn(
      "work_\(FileName.shown(stem)).json and work_\(FileName.shown(facts.stem)).json have the same id "
        + "\(FileName.shown(facts.id)); the second is left out")
  }

  private func status(_ stem: String) throws(FileError) -> FileStatus? {
    try queue.directory.files.status("\(queue.directory.path)/work_\(stem).json")
  }
}
