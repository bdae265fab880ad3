import DSLBase

/// SHA-256 of content that comes in pieces.
struct ContentHash {
  private var function = SHA256()

  /// Takes in the next piece.
  mutating func update(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { function.update($0) } }

  /// The digest of everything so far, as 64 lower-case hex digits.
  func finished() -> String { SHA256.hex(function.digest()) }

  /// The digest of content that is at hand.
  static func of(_ bytes: [UInt8]) -> String { SHA256.hex(of: bytes) }
}
