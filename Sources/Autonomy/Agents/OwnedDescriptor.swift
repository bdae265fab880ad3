import CLinux
import DSLBase
import Glibc
import Synchronization

/// An open file that is closed when its last owner goes. All are close-on-exec.
final class OwnedDescriptor: Sendable {
  /// The number that the kernel knows it by.
  let number: Int32
  private let end = Atomic(false)

  /// Owns a descriptor; `nil` when the number says that there is none.
  init?(_ number: Int32) {
    self.number = number
    if number < 0 { return nil }
  }

  deinit { close(number) }

  /// Whether nothing more can be read.
  var hasEnded: Bool { end.load(ordering: .relaxed) }

  /// A file in memory that holds `content`, to be read from its beginning.
  ///
  /// - Throws: `DSLError` `.io`.
  static func memory(_ content: [UInt8]) throws(DSLError) -> OwnedDescriptor {
    guard let file = OwnedDescriptor(memfd_create("dsl-input", UInt32(0x1))) else {
      throw failure("memfd_create")
    }
    var written = 0
    while written < content.count {
      let count = content.withUnsafeBytes { bytes in
        Glibc.write(file.number, bytes.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failure("write") }
      written += count
    }
    lseek(file.number, 0, SEEK_SET)
    return file
  }

  /// A pipe; reading from it never waits.
  ///
  /// - Throws: `DSLError` `.io`.
  static func pipe() throws(DSLError) -> (read: OwnedDescriptor, write: OwnedDescriptor) {
    var ends: [Int32] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC) == 0, let read = OwnedDescriptor(ends[0]),
      let write = OwnedDescriptor(ends[1])
    else { throw failure("pipe2") }
    _ = fcntl(read.number, F_SETFL, O_NONBLOCK)
    return (read, write)
  }

  /// Reads what is there by now, piece by piece.
  func readAll(_ buffer: inout [UInt8], _ take: (ArraySlice<UInt8>) -> Void) {
    while !hasEnded {
      let count = Glibc.read(number, &buffer, buffer.count)
      if count > 0 {
        take(buffer[..<count])
      } else if count == 0 {
        end.store(true, ordering: .relaxed)
      } else if errno != EINTR {
        return
      }
    }
  }

  private static func failure(_ operation: String) -> DSLError {
    DSLError(.io, "\(operation) failed", cause: String(cString: strerror(errno)))
  }
}
