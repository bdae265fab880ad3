import DSLBase
import Glibc

/// Thin wrappers over the system calls: `EINTR` is handled here and every failure becomes a `FileError`.
enum Posix {
  /// What `strerror` says to a number.
  static func reason(_ number: Int32) -> String {
    guard let text = strerror(number) else { return "error \(number)" }
    return String(cString: text)
  }

  /// The error of the call that failed last.
  static func lastError(_ operation: String, _ path: String) -> FileError { error(operation, path, errno) }

  static func error(_ operation: String, _ path: String, _ number: Int32) -> FileError {
    FileError(operation, path, errno: number, reason: reason(number))
  }

  /// Opens relative to the working directory; never follows a link in the last component unless `flags` leave that out.
  static func open(
    _ path: String, _ flags: Int32, mode: mode_t = 0o644
  ) throws(FileError) -> Descriptor {
    while true {
      let number = Glibc.open(path, flags | O_CLOEXEC, mode)
      if number >= 0 { return Descriptor(number) }
      guard errno == EINTR else { throw lastError("open", path) }
    }
  }

  /// Writes all of the bytes, however many calls that takes.
  static func write(_ descriptor: borrowing Descriptor, _ content: [UInt8], _ path: String) throws(FileError)
  {
    var offset = 0
    while offset < content.count {
      let written = content.withUnsafeBytes { bytes in
        Glibc.write(descriptor.number, bytes.baseAddress.map { $0 + offset }, content.count - offset)
      }
      if written > 0 {
        offset += written
      } else if written < 0, errno != EINTR {
        throw lastError("write", path)
      }
    }
  }

  /// `fsync`, once: after a failure the kernel takes the pages for clean, so a second call would lie.
  static func sync(_ descriptor: borrowing Descriptor, _ path: String) throws(FileError) {
    guard fsync(descriptor.number) == 0 else { throw lastError("fsync", path) }
  }

  static func status(_ raw: stat) -> FileStatus {
    let kind: FileStatus.Kind =
      switch raw.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      default: .other
      }
    return FileStatus(
      kind: kind, inode: UInt64(raw.st_ino), size: Int64(raw.st_size), modified: nanoseconds(raw.st_mtim),
      changed: nanoseconds(raw.st_ctim), permissions: UInt16(truncatingIfNeeded: raw.st_mode & 0o7777),
      owner: raw.st_uid, group: raw.st_gid, device: UInt64(raw.st_dev))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

/// An open file descriptor that is closed exactly once, at the end of its scope.
struct Descriptor: ~Copyable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  /// Closes and tells of an error that only now comes to light (NFS, quotas). `EINTR` counts as closed, as on Linux it is.
  consuming func close(_ path: String) throws(FileError) {
    let number = number
    discard self
    guard Glibc.close(number) == 0 || errno == EINTR else { throw Posix.lastError("close", path) }
  }

  deinit { _ = Glibc.close(number) }
}
