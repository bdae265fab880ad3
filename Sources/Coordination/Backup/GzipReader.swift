import CZlib
import DSLBase

/// Decompresses gzip (RFC 1952), and finds out when it is damaged, cut short or a bomb.
///
/// Several members one after another count as one stream, as gzip(1) has it; zeros behind the last are padding.
final class GzipReader {
  private let stream: UnsafeMutablePointer<z_stream>
  private let source: () throws -> [UInt8]
  private let limits: ArchiveLimits
  private let name: String
  private var input: [UInt8] = []
  private var position = 0
  private var sourceEnded = false
  private var inMember = true
  private var ended = false
  /// Compressed bytes taken from the source so far.
  private(set) var compressed: Int64 = 0
  /// Bytes that came out so far.
  private(set) var expanded: Int64 = 0

  /// A reader of what `source` hands out in pieces; an empty piece is the end.
  ///
  /// - Parameter name: the archive's, for messages.
  init(name: String, limits: ArchiveLimits, _ source: @escaping () throws -> [UInt8]) throws(DSLError) {
    self.name = name
    self.limits = limits
    self.source = source
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let gzipOnly: Int32 = 15 + 16  // zlib.h, inflateInit2
    let status = inflateInit2_(stream, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      throw DSLError(.internalError, "decompression cannot begin", cause: "zlib: \(status)")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// The next piece of content; empty at the end, which is only reached when every checksum was right.
  ///
  /// - Throws: `corrupt` for a damaged or truncated stream; `invalidInput` when it grows beyond the limits; what the
  ///   source throws.
  func next() throws -> [UInt8] {
    var output = [UInt8](repeating: 0, count: 128 << 10)
    while !ended {
      try refill()
      if !inMember, try atEnd() { break }
      let produced = try inflateSome(&output)
      guard produced > 0 else { continue }
      expanded += Int64(produced)
      try checkLimits()
      output.removeLast(output.count - produced)
      return output
    }
    return []
  }

  private func refill() throws {
    guard position == input.count, !sourceEnded else { return }
    input = try source()
    position = 0
    compressed += Int64(input.count)
    sourceEnded = input.isEmpty
  }

  /// Between members: whether nothing but padding follows.
  private func atEnd() throws -> Bool {
    while true {
      if let next = input[position...].firstIndex(where: { $0 != 0 }) {
        guard next == position, input[next] == 0x1F else {
          throw damaged("there is something behind its end")
        }
        inflateReset(stream)
        inMember = true
        return false
      }
      position = input.count
      guard !sourceEnded else { break }
      try refill()
    }
    ended = true
    return true
  }

  private func inflateSome(_ output: inout [UInt8]) throws -> Int {
    let capacity = output.count
    let (status, produced) = output.withUnsafeMutableBufferPointer { free in
      input.withUnsafeBufferPointer { given in
        stream.pointee.next_in = UnsafeMutablePointer(mutating: given.baseAddress.map { $0 + position })
        stream.pointee.avail_in = UInt32(given.count - position)
        stream.pointee.next_out = free.baseAddress
        stream.pointee.avail_out = UInt32(capacity)
        let status = inflate(stream, Z_NO_FLUSH)
        position = given.count - Int(stream.pointee.avail_in)
        return (status, capacity - Int(stream.pointee.avail_out))
      }
    }
    switch status {
    case Z_STREAM_END: inMember = false
    case Z_OK, Z_BUF_ERROR:
      guard produced > 0 || !sourceEnded else { throw damaged("it is cut short") }
    default: throw damaged(stream.pointee.msg.map { String(cString: $0) } ?? "zlib: \(status)")
    }
    return produced
  }

  private func checkLimits() throws(DSLError) {
    guard expanded <= limits.bytes else {
      throw DSLError(
        .invalidInput, "\(name) holds more than \(limits.bytes) bytes",
        fix: "unpack it by hand if it is yours")
    }
    guard expanded <= limits.ratioAfter || expanded / max(1, compressed) <= limits.ratio else {
      throw DSLError(
        .invalidInput, "\(name) expands more than \(limits.ratio) times, as only a decompression bomb does",
        fix: "do not trust it; unpack it by hand if you know what it is")
    }
  }

  private func damaged(_ reason: String) -> DSLError {
    DSLError(.corrupt, "\(name) is damaged", cause: "gzip: \(reason)", fix: "use another backup")
  }
}

/// How much an archive may hold before it is refused.
package struct ArchiveLimits: Sendable, Equatable {
  /// Entries.
  package var entries = 2_000_000
  /// Bytes of all content, headers and padding.
  package var bytes: Int64 = 256 << 30
  /// How many times larger than the compressed stream the content may be, once it has more than `ratioAfter` bytes.
  /// Deflate reaches 1032; JSON records and SQLite pages stay far below 200.
  package var ratio: Int64 = 200
  package var ratioAfter: Int64 = 64 << 20
  /// Directories above an entry.
  package var depth = 32

  package init() {}
}
