/// A failed file operation: which one, on what, and the operating system's number for why.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The operation, as its system call is named: "open", "fsync", "rename".
  public let operation: String
  /// The path it was about.
  public let path: String
  /// The value of `errno`.
  public let errno: Int32
  /// What the operating system says to that number.
  public let reason: String

  /// An error of an operation.
  public init(_ operation: String, _ path: String, errno: Int32, reason: String) {
    self.operation = operation
    self.path = path
    self.errno = errno
    self.reason = reason
  }

  /// Operation, path and reason.
  public var description: String { "\(operation) \(path): \(reason)" }
}

/// What `stat` tells of a directory entry, symbolic links not followed.
public struct FileStatus: Sendable, Hashable {
  /// The kinds the engine tells apart.
  public enum Kind: UInt8, Sendable { case file, directory, symbolicLink, other }
  /// The kind.
  public var kind: Kind
  /// The inode number: a replaced file has another one.
  public var inode: UInt64
  /// The number of the file system that it is on; 0 where there is but one.
  public var device: UInt64
  /// Size in bytes.
  public var size: Int64
  /// When the content last changed, nanoseconds since the epoch.
  public var modified: Int64
  /// When content or inode last changed, nanoseconds since the epoch; not settable by programs.
  public var changed: Int64
  /// The permission bits with set-uid, set-gid and sticky: `st_mode & 0o7777`.
  public var permissions: UInt16
  /// The number of the user it belongs to.
  public var owner: UInt32
  /// The number of the group it belongs to.
  public var group: UInt32

  /// A status.
  public init(
    kind: Kind, inode: UInt64, size: Int64, modified: Int64, changed: Int64, permissions: UInt16 = 0,
    owner: UInt32 = 0, group: UInt32 = 0, device: UInt64 = 0
  ) {
    self.kind = kind
    self.inode = inode
    self.device = device
    self.size = size
    self.modified = modified
    self.changed = changed
    self.permissions = permissions
    self.owner = owner
    self.group = group
  }
}

/// One entry handed out by a walk. One object serves the whole walk: valid only during the call that hands it out.
public protocol WalkEntry: AnyObject {
  /// The name's bytes, without a terminator; not necessarily UTF-8.
  var name: UnsafeBufferPointer<UInt8> { get }
  /// The status. Asked for only when the caller needs it: it costs a system call.
  func status() throws(FileError) -> FileStatus
  /// Reads the content into the buffer, replacing what it held.
  ///
  /// - Throws: `EFBIG` beyond `limit` bytes, `ELOOP` for a symbolic link, `EINVAL` for what is not a regular file (found
  ///   out without blocking, so that a FIFO or device named like a record cannot hang a reader).
  func read(into buffer: inout [UInt8], limit: Int) throws(FileError)
}

/// The seam through which all file work goes: one method a system call that matters for durability.
///
/// Operations are as small as the kernel's so that a test can stop after each of them, fail the n-th, or reorder those
/// that no `fsync` has ordered. `AtomicFile` composes them into durable commits. Paths are absolute or relative to the
/// working directory. Nothing here follows a symbolic link in the last component, except `walk` and `status` of the
/// root that a caller names.
public protocol FileSystem: Sendable {
  /// Visits the entries of a directory, in the order the file system has them, without `.` and `..`.
  func walk(_ directory: String, _ visit: (any WalkEntry) throws -> Void) throws
  /// The status of an entry, or `nil` when there is none.
  func status(_ path: String) throws(FileError) -> FileStatus?
  /// The content of a regular file.
  ///
  /// - Throws: `ENOENT`, `EFBIG` beyond `limit`, `ELOOP` for a symbolic link, `EINVAL` for what is not a regular file.
  func read(_ path: String, limit: Int) throws(FileError) -> [UInt8]
  /// Creates a file with that content. With `exclusive` an existing one is `EEXIST`; otherwise it is truncated.
  func write(_ path: String, _ content: [UInt8], exclusive: Bool) throws(FileError)
  /// Appends in one call, creating the file if need be.
  func append(_ path: String, _ content: [UInt8]) throws(FileError)
  /// Gives a file the permissions, and if allowed the owner, of one that it is about to replace; nothing if there is none.
  func adoptAttributes(of existing: String, on path: String) throws(FileError)
  /// `fsync` of a file.
  func sync(file path: String) throws(FileError)
  /// `fsync` of a directory: makes creations, renames and removals in it durable.
  func sync(directory path: String) throws(FileError)
  /// Renames, replacing what is there.
  func rename(_ from: String, to: String) throws(FileError)
  /// Renames; `EEXIST` when something is there (`renameat2` with `RENAME_NOREPLACE`).
  func renameExclusively(_ from: String, to: String) throws(FileError)
  /// Removes a file.
  func remove(_ path: String) throws(FileError)
  /// Creates a directory; one that exists is fine.
  func makeDirectory(_ path: String) throws(FileError)
  /// Takes an advisory lock on a file, created if need be, that dies with the process (`flock`).
  ///
  /// - Returns: `nil` when another process holds it and `wait` is false.
  func lock(_ path: String, exclusive: Bool, wait: Bool) throws(FileError) -> (any FileLock)?
  /// Takes the lock as `lock(_:exclusive:wait:)` does, waiting for it a bounded time: its holder may be stopped.
  ///
  /// - Returns: `nil` when another process held it all the time.
  func lock(_ path: String, exclusive: Bool, within seconds: Double) throws(FileError) -> (any FileLock)?
  /// Whether this process may create entries in the directory.
  func isWritable(_ directory: String) -> Bool
  /// A part of a regular file, for what is too large to be held: at most `count` bytes from `offset`, none behind the end.
  ///
  /// - Throws: as `read(_:limit:)`.
  func read(_ path: String, at offset: Int64, count: Int) throws(FileError) -> [UInt8]
  /// Gives a file another name beside the one it has; `EEXIST` when something is there.
  func link(_ from: String, to: String) throws(FileError)
  /// Puts each of two entries in the place of the other, in one step (`renameat2` with `RENAME_EXCHANGE`).
  ///
  /// - Throws: `EINVAL` or `ENOSYS` where the file system cannot; nothing has changed then.
  func exchange(_ first: String, _ second: String) throws(FileError)
  /// Gives an entry permissions, times and, where this process may, an owner and a group.
  func setAttributes(_ path: String, _ attributes: FileAttributes) throws(FileError)
  /// Removes an empty directory.
  func removeDirectory(_ path: String) throws(FileError)
}

extension FileSystem {
  /// Waits without a bound, for file systems on which nobody is stopped.
  public func lock(_ path: String, exclusive: Bool, within seconds: Double) throws(FileError)
    -> (any FileLock)?
  {
    try lock(path, exclusive: exclusive, wait: true)
  }
}

/// What a restored entry is given beside its content.
public struct FileAttributes: Sendable, Hashable {
  /// The permission bits: `st_mode & 0o777`.
  public var permissions: UInt16
  /// The user it shall belong to; `nil` to leave that. Not being allowed to give it away is no error.
  public var owner: UInt32?
  /// The group, likewise.
  public var group: UInt32?
  /// When its content last changed, nanoseconds since the epoch; `nil` to leave it.
  public var modified: Int64?

  /// Attributes to give.
  public init(permissions: UInt16, owner: UInt32? = nil, group: UInt32? = nil, modified: Int64? = nil) {
    self.permissions = permissions
    self.owner = owner
    self.group = group
    self.modified = modified
  }
}

extension FileSystem {
  /// Creates a directory and those above it that are missing.
  public func makeDirectories(_ path: String) throws(FileError) {
    var missing: [String] = []
    var directory = path[...]
    while !directory.isEmpty, directory != "/", try status(String(directory)) == nil {
      missing.append(String(directory))
      guard let slash = directory.lastIndex(of: "/") else { break }
      directory = directory[..<slash]
    }
    for directory in missing.reversed() { try makeDirectory(directory) }
  }

  /// The part of the whole.
  public func read(_ path: String, at offset: Int64, count: Int) throws(FileError) -> [UInt8] {
    let content = try read(path, limit: .max)
    return Array(content.dropFirst(Int(clamping: offset)).prefix(count))
  }

  /// Not possible.
  public func link(_ from: String, to: String) throws(FileError) {
    throw FileError("link", to, errno: 38, reason: "Function not implemented")
  }

  /// Not possible.
  public func exchange(_ first: String, _ second: String) throws(FileError) {
    throw FileError("renameat2", second, errno: 38, reason: "Function not implemented")
  }

  /// Nothing, for file systems without permissions.
  public func setAttributes(_ path: String, _ attributes: FileAttributes) throws(FileError) {}

  /// Not possible.
  public func removeDirectory(_ path: String) throws(FileError) {
    throw FileError("rmdir", path, errno: 38, reason: "Function not implemented")
  }

  /// Nothing, for file systems without permissions.
  public func adoptAttributes(of existing: String, on path: String) throws(FileError) {}
}

/// A held advisory lock; released when `unlock` is called or the last reference goes.
public protocol FileLock: AnyObject, Sendable {
  /// Releases the lock. Calling it again does nothing.
  func unlock()
}
