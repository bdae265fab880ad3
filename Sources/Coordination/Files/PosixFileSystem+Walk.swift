import CLinux
public import DSLBase
import Glibc

extension PosixFileSystem {
  /// Visits the entries of a directory; the root itself may be a symbolic link.
  ///
  /// Names come straight from the kernel's buffer and files are opened relative to the directory's descriptor, so a visit
  /// costs no allocation.
  ///
  /// - Throws: `FileError` when the directory cannot be opened or read on, and what `visit` throws.
  public func walk(_ directory: String, _ visit: (any WalkEntry) throws -> Void) throws {
    let descriptor = try Posix.open(directory, O_RDONLY | O_DIRECTORY)
    let capacity = 256 * 1024
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
    defer { buffer.deallocate() }
    let entry = PosixWalkEntry(directory: descriptor.number, path: directory, buffer)
    while true {
      let length = getdents64(descriptor.number, buffer, capacity)
      if length < 0, errno == EINTR { continue }
      guard length >= 0 else { throw Posix.lastError("getdents64", directory) }
      if length == 0 { return }
      var offset = 0
      while offset < length {
        let record = UnsafeRawBufferPointer(start: buffer + offset, count: length - offset)
        guard let size = entry.move(to: record) else { throw Posix.error("getdents64", directory, EIO) }
        if !entry.isDotOrDotDot { try visit(entry) }
        offset += size
      }
    }
  }
}

/// The entry under a walk.
///
/// Layout of a `struct linux_dirent64` (getdents64(2)): inode 8 bytes, offset 8, length of the record 2, type 1, name,
/// zero byte.
private final class PosixWalkEntry: WalkEntry {
  private static let nameOffset = 19

  private let directory: Int32
  private let path: String
  /// The name with its zero byte.
  private var pointer: UnsafePointer<CChar>
  private(set) var name = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
  /// The status found when the file was read, which belongs to the content.
  private var known: FileStatus?

  init(directory: Int32, path: String, _ buffer: UnsafeMutableRawPointer) {
    pointer = UnsafeRawPointer(buffer).assumingMemoryBound(to: CChar.self)
    self.directory = directory
    self.path = path
  }

  /// Makes the record at the start of the buffer the current one.
  ///
  /// - Returns: its length, or `nil` when it is no record.
  func move(to record: UnsafeRawBufferPointer) -> Int? {
    guard record.count > Self.nameOffset, let base = record.baseAddress else { return nil }
    let size = Int(record.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
    guard size > Self.nameOffset, size <= record.count else { return nil }
    let start = base + Self.nameOffset
    pointer = start.assumingMemoryBound(to: CChar.self)
    name = UnsafeBufferPointer(start: start.assumingMemoryBound(to: UInt8.self), count: strlen(pointer))
    known = nil
    return size
  }

  var isDotOrDotDot: Bool {
    name.count == 1 && name[0] == UInt8(ascii: ".")
      || name.count == 2 && name[0] == UInt8(ascii: ".") && name[1] == UInt8(ascii: ".")
  }

  func status() throws(FileError) -> FileStatus {
    if let known { return known }
    var raw = stat()
    guard fstatat(directory, pointer, &raw, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw Posix.lastError("fstatat", fullPath)
    }
    let status = Posix.status(raw)
    known = status
    return status
  }

  func read(into buffer: inout [UInt8], limit: Int) throws(FileError) {
    var number: Int32
    repeat {
      number = openat(directory, pointer, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    } while number < 0 && errno == EINTR
    guard number >= 0 else { throw openError(errno) }
    known = try PosixReading.read(Descriptor(number), self.fullPath, into: &buffer, limit: limit)
  }

  /// A socket cannot be opened at all (`ENXIO`); like a FIFO or directory it is simply not a regular file.
  private func openError(_ number: Int32) -> FileError {
    Posix.error("open", fullPath, number == ENXIO ? EINVAL : number)
  }

  private var fullPath: String { path + "/" + String(decoding: name, as: UTF8.self) }
}
