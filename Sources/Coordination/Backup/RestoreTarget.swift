import DSLBase
import Glibc

/// The place that a restore is for: who is at it, and the exchange of trees.
struct RestoreTarget {
  /// The directory, without a slash at its end.
  let path: String
  let files: any FileSystem
  let time: any TimeSource
  /// Whether the agent of a record works here.
  let runs: @Sendable (AgentRecord) -> Bool

  init(
    _ path: String, _ files: any FileSystem, _ time: any TimeSource,
    _ runs: @escaping @Sendable (AgentRecord) -> Bool
  ) throws {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    let name = path.split(separator: "/").last ?? ""
    guard !name.isEmpty, name != ".", name != ".." else {
      throw DSLError(
        .invalidInput, "\(path) cannot be replaced: it has no name of its own", fix: "name it from outside")
    }
    self.path = path
    self.files = files
    self.time = time
    self.runs = runs
  }

  private var parent: String { AtomicFile.split(path).directory }
  var directory: CoordinationDirectory { CoordinationDirectory(path: path, files: files) }

  /// Whether something is there.
  private func exists() throws -> Bool { try files.status(path) != nil }

  /// Refuses a target that is no directory, holds something without leave to replace it, or is worked on.
  func requireFree(replace: Bool) throws {
    guard try files.status(parent + "/.") != nil else {
      throw DSLError(.notFound, "there is no directory \(parent)", fix: "make it first")
    }
    guard let status = try files.status(path) else { return }
    guard status.kind == .directory else {
      throw DSLError(
        .invalidInput, "\(path) is \(status.kind == .symbolicLink ? "a symbolic link" : "no directory")",
        fix: "name the directory itself")
    }
    var isEmpty = true
    try files.walk(path) { _ in isEmpty = false }
    guard isEmpty || replace else {
      throw DSLError(
        .conflict, "\(path) is not empty",
        fix: "--replace puts the backup in its place and keeps it aside; --to names another directory")
    }
    try requireQuiet()
    for lock in try takeLocks() { lock.unlock() }
  }

  /// A new directory beside the target, closed to others.
  func makeStaging() throws -> String {
    for attempt in 0..<1000 {
      let staging = "\(path).restoring-\(stamp)-\(getpid())" + (attempt == 0 ? "" : "-\(attempt)")
      guard try files.status(staging) == nil else { continue }
      try files.makeDirectory(staging)
      do {
        try files.setAttributes(staging, FileAttributes(permissions: 0o700))
      } catch {
        try? files.removeDirectory(staging)
        throw error
      }
      return staging
    }
    throw DSLError(.conflict, "there are too many unfinished restores beside \(path)", fix: "remove them")
  }

  private var stamp: String { String(BackupTarget.name(at: time.now).dropLast(BackupTarget.suffix.count)) }

  // MARK: Who is at it

  /// Refuses while a worker's lease lasts, or an agent runs.
  private func requireQuiet() throws {
    try requireNoAgents()
    guard try files.status(directory.queue) != nil else { return }
    // A queue that cannot be read holds nobody: what is damaged is what one restores over.
    let queue = try? WorkQueue(directory: directory, time: time, seed: 0, access: .readOnly)
    let held = (try? queue?.list(WorkFilter(states: [.claimed], limit: 1000))) ?? []
    guard let first = held.first else { return }
    let agents = Set(held.compactMap(\.agent)).sorted().prefix(3).map { FileName.shown($0) }
    throw DSLError(
      .locked, "work goes on in \(path): \(agents.joined(separator: ", ")) hold \(held.count) items",
      cause: first.leaseUntil.map { "a lease lasts until \($0)" },
      fix: "stop the agents; their leases end by themselves")
  }

  /// Takes what engines, agents and projectors hold while they change something.
  ///
  /// - Throws: `locked` naming who holds one.
  private func takeLocks() throws -> [any FileLock] {
    guard try files.status(directory.state) != nil else { return [] }
    var taken: [any FileLock] = []
    for (name, who) in [
      ("engine.lock", "an engine acts on"), ("queue.lock", "finished items are being written in"),
      ("agents.lock", "an agent's record is being changed in"),
      ("fence.lock", "an engine is in the middle of a change in"),
    ] {
      var lock: (any FileLock)?
      for attempt in 0..<50 where lock == nil {
        if attempt > 0 { usleep(name == "engine.lock" ? 1000 : 20_000) }
        lock = try files.lock("\(directory.state)/\(name)", exclusive: true, wait: false)
        if name == "engine.lock", attempt > 3 { break }
      }
      guard let lock else {
        for lock in taken { lock.unlock() }
        throw DSLError(
          .locked, "\(who) \(path)",
          fix: "stop it, or wait until it has ended; its lock ends with its process")
      }
      taken.append(lock)
    }
    return taken
  }

  // MARK: Exchange

  /// Puts a staged tree in place.
  ///
  /// - Returns: where the tree that was there is now, and what could not be done.
  func put(
    _ staged: CoordinationDirectory, _ attributes: FileAttributes, note: RestoreNote
  ) throws -> (replaced: String?, warnings: [String]) {
    var note = note
    guard try exists() else {
      try note.write(staged)
      try files.setAttributes(staged.path, attributes)
      try files.sync(directory: staged.path)
      try files.renameExclusively(staged.path, to: path)
      return (nil, syncNames())
    }
    try requireQuiet()
    let locks = try takeLocks()
    defer { for lock in locks { lock.unlock() } }
    let aside = try unusedAside()
    var warnings = try shareBackups(with: staged) + outrank(with: staged)
    note.replaced = aside
    try note.write(staged)
    try files.setAttributes(staged.path, attributes)
    try files.sync(directory: staged.path)
    warnings += try exchange(with: staged.path, aside)
    return (aside, warnings)
  }

  private func unusedAside() throws -> String {
    for number in 1..<1000 {
      let aside = "\(path).replaced-\(stamp)" + (number == 1 ? "" : "-\(number)")
      if try files.status(aside) == nil { return aside }
    }
    throw DSLError(.conflict, "there are too many replaced trees beside \(path)", fix: "remove some")
  }

  /// Gives the tree that comes the backups of the one that goes, under the same names, without copying them.
  private func shareBackups(with tree: CoordinationDirectory) throws -> [String] {
    let folder = directory.state + "/backups"
    guard try files.status(folder) != nil else { return [] }
    var names: [String] = []
    try files.walk(folder) { entry in
      let name = String(decoding: entry.name, as: UTF8.self)
      if !name.hasPrefix("."), try entry.status().kind == .file { names.append(name) }
    }
    guard !names.isEmpty else { return [] }
    let target = tree.state + "/backups"
    try files.makeDirectory(tree.state)
    try files.makeDirectory(target)
    for name in names.sorted() where try files.status("\(target)/\(name)") == nil {
      do throws(FileError) { try files.link("\(folder)/\(name)", to: "\(target)/\(name)") } catch {
        return ["the backups in \(folder) stay with the replaced tree: \(error)"]
      }
    }
    try files.sync(directory: target)
    try files.sync(directory: tree.state)
    return []
  }

  /// Exchanges the names of two trees, and keeps whoever still has the old one open from working on it.
  ///
  /// - Parameters:
  ///   - tree: what comes into place.
  ///   - aside: the name that the present tree gets.
  private func exchange(with tree: String, _ aside: String) throws -> [String] {
    var warnings: [String] = []
    var fence: QueueFence?
    do { fence = try QueueFence(directory) } catch {
      warnings.append("\(Self.unfenced): its queue cannot be opened: \(error)")
    }
    if tree != aside { try files.renameExclusively(tree, to: aside) }
    do {
      return try warnings + swap(aside, fence)
    } catch {
      if tree != aside { try? files.rename(aside, to: tree) }
      throw error
    }
  }

  private static let unfenced = "programs that still have the replaced tree open may go on working on it"

  private func swap(_ aside: String, _ fence: QueueFence?) throws -> [String] {
    var warnings: [String] = []
    var done = false
    let move = {
      try exchangeNames(aside)
      done = true
      // Before the fence is durable: one that outlived a power failure which the exchange did not would shut the old tree.
      warnings += syncNames()
      if let warning = warnings.first { throw DSLError(.io, warning) }
    }
    do {
      if let fence { try fence.raise(while: move) } else { try move() }
    } catch {
      guard done else { throw error }
      warnings.append("\(Self.unfenced): \(error)")
    }
    return warnings
  }

  /// Makes the names durable. They have changed for everybody by then, so that what fails is a warning: whoever took the
  /// change back, or tidied up after it, might take away the one whole tree that a power failure leaves.
  private func syncNames() -> [String] {
    do throws(FileError) { try files.sync(directory: parent) } catch {
      return ["a power failure may undo this: the names in \(parent) could not be made durable: \(error)"]
    }
    return []
  }

  private func exchangeNames(_ aside: String) throws {
    do throws(FileError) {
      return try files.exchange(path, aside)
    } catch {
      // EINVAL, ENOSYS: a file system that cannot. EBUSY, EXDEV: a mount point.
      if error.errno == EBUSY || error.errno == EXDEV {
        throw DSLError(
          .unsupported, "\(path) is a mount point and cannot be exchanged", cause: error.description,
          fix: "restore to a directory in it, and name that one with --coord-dir")
      }
      guard error.errno == EINVAL || error.errno == ENOSYS else { throw error }
    }
    let middle = aside + "-new"
    try files.rename(aside, to: middle)
    do throws(FileError) {
      try files.rename(path, to: aside)
      try files.rename(middle, to: path)
    } catch {
      if (try? files.status(path)) == nil { try? files.rename(aside, to: path) }
      try? files.rename(middle, to: aside)
      throw error
    }
  }

  // MARK: Undo

  /// Puts the replaced tree back.
  func undo() throws -> (aside: String, warnings: [String]) {
    guard try exists() else {
      throw DSLError(.notFound, "there is no directory \(path)", fix: "name the restored directory")
    }
    guard let note = try RestoreNote(path, files) else {
      throw DSLError(.invalidState, "\(path) was not restored, so there is nothing to undo")
    }
    try requireQuiet()
    let locks = try takeLocks()
    defer { for lock in locks { lock.unlock() } }
    guard let noted = note.replaced else {
      let aside = try unusedAside()
      try files.renameExclusively(path, to: aside)
      return (aside, syncNames())
    }
    // It was put beside the directory. Looked for anywhere else, a copy of both would be exchanged with the original.
    let replaced = "\(parent)/\(AtomicFile.split(noted).name)"
    guard try files.status(replaced)?.kind == .directory else {
      throw DSLError(
        .invalidState, "the replaced tree is not at \(replaced), so the restore cannot be undone",
        fix: "move it there, or restore a backup instead")
    }
    let former = CoordinationDirectory(path: replaced, files: files)
    var warnings = try shareBackups(with: former) + outrank(with: former)
    try QueueFence(former)?.lower()
    warnings += try exchange(with: replaced, replaced)
    return (replaced, warnings)
  }
}
