import CLinux
public import DSLBase
import Glibc

/// The file system of the machine.
///
/// No method follows a symbolic link in the last component except `walk`, whose root may be one; none of them blocks on a
/// FIFO or device. Errors carry the system call's name and `errno`.
public struct PosixFileSystem: FileSystem {
  /// The file system of the machine.
  public init() {}

  /// The status of an entry (`lstat`), or `nil` when it or a directory above it does not exist.
  public func status(_ path: String) throws(FileError) -> FileStatus? {
    var raw = stat()
    if lstat(path, &raw) == 0 { return Posix.status(raw) }
    if errno == ENOENT || errno == ENOTDIR { return nil }
    throw Posix.lastError("lstat", path)
  }

  /// The content of a regular file of at most `limit` bytes.
  public func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    var buffer: [UInt8] = []
    let descriptor = try Posix.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    _ = try PosixReading.read(descriptor, path, into: &buffer, limit: limit)
    return buffer
  }

  /// Creates or truncates a file and writes all of the content.
  public func write(_ path: String, _ content: [UInt8], exclusive: Bool) throws(FileError) {
    let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | (exclusive ? O_EXCL : O_TRUNC)
    let descriptor = try Posix.open(path, flags)
    try Posix.write(descriptor, content, path)
    try descriptor.close(path)
  }

  /// Appends with `O_APPEND`, so that writers of whole lines do not tear each other's.
  public func append(_ path: String, _ content: [UInt8]) throws(FileError) {
    let descriptor = try Posix.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW)
    try Posix.write(descriptor, content, path)
    try descriptor.close(path)
  }

  /// Permissions and, where this process may give it, owner and group: a record that only its owner could read stays so.
  public func adoptAttributes(of existing: String, on path: String) throws(FileError) {
    var (wanted, present) = (stat(), stat())
    guard lstat(existing, &wanted) == 0, wanted.st_mode & S_IFMT == S_IFREG else { return }
    guard lstat(path, &present) == 0 else { throw Posix.lastError("lstat", path) }
    if wanted.st_uid != present.st_uid || wanted.st_gid != present.st_gid {
      guard lchown(path, wanted.st_uid, wanted.st_gid) == 0 || errno == EPERM else {
        throw Posix.lastError("chown", path)
      }
    }
    guard chmod(path, wanted.st_mode & 0o777) == 0 else { throw Posix.lastError("chmod", path) }
  }

  /// `fsync` of a file, once.
  public func sync(file path: String) throws(FileError) {
    let descriptor = try Posix.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try Posix.sync(descriptor, path)
  }

  /// `fsync` of a directory, once.
  public func sync(directory path: String) throws(FileError) {
    let descriptor = try Posix.open(path, O_RDONLY | O_DIRECTORY)
    try Posix.sync(descriptor, path)
  }

  /// Renames, replacing what is there.
  public func rename(_ from: String, to: String) throws(FileError) {
    guard Glibc.rename(from, to) == 0 else { throw Posix.lastError("rename", from) }
  }

  /// Renames unless something is there.
  ///
  /// On file systems without `RENAME_NOREPLACE` (some network ones) a hard link does it, which is as exclusive.
  ///
  /// - Throws: `EEXIST` when something is there.
  public func renameExclusively(_ from: String, to: String) throws(FileError) {
    let noReplace: UInt32 = 1  // RENAME_NOREPLACE, renameat2(2)
    if renameat2(AT_FDCWD, from, AT_FDCWD, to, noReplace) == 0 { return }
    guard errno == EINVAL || errno == ENOSYS else { throw Posix.lastError("renameat2", to) }
    try linkExclusively(from, to: to)
  }

  /// Renames by a hard link and a removal. After a crash between the two the file has both names; nothing is lost.
  func linkExclusively(_ from: String, to: String) throws(FileError) {
    guard Glibc.link(from, to) == 0 else { throw Posix.lastError("link", to) }
    guard unlink(from) == 0 else { throw Posix.lastError("unlink", from) }
  }

  /// Removes a file.
  public func remove(_ path: String) throws(FileError) {
    guard unlink(path) == 0 else { throw Posix.lastError("unlink", path) }
  }

  /// Creates a directory; one that exists, or a link to one, is fine.
  public func makeDirectory(_ path: String) throws(FileError) {
    if mkdir(path, 0o755) == 0 { return }
    let failure = Posix.lastError("mkdir", path)
    var raw = stat()
    guard failure.errno == EEXIST, stat(path, &raw) == 0, raw.st_mode & S_IFMT == S_IFDIR else {
      throw failure
    }
  }

  /// Takes a `flock`; the lock file is created when it is not there and is left there.
  public func lock(_ path: String, exclusive: Bool, wait: Bool) throws(FileError) -> (any FileLock)? {
    let descriptor = try Posix.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
    let operation = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB)
    while flock(descriptor.number, operation) != 0 {
      if errno == EWOULDBLOCK { return nil }
      guard errno == EINTR else { throw Posix.lastError("flock", path) }
    }
    return PosixLock(descriptor)
  }

  /// Takes a `flock` as soon as it is free: looks more and more rarely, at least every 5 ms.
  public func lock(_ path: String, exclusive: Bool, within seconds: Double) throws(FileError)
    -> (any FileLock)?
  {
    let descriptor = try Posix.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
    let operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(seconds)
    var pause: UInt32 = 50
    while flock(descriptor.number, operation) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { throw Posix.lastError("flock", path) }
      guard clock.now < deadline else { return nil }
      usleep(pause)
      pause = min(pause * 2, 5000)
    }
    return PosixLock(descriptor)
  }

  /// Whether this process may create entries in the directory, by its effective user and the mount's flags.
  public func isWritable(_ directory: String) -> Bool {
    faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0
  }
}
