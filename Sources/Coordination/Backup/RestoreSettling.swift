import DSLBase

/// Makes an unpacked directory one that work can begin in.
struct RestoreSettling {
  private let directory: CoordinationDirectory
  private let time: any TimeSource
  private let seed: UInt64

  init(_ directory: CoordinationDirectory, time: any TimeSource, seed: UInt64) {
    self.directory = directory
    self.time = time
    self.seed = seed
  }

  private var files: any FileSystem { directory.files }

  /// Moves damaged databases away, so that new ones are begun.
  func setAside(_ stores: [String]) throws {
    for store in stores {
      for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = "\(directory.path)/\(store)\(suffix)"
        if try files.status(path) != nil {
          try files.rename(path, to: "\(directory.path)/\(store).damaged\(suffix)")
        }
      }
      try files.sync(directory: directory.state)
    }
  }

  /// Moves the losing record of each item that is in two places into quarantine, under a name that is no record's.
  func keepAside(_ doubled: [ItemLedger.Doubled]) throws {
    guard !doubled.isEmpty else { return }
    try files.makeDirectory(directory.state)
    try files.makeDirectory(directory.quarantine)
    for item in doubled {
      let name = item.aside.split(separator: "/").last ?? ""
      try files.rename("\(directory.path)/\(item.aside)", to: "\(directory.quarantine)/\(name).doubled")
    }
    try files.sync(directory: directory.quarantine)
    try files.sync(directory: directory.path)
  }

  /// Takes out of agents' records which process they are: what has that number now is none of this tree's.
  func forgetProcesses() throws {
    var names: [String] = []
    try files.walk(directory.path) { entry in
      if case .record(.agent) = RecordName(entry.name) {
        names.append(String(decoding: entry.name, as: UTF8.self))
      }
    }
    for name in names.sorted() {
      let path = "\(directory.path)/\(name)"
      guard let bytes = try? files.read(path, limit: AgentStore.sizeLimit),
        let value = try? JSONParser.parse(bytes),
        let object = value.object
      else { continue }
      let known = ["pid", "process_start", "boot_id"].filter { object[$0] != nil }
      guard !known.isEmpty else { continue }
      let edited = try JSONEdit.apply(known.map { ($0, nil) }, to: bytes)
      try AtomicFile.commit(files, path, edited)
    }
  }

  /// Opens the queue, gives all claims back, raises the epochs, and turns what was finished into files.
  ///
  /// - Returns: the number of claims given back, and what the queue says about its opening.
  func settleQueue() throws -> (released: Int, notes: [String]) {
    try files.makeDirectory(directory.state)
    let queue = try WorkQueue(directory: directory, time: time, seed: seed, access: .readWrite)
    let released = try queue.beginAnew(epoch: time.now.nanoseconds / 1_000_000)
    return (released, queue.takeWarnings())
  }
}

extension WorkQueue {
  /// Makes the queue of a restored directory one that work can begin in.
  ///
  /// Claims end without counting as an attempt. Epochs become at least `epoch`: given the time of the restore in
  /// milliseconds, they are above all that any earlier life of the directory has handed out, however often one backup is
  /// restored.
  ///
  /// - Returns: the number of claims given back.
  func beginAnew(epoch: Int64) throws(DSLError) -> Int {
    try flush()
    let released = try store.write(.full) { db in
      // The files are others now, with other numbers.
      try db.run("UPDATE items SET inode=0, size=-1, mtime=0 WHERE written IS NULL")
      let claimed = try db.rows("SELECT key, attempts FROM items WHERE state=2") {
        ($0.int(0), Int($0.int(1)))
      }
      for (key, attempts) in claimed { try Self.offer(key, attempts: attempts, db) }
      try db.run("DELETE FROM refresh")
      return claimed.count
    }
    _ = try refresh(.look)
    try store.write(.full) { db in try db.run("UPDATE items SET epoch=max(epoch, ?)", epoch) }
    try store.checkpoint()
    return released
  }
}
