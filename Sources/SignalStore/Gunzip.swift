import CZlib

/// Expands gzip bodies (RFC 1952) up to a limit, a piece at a time, so that a decompression bomb costs no more than the
/// limit: neither time nor memory.
enum Gunzip {
  enum Problem: Error, Equatable {
    /// It expands beyond the limit. So many bytes of it were read until then.
    case tooLarge(read: Int)
    /// There is no room for what it expands to at the moment.
    case noRoom
    case damaged(String)
  }

  /// The first piece, bytes, where the body does not say how much it expands to.
  private static let piece = 64 << 10

  /// Expands a body; several members one behind the other count as one.
  ///
  /// What the body says of its own size is believed only to have room for it at once: whether it is too large, or damaged,
  /// shows when it is read.
  ///
  /// - Parameters:
  ///   - limit: bytes.
  ///   - spare: bytes of capacity behind what comes out.
  ///   - grow: asked before each piece whether there is room for so many bytes more; all of them together are never more
  ///     than `limit` + 1.
  /// - Complexity: O(expanded bytes), at most O(limit); holds what has come out so far, and twice that while it grows.
  static func expanded(
    _ body: [UInt8], limit: Int, spare: Int = 0, grow: (Int) -> Bool = { _ in true }
  ) throws(Problem) -> [UInt8] {
    let declared = declaredSize(body)
    var expansion = try Expansion()
    var (output, room): ([UInt8], Int) = ([], 0)
    // One byte more than is allowed tells that there is more.
    var wanted = min(declared > 0 ? declared + 1 : piece, limit + 1)
    while true {
      guard grow(wanted - room) else { throw .noRoom }
      room = wanted
      let old = output
      var state = Expansion.State.hungry
      output = [UInt8](unsafeUninitializedCapacity: room + spare) { buffer, count in
        _ = buffer.update(fromContentsOf: old)
        count = old.count
        state = expansion.run(body, into: UnsafeMutableBufferPointer(rebasing: buffer[..<room]), &count)
      }
      switch state {
      case .done where output.count <= limit: return output
      case .damaged(let reason): throw .damaged(reason)
      case .done, .hungry:
        guard output.count <= limit else { throw .tooLarge(read: expansion.consumed) }
        wanted = min(2 * room, limit + 1)
      }
    }
  }

  /// What the last member says that it expands to, modulo 2³²: the four bytes at its end. No more than can be: deflate makes
  /// 1,032 bytes of one at most (zlib's documentation, "Maximum Expansion Factor").
  private static func declaredSize(_ body: [UInt8]) -> Int {
    min(body.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }, 1032 * body.count)
  }
}

/// A stream of zlib's, fed with one body.
private struct Expansion: ~Copyable {
  enum State {
    /// All was expanded.
    case done
    /// There is more than fits.
    case hungry
    case damaged(String)
  }

  private let stream: UnsafeMutablePointer<z_stream>
  /// Bytes of the body that were read.
  private(set) var consumed = 0
  private var isBetweenMembers = false

  init() throws(Gunzip.Problem) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let gzipOnly: Int32 = 15 + 16  // zlib.h, inflateInit2
    guard inflateInit2_(stream, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      stream.deallocate()
      throw .damaged("decompression cannot begin")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Goes on until all is expanded or `output` is full.
  ///
  /// - Parameter count: bytes of `output` that are taken.
  mutating func run(_ body: [UInt8], into output: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int)
    -> State
  {
    body.withUnsafeBufferPointer { input in
      while true {
        if isBetweenMembers {
          guard consumed < input.count else { return .done }
          inflateReset(stream)
          isBetweenMembers = false
        }
        guard count < output.count else { return .hungry }
        let before = (consumed, count)
        let status = step(input, output, &count)
        switch status {
        case Z_STREAM_END: isBetweenMembers = true
        case Z_OK where before != (consumed, count): continue
        case Z_OK, Z_BUF_ERROR: return .damaged("it is cut short")
        default: return .damaged(stream.pointee.msg.map { String(cString: $0) } ?? "zlib says \(status)")
        }
      }
    }
  }

  private mutating func step(
    _ input: UnsafeBufferPointer<UInt8>, _ output: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int
  ) -> Int32 {
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress.map { $0 + consumed })
    let given = UInt32(clamping: input.count - consumed)
    stream.pointee.avail_in = given
    stream.pointee.next_out = output.baseAddress.map { $0 + count }
    stream.pointee.avail_out = UInt32(clamping: output.count - count)
    let free = Int(stream.pointee.avail_out)
    let status = inflate(stream, Z_NO_FLUSH)
    consumed += Int(given - stream.pointee.avail_in)
    count += free - Int(stream.pointee.avail_out)
    return status
  }
}
