import DSLBase
import GRDB

/// A directory as it was at one instant.
///
/// For that instant nobody can move an item, replace an agent's record or write the queue or the journal: the projector's
/// lock, the agents' lock and both stores' write locks are held, in this order. What is then seen together is a state that
/// a crash at that instant would have left, which is what every opening of the directory knows how to recover from. Held
/// that long are only a walk over the names and the reading of agents' records; the stores are pinned by read
/// transactions and copied later. The projector's lock stays until the items are read: what is finished in the meantime
/// waits in the queue's outbox, and claims go on.
struct BackupCut {
  let takenAt: Timestamp
  let listing: BackupListing
  /// What has to be of the same instant as the journal, agents' records first of all, with its status.
  let agents: [BackupSource.Content]
  let queue: StoreSnapshot
  let journal: StoreSnapshot?
  /// How long to wait for a lock, seconds: the first look at a large directory may take that.
  private static let patience = 30.0
  /// Held until the items are read.
  let projection: any FileLock

  /// Takes the cut.
  ///
  /// - Throws: `FileError`, `DSLError`.
  init(_ directory: CoordinationDirectory, time: any TimeSource, seed: UInt64, _ source: BackupSource) throws
  {
    let queue = try WorkQueue(directory: directory, time: time, seed: seed, access: .readWrite)
    let hasJournal = try directory.files.status(directory.journal) != nil
    let journal = hasJournal ? try Journal(directory: directory, access: .readWrite) : nil
    let projection = try Self.lock(directory, "queue.lock", "the files of items")
    do {
      let agentsLock = try Self.lock(directory, "agents.lock", "agents' records")
      defer { agentsLock.unlock() }
      self = try queue.store.write(.normal) { _ in
        guard let journal else { return try Self.instant(directory, time, source, projection) }
        return try journal.store.write(.normal) { _ in
          try Self.instant(directory, time, source, projection, journal: directory.journal)
        }
      }
    } catch {
      projection.unlock()
      throw error
    }
  }

  /// What is seen while nobody writes.
  private static func instant(
    _ directory: CoordinationDirectory, _ time: any TimeSource, _ source: BackupSource,
    _ projection: any FileLock, journal: String? = nil
  ) throws -> BackupCut {
    let listing = try BackupListing(directory)
    var agents: [BackupSource.Content] = []
    for path in listing.agents {
      if let content = try source.content(path) { agents.append(content) }
    }
    return BackupCut(
      takenAt: time.now, listing: listing, agents: agents,
      queue: try StoreSnapshot("work queue", path: directory.queue),
      journal: try journal.map { path in try StoreSnapshot("journal", path: path) }, projection: projection)
  }

  private init(
    takenAt: Timestamp, listing: BackupListing, agents: [BackupSource.Content], queue: StoreSnapshot,
    journal: StoreSnapshot?, projection: any FileLock
  ) {
    self.takenAt = takenAt
    self.listing = listing
    self.agents = agents
    self.queue = queue
    self.journal = journal
    self.projection = projection
  }

  /// Takes a lock, waiting for it: while one lock is waited for, others are held, so not for ever.
  ///
  /// - Parameter what: what the lock guards.
  static func lock(_ directory: CoordinationDirectory, _ name: String, _ what: String) throws -> any FileLock
  {
    let path = "\(directory.state)/\(name)"
    guard let lock = try directory.files.lock(path, exclusive: true, within: patience) else {
      throw DSLError.held(path, what, seconds: patience)
    }
    return lock
  }

  /// The last decision in the journal.
  func lastDecision() throws(DSLError) -> BackupSummary.LastDecision? {
    guard let journal else { return nil }
    return try journal.read { db in
      try Row.fetchOne(db, sql: "SELECT id, at_ns FROM decisions ORDER BY seq DESC LIMIT 1").map { row in
        BackupSummary.LastDecision(id: row[0], at: Timestamp(nanoseconds: row[1]))
      }
    }
  }

  /// Finished items that are not in files yet.
  func unprojected() throws(DSLError) -> Int {
    try queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM outbox") ?? 0 }
  }
}

/// Reads files for a backup.
struct BackupSource {
  /// A file whose content is at hand.
  struct Content {
    var path: String
    var bytes: [UInt8]
    var status: FileStatus
  }

  let directory: CoordinationDirectory
  /// Files up to this size are read at once; larger ones in pieces of `piece`.
  static let whole = 4 << 20
  static let piece = 1 << 20

  /// A small file with its status; `nil` when it is gone, is no file, or is not small.
  func content(_ path: String) throws(FileError) -> Content? {
    let full = "\(directory.path)/\(path)"
    guard let status = try directory.files.status(full), status.kind == .file, status.size <= Self.whole
    else {
      return nil
    }
    return Content(path: path, bytes: try directory.files.read(full, limit: 2 * Self.whole), status: status)
  }
}
