import CZlib

/// Expands gzip bodies (RFC 1952) in one go, up to a limit.
enum Gunzip {
  enum Problem: Error {
    /// It expands beyond the limit, as a decompression bomb does.
    case tooLarge
    case damaged(String)
  }

  /// Expands a body; several members one behind the other count as one.
  ///
  /// - Parameter limit: bytes.
  /// - Complexity: O(expanded bytes); never holds more than twice what has come out so far.
  static func expanded(_ body: [UInt8], limit: Int) throws(Problem) -> [UInt8] {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    let gzipOnly: Int32 = 15 + 16  // zlib.h, inflateInit2
    guard inflateInit2_(stream, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .damaged("decompression cannot begin")
    }
    defer { inflateEnd(stream) }
    var output: [UInt8] = []
    var consumed = 0
    repeat {
      guard inflateReset(stream) == Z_OK else { throw .damaged("decompression cannot begin") }
      try member(stream, body, &consumed, &output, limit)
    } while consumed < body.count
    return output
  }

  /// Expands one member.
  private static func member(
    _ stream: UnsafeMutablePointer<z_stream>, _ body: [UInt8], _ consumed: inout Int,
    _ output: inout [UInt8], _ limit: Int
  ) throws(Problem) {
    while true {
      let room = min(max(64 << 10, output.count), limit + 1 - output.count)
      guard room > 0 else { throw .tooLarge }
      let start = output.count
      output.append(contentsOf: repeatElement(0, count: room))
      let status = body.withUnsafeBufferPointer { input in
        output.withUnsafeMutableBufferPointer { free in
          stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress.map { $0 + consumed })
          stream.pointee.avail_in = UInt32(clamping: input.count - consumed)
          stream.pointee.next_out = free.baseAddress.map { $0 + start }
          stream.pointee.avail_out = UInt32(room)
          return inflate(stream, Z_NO_FLUSH)
        }
      }
      consumed = body.count - Int(stream.pointee.avail_in)
      output.removeLast(Int(stream.pointee.avail_out))
      guard output.count <= limit else { throw .tooLarge }
      switch status {
      case Z_STREAM_END: return
      case Z_OK where output.count > start || consumed < body.count: continue
      case Z_OK, Z_BUF_ERROR: throw .damaged("it is cut short")
      default: throw .damaged(stream.pointee.msg.map { String(cString: $0) } ?? "zlib says \(status)")
      }
    }
  }
}
