/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, as a phrase: "unexpected end", "duplicate key \"id\"".
  public let reason: String
  /// Byte offset into the text at which it was noticed.
  public let offset: Int

  /// An error at a byte offset.
  public init(_ reason: String, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  /// The reason with its place.
  public var description: String { "\(reason) at byte \(offset)" }
}
