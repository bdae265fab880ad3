public import DSLBase
import Glibc
import Synchronization

/// A file system in memory, with the semantics of the machine's: same results, same errors, and what the machine's cannot
/// offer to a test, `afterPowerLoss()`.
///
/// For tests, simulations and dry runs. Names are text. Walks visit in byte order of names. Paths are taken as absolute;
/// `..` is not resolved.
public final class InMemoryFileSystem: FileSystem {
  private let state: Mutex<MemoryTree>
  private let clock: @Sendable () -> Timestamp

  /// An empty file system, with nothing but `/`.
  ///
  /// - Parameter clock: gives the times of changes.
  public convenience init(clock: @escaping @Sendable () -> Timestamp = { Timestamp(nanoseconds: 0) }) {
    self.init(MemoryTree(), clock: clock)
  }

  private init(_ tree: MemoryTree, clock: @escaping @Sendable () -> Timestamp) {
    state = Mutex(tree)
    self.clock = clock
  }

  /// What a machine would find after losing power now: content and directory entries that no `fsync` covered are gone.
  ///
  /// The pessimistic end of what POSIX allows: a real disk may have more.
  public func afterPowerLoss() -> InMemoryFileSystem {
    InMemoryFileSystem(state.withLock { $0.durable() }, clock: clock)
  }

  /// Puts something that is no file at a path, as a bad neighbour of records.
  package func plant(_ kind: FileStatus.Kind, at path: String) throws(FileError) {
    let now = clock()
    _ = try state.withLock { (tree) throws(FileError) in try tree.create(path, kind, "mknod", now) }
  }

  /// Visits the entries of a directory.
  public func walk(_ directory: String, _ visit: (any WalkEntry) throws -> Void) throws {
    let names = try state.withLock { (tree) throws(FileError) in try tree.names(in: directory) }
    for name in names {
      var name = name
      try name.withUTF8 { bytes in
        try visit(
          MemoryWalkEntry(files: self, path: "\(directory)/\(String(decoding: bytes, as: UTF8.self))", bytes))
      }
    }
  }

  /// The status of an entry, or `nil` when there is none.
  public func status(_ path: String) throws(FileError) -> FileStatus? {
    state.withLock { $0.node(path)?.status }
  }

  /// The content of a regular file of at most `limit` bytes.
  public func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    try state.withLock { (tree) throws(FileError) in try tree.content(path, limit: limit) }
  }

  /// Creates or replaces the content of a file.
  public func write(_ path: String, _ content: [UInt8], exclusive: Bool) throws(FileError) {
    let now = clock()
    try state.withLock { (tree) throws(FileError) in
      try tree.write(path, exclusive: exclusive, now) { $0 = content }
    }
  }

  /// Appends, creating the file if need be.
  public func append(_ path: String, _ content: [UInt8]) throws(FileError) {
    let now = clock()
    try state.withLock { (tree) throws(FileError) in
      try tree.write(path, exclusive: false, now) { $0 += content }
    }
  }

  /// Permissions and owner, of a file that is replaced by a file; nothing otherwise.
  public func adoptAttributes(of existing: String, on path: String) throws(FileError) {
    try state.withLock { (tree) throws(FileError) in
      guard let wanted = tree.node(existing)?.status, wanted.kind == .file else { return }
      try tree.setAttributes(path, permissions: wanted.permissions & 0o777, owner: wanted.owner)
    }
  }

  /// Gives an entry permissions and an owner, as `chmod` and `chown` do.
  package func setAttributes(of path: String, permissions: UInt16, owner: UInt32 = 0) throws(FileError) {
    try state.withLock { (tree) throws(FileError) in
      try tree.setAttributes(path, permissions: permissions, owner: owner)
    }
  }

  /// Makes a file's content durable.
  public func sync(file path: String) throws(FileError) {
    try state.withLock { (tree) throws(FileError) in try tree.sync(file: path) }
  }

  /// Makes a directory's entries durable.
  public func sync(directory path: String) throws(FileError) {
    try state.withLock { (tree) throws(FileError) in try tree.sync(directory: path) }
  }

  /// Renames, replacing what is there.
  public func rename(_ from: String, to: String) throws(FileError) {
    let now = clock()
    try state.withLock { (tree) throws(FileError) in try tree.rename(from, to, exclusive: false, now) }
  }

  /// Renames unless something is there.
  public func renameExclusively(_ from: String, to: String) throws(FileError) {
    let now = clock()
    try state.withLock { (tree) throws(FileError) in try tree.rename(from, to, exclusive: true, now) }
  }

  /// Removes a file.
  public func remove(_ path: String) throws(FileError) {
    try state.withLock { (tree) throws(FileError) in try tree.remove(path) }
  }

  /// Creates a directory; one that exists is fine.
  public func makeDirectory(_ path: String) throws(FileError) {
    let now = clock()
    try state.withLock { (tree) throws(FileError) in
      if tree.node(path)?.status.kind == .directory { return }
      _ = try tree.create(path, .directory, "mkdir", now)
    }
  }

  /// Takes an advisory lock.
  ///
  /// - Throws: `EDEADLK` when it would have to wait: within one process nobody could be waited for.
  public func lock(_ path: String, exclusive: Bool, wait: Bool) throws(FileError) -> (any FileLock)? {
    try append(path, [])
    let taken = state.withLock { $0.lock(path, exclusive: exclusive) }
    guard let inode = taken else {
      if wait { throw Posix.error("flock", path, EDEADLK) }
      return nil
    }
    return MemoryLock { [weak self] in self?.state.withLock { $0.unlock(inode) } }
  }

  /// Gives a file another name.
  public func link(_ from: String, to: String) throws(FileError) {
    try state.withLock { (tree) throws(FileError) in try tree.link(from, to) }
  }

  /// Exchanges two entries.
  public func exchange(_ first: String, _ second: String) throws(FileError) {
    try state.withLock { (tree) throws(FileError) in try tree.exchange(first, second) }
  }

  /// Gives an entry permissions, owner and time.
  public func setAttributes(_ path: String, _ attributes: FileAttributes) throws(FileError) {
    try state.withLock { (tree) throws(FileError) in
      try tree.setAttributes(
        path, permissions: attributes.permissions & 0o777, owner: attributes.owner,
        modified: attributes.modified)
    }
  }

  /// Removes an empty directory.
  public func removeDirectory(_ path: String) throws(FileError) {
    try state.withLock { (tree) throws(FileError) in try tree.removeDirectory(path) }
  }

  /// Whether there is such a directory.
  public func isWritable(_ directory: String) -> Bool {
    state.withLock { $0.node(directory)?.status.kind == .directory }
  }
}

private final class MemoryWalkEntry: WalkEntry {
  private let files: InMemoryFileSystem
  private let path: String
  let name: UnsafeBufferPointer<UInt8>

  init(files: InMemoryFileSystem, path: String, _ name: UnsafeBufferPointer<UInt8>) {
    self.files = files
    self.path = path
    self.name = name
  }

  func status() throws(FileError) -> FileStatus {
    guard let status = try files.status(path) else { throw Posix.error("fstatat", path, ENOENT) }
    return status
  }

  func read(into buffer: inout [UInt8], limit: Int) throws(FileError) {
    buffer = try files.read(path, limit: limit)
  }
}

/// Releases once.
private final class MemoryLock: FileLock {
  private let release: Mutex<(@Sendable () -> Void)?>

  init(_ release: @escaping @Sendable () -> Void) { self.release = Mutex(release) }

  func unlock() {
    let release = release.withLock { held in
      defer { held = nil }
      return held
    }
    release?()
  }

  deinit { unlock() }
}
