import DSLBase
import Glibc

/// Reading a regular file with as few system calls as possible: `fstat` and, for a file that does not grow, one `read`.
enum PosixReading {
  /// Replaces the buffer's content by the file's.
  ///
  /// One byte more than the size is asked for, so that a short answer shows the end of the file without another call.
  ///
  /// - Returns: the status of the very file that was read.
  /// - Throws: `EINVAL` for what is not a regular file, `EFBIG` beyond `limit` (nothing is read then).
  static func read(
    _ descriptor: borrowing Descriptor, _ path: @autoclosure () -> String, into buffer: inout [UInt8],
    limit: Int
  ) throws(FileError) -> FileStatus {
    var raw = stat()
    guard fstat(descriptor.number, &raw) == 0 else { throw Posix.lastError("fstat", path()) }
    let status = Posix.status(raw)
    guard status.kind == .file else { throw Posix.error("read", path(), EINVAL) }
    guard status.size <= limit else { throw Posix.error("read", path(), EFBIG) }
    buffer.removeAll(keepingCapacity: true)
    var expected = Int(status.size)
    while true {
      let wanted = expected - buffer.count + 1
      let got = append(descriptor.number, wanted, to: &buffer)
      if got < 0 {
        guard errno == EINTR else { throw Posix.lastError("read", path()) }
        continue
      }
      if got == 0 || (got < wanted && buffer.count == expected) { return status }
      guard buffer.count <= limit else {
        buffer.removeAll(keepingCapacity: true)
        throw Posix.error("read", path(), EFBIG)
      }
      if buffer.count >= expected { expected = min(limit, 2 * buffer.count) }
    }
  }

  private static func append(_ descriptor: Int32, _ wanted: Int, to buffer: inout [UInt8]) -> Int {
    var got = 0
    buffer.append(addingCapacity: wanted) { span in
      span.withUnsafeMutableBufferPointer { free, initialized in
        got = Glibc.read(descriptor, free.baseAddress, wanted)
        if got > 0 { initialized += got }
      }
    }
    return got
  }
}
