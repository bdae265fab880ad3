import CZlib
import DSLBase

/// Compresses a stream as gzip (RFC 1952). The same input gives the same output: the header holds no time and no name.
final class GzipWriter {
  private let stream: UnsafeMutablePointer<z_stream>
  private var output = [UInt8](repeating: 0, count: 128 << 10)
  private let sink: ([UInt8]) throws -> Void
  /// Compressed bytes handed to the sink so far.
  private(set) var written: Int64 = 0

  /// A stream that ends in `sink`, which gets up to 128 KiB at a time.
  ///
  /// - Throws: `internalError` when zlib has no memory.
  init(_ sink: @escaping ([UInt8]) throws -> Void) throws(DSLError) {
    self.sink = sink
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let gzip: Int32 = 15 + 16  // the largest window; 16 asks for a gzip header (zlib.h, deflateInit2)
    let status = deflateInit2_(
      stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      throw DSLError(.internalError, "compression cannot begin", cause: "zlib: \(status)")
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Takes in the next piece.
  ///
  /// - Throws: what the sink throws.
  func write(_ bytes: ArraySlice<UInt8>) throws { try run(bytes, Z_NO_FLUSH) }

  /// Ends the stream.
  ///
  /// - Throws: what the sink throws.
  func finish() throws { try run([], Z_FINISH) }

  private func run(_ bytes: ArraySlice<UInt8>, _ flush: Int32) throws {
    try bytes.withUnsafeBufferPointer { input in
      stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.pointee.avail_in = UInt32(input.count)
      while true {
        let (status, produced) = output.withUnsafeMutableBufferPointer { buffer in
          stream.pointee.next_out = buffer.baseAddress
          stream.pointee.avail_out = UInt32(buffer.count)
          let status = deflate(stream, flush)
          return (status, buffer.count - Int(stream.pointee.avail_out))
        }
        if produced > 0 {
          written += Int64(produced)
          try sink(Array(output[..<produced]))
        }
        guard status == Z_OK || status == Z_BUF_ERROR, produced == output.count else { return }
      }
    }
  }
}
