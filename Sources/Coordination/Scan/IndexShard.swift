/// A shard of the index as bytes: checksum, format version, assumed zone, then the packed entries. All little-endian.
enum IndexShard {
  /// Raised whenever the meaning of an entry changes; shards of another format are ignored.
  static let format: UInt64 = 1
  private static let header = 24

  static func pack(_ entries: [IndexEntry], assumedOffset: Int) -> [UInt8] {
    let count = header + entries.count * IndexEntry.size
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      func put(_ word: UInt64, at offset: Int) {
        raw.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
      }
      put(format, at: 8)
      put(UInt64(bitPattern: Int64(assumedOffset)), at: 16)
      var offset = header
      for entry in entries {
        let words = entry.words
        put(words.0, at: offset)
        put(words.1, at: offset + 8)
        put(words.2, at: offset + 16)
        put(words.3, at: offset + 24)
        put(words.4, at: offset + 32)
        put(words.5, at: offset + 40)
        put(words.6, at: offset + 48)
        put(words.7, at: offset + 56)
        offset += IndexEntry.size
      }
      put(checksum(UnsafeRawBufferPointer(raw)), at: 0)
      initialized = count
    }
  }

  /// Appends the entries of a shard.
  ///
  /// - Returns: whether the bytes are a whole shard of this format and zone; nothing is appended otherwise.
  static func unpack(_ bytes: UnsafeRawBufferPointer, assumedOffset: Int, into entries: inout [IndexEntry])
    -> Bool
  {
    guard bytes.count >= header, (bytes.count - header) % IndexEntry.size == 0 else { return false }
    func word(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    guard word(8) == format, word(16) == UInt64(bitPattern: Int64(assumedOffset)), word(0) == checksum(bytes)
    else {
      return false
    }
    for offset in stride(from: header, to: bytes.count, by: IndexEntry.size) {
      entries.append(IndexEntry { word(offset + 8 * $0) })
    }
    return true
  }

  /// Covers everything behind itself, word by word: multiply, rotate, exclusive or. Finds torn and flipped bytes; it is no
  /// protection against anybody who wants to deceive.
  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var sum: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
    for offset in stride(from: 8, to: bytes.count, by: 8) {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      sum = (sum ^ word) &* 0xD6E8_FEB8_6659_FD93
      sum = sum << 29 | sum >> 35
    }
    return sum
  }
}
