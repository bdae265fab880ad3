import DSLBase

/// Steps over the top-level members of a record, refusing what is not one JSON object with distinct names.
///
/// One value serves a whole scan, so that its memory is allocated once.
struct RecordText {
  /// What a text turned out to be.
  enum Shape {
    case object
    /// An array: a collection, not a record.
    case array
  }

  private var names = NameLedger()

  /// Visits every member with its name, escapes resolved.
  ///
  /// - Returns: what the text is; an array is validated but not visited.
  /// - Throws: `JSONError` for what is not JSON, not an object or array, or has a name twice.
  mutating func forEachMember(
    _ bytes: UnsafeBufferPointer<UInt8>, _ visit: (UnsafeBufferPointer<UInt8>, RawValue) -> Void
  ) throws(JSONError) -> Shape {
    names.reset()
    var scanner = JSONScanner(bytes)
    scanner.skipWhitespace()
    let start = scanner.position
    guard let first = scanner.current else { throw scanner.failure("the file is empty") }
    if first == UInt8(ascii: "[") {
      try scanner.skipValue()
      try scanner.finish()
      return .array
    }
    try scanner.forEachMember { (member, scanner) throws(JSONError) in
      let value = RawValue(rebasing: bytes, member.value)
      if member.key.escaped {
        let name = Array(try scanner.text(member.key).utf8)
        name.withUnsafeBufferPointer { name in
          names.note(name)
          visit(name, value)
        }
      } else {
        let name = UnsafeBufferPointer(rebasing: bytes[member.key.range])
        names.note(name)
        visit(name, value)
      }
    }
    try scanner.finish()
    if names.mayRepeat { try Self.checkNames(bytes, from: start) }
    return .object
  }

  /// Compares the names themselves, where the ledger suspects a repetition.
  private static func checkNames(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) throws(JSONError) {
    var seen: Set<[UInt8]> = []
    var scanner = JSONScanner(UnsafeBufferPointer(rebasing: bytes[start...]))
    try scanner.forEachMember { (member, scanner) throws(JSONError) in
      let name = try scanner.text(member.key)
      guard seen.insert(Array(name.utf8)).inserted else {
        throw JSONError("duplicate key \"\(FileName.shown(name))\"", at: start + member.key.range.lowerBound)
      }
    }
  }
}

/// Tells whether names may have repeated, by their hashes and without keeping them.
///
/// A repeated name always shows; two names of one hash show too, so a hit is checked against the names themselves.
private struct NameLedger {
  private static let linear = 32
  private var few: [UInt64] = []
  private var many: Set<UInt64> = []
  private(set) var mayRepeat = false

  mutating func reset() {
    few.removeAll(keepingCapacity: true)
    if !many.isEmpty { many.removeAll(keepingCapacity: false) }
    mayRepeat = false
  }

  mutating func note(_ name: UnsafeBufferPointer<UInt8>) {
    if mayRepeat { return }
    let hash = Self.hash(name)
    if few.contains(hash) || (!many.isEmpty && many.contains(hash)) {
      mayRepeat = true
    } else if few.count < Self.linear {
      few.append(hash)
    } else {
      many.insert(hash)
    }
  }

  /// FNV-1a, 64 bits.
  private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }
}
