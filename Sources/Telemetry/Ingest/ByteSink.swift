/// Bytes that grow at their end, written without a check for each: whoever writes makes room first.
struct ByteSink: ~Copyable {
  private(set) var base: UnsafeMutableRawPointer
  private(set) var count = 0
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = max(64, capacity)
    base = .allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  /// Makes room for `extra` bytes.
  @inline(__always)
  mutating func reserve(_ extra: Int) {
    if capacity - count < extra { grow(extra) }
  }

  @inline(never)
  private mutating func grow(_ extra: Int) {
    capacity = max(capacity * 2, count + extra)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    larger.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = larger
  }

  /// Forgets what lies behind `length`.
  mutating func truncate(to length: Int) { count = length }

  @inline(__always)
  mutating func append(byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// A fixed-size integer, least significant byte first.
  @inline(__always)
  mutating func append(word: UInt64) {
    reserve(8)
    base.storeBytes(of: word.littleEndian, toByteOffset: count, as: UInt64.self)
    count += 8
  }

  /// LEB128: seven bits a byte, least significant first.
  @inline(__always)
  mutating func append(varint value: UInt64) {
    reserve(10)
    var rest = value
    while rest >= 0x80 {
      base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: count, as: UInt8.self)
      count += 1
      rest >>= 7
    }
    base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: count, as: UInt8.self)
    count += 1
  }

  @inline(__always)
  mutating func append(_ start: UnsafePointer<UInt8>, _ length: Int) {
    reserve(length)
    (base + count).copyMemory(from: start, byteCount: length)
    count += length
  }

  /// Whatever the value consists of in memory: for structures without padding.
  @inline(__always)
  mutating func append<Value: BitwiseCopyable>(raw value: Value) {
    reserve(MemoryLayout<Value>.size)
    (base + count).storeBytes(of: value, as: Value.self)
    count += MemoryLayout<Value>.size
  }

  /// What was written.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}
