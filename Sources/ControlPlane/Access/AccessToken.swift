package import DSLBase

/// The secret that changes need. Only its digest is kept, and compared.
package struct AccessToken: Sendable {
  /// Shorter ones can be guessed.
  private static let shortest = 16
  private static let longest = 4096

  private let digest: [UInt8]

  /// - Parameters:
  ///   - text: the token; white space around it does not count.
  ///   - source: where it stands, for the message.
  /// - Throws: `invalidInput` when it is too short, or cannot be sent in a header.
  package init(_ text: String, source: String) throws(DSLError) {
    let bytes = text.utf8.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
    guard (Self.shortest...Self.longest).contains(bytes.count),
      bytes.allSatisfy({ (0x21...0x7E).contains($0) })
    else {
      throw DSLError(
        .invalidInput,
        "\(source): a token is \(Self.shortest) or more printable ASCII characters without spaces",
        fix: "make one: openssl rand -hex 32 > token")
    }
    digest = SHA256.digest(of: Array(bytes))
  }

  /// Reads the first line of a file.
  ///
  /// - Throws: `invalidInput`, `io`.
  package init(file: String, _ files: any FileSystem) throws(DSLError) {
    let bytes: [UInt8]
    do { bytes = try files.read(file, limit: 64 << 10) } catch {
      throw DSLError(.io, "the token file \(file) cannot be read", cause: error.reason)
    }
    let line = bytes.prefix { $0 != 0x0A }
    try self.init(String(decoding: line, as: UTF8.self), source: file)
  }

  /// Whether it is the token. Takes as long whatever the difference: digests of equal length are compared whole.
  package func matches(_ text: some StringProtocol) -> Bool {
    let other = SHA256.digest(of: Array(text.utf8))
    var difference: UInt8 = 0
    for (left, right) in zip(digest, other) { difference |= left ^ right }
    return difference == 0
  }
}
