import CLinux
public import DSLBase
import Glibc

/// What copying, moving and removing whole trees needs.
extension PosixFileSystem {
  /// A part of a regular file (`pread`).
  public func read(_ path: String, at offset: Int64, count: Int) throws(FileError) -> [UInt8] {
    let descriptor = try Posix.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    var raw = stat()
    guard fstat(descriptor.number, &raw) == 0 else { throw Posix.lastError("fstat", path) }
    guard raw.st_mode & S_IFMT == S_IFREG else { throw Posix.error("read", path, EINVAL) }
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = pread(
          descriptor.number, buffer.baseAddress.map { $0 + filled }, count - filled,
          off_t(offset) + off_t(filled))
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = Posix.lastError("read", path) }
        guard got > 0 else { return }
        filled += got
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// A hard link.
  public func link(_ from: String, to: String) throws(FileError) {
    guard Glibc.link(from, to) == 0 else { throw Posix.lastError("link", to) }
  }

  /// `renameat2` with `RENAME_EXCHANGE`.
  public func exchange(_ first: String, _ second: String) throws(FileError) {
    let exchange: UInt32 = 2  // RENAME_EXCHANGE, renameat2(2)
    guard renameat2(AT_FDCWD, first, AT_FDCWD, second, exchange) == 0 else {
      throw Posix.lastError("renameat2", second)
    }
  }

  /// Owner first, because giving a file away clears bits of its mode; then mode and time.
  public func setAttributes(_ path: String, _ attributes: FileAttributes) throws(FileError) {
    var present = stat()
    guard lstat(path, &present) == 0 else { throw Posix.lastError("lstat", path) }
    let owner = attributes.owner ?? present.st_uid
    let group = attributes.group ?? present.st_gid
    if owner != present.st_uid || group != present.st_gid {
      guard lchown(path, owner, group) == 0 || errno == EPERM else { throw Posix.lastError("chown", path) }
    }
    guard present.st_mode & S_IFMT != S_IFLNK else { return }
    guard chmod(path, mode_t(attributes.permissions & 0o777)) == 0 else {
      throw Posix.lastError("chmod", path)
    }
    guard let modified = attributes.modified else { return }
    let second = modified / 1_000_000_000 - (modified % 1_000_000_000 < 0 ? 1 : 0)
    let time = timespec(tv_sec: Int(second), tv_nsec: Int(modified - second * 1_000_000_000))
    guard utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW) == 0 else {
      throw Posix.lastError("utimensat", path)
    }
  }

  /// `rmdir`.
  public func removeDirectory(_ path: String) throws(FileError) {
    guard rmdir(path) == 0 else { throw Posix.lastError("rmdir", path) }
  }
}
