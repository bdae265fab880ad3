package import DSLBase
package import HTTPTypes

/// A request as handlers see it: found by its route, with its parameters read.
package struct Call: Sendable {
  /// Parameters of path and query by name, as text; several values of one name in their order.
  package private(set) var values: [String: [String]] = [:]
  package var headers: HTTPFields
  package var body: [UInt8]

  package init(headers: HTTPFields = HTTPFields(), body: [UInt8] = []) {
    self.headers = headers
    self.body = body
  }

  package mutating func add(_ name: String, _ value: String) { values[name, default: []].append(value) }

  /// The last value of a parameter.
  package func text(_ name: String) -> String? { values[name]?.last }
  package func all(_ name: String) -> [String] { values[name] ?? [] }
  package func int(_ name: String) -> Int? { text(name).flatMap { Int($0) } }
  package func bool(_ name: String) -> Bool { text(name) == "true" }

  /// A time that is given as how long ago, or as such.
  package func time(_ name: String, now: Timestamp) -> Timestamp? {
    text(name).flatMap { text in
      YAMLQuantity.seconds(text).map { now.adding(seconds: -$0) } ?? Timestamp.parse(text)?.time
    }
  }
}

extension Call {
  /// The query of a URL: names and values, percent-decoded, `+` for a space.
  ///
  /// - Throws: `invalidInput` for what is no UTF-8, or no percent-encoding.
  static func pairs(query: Substring) throws(DSLError) -> [(name: String, value: String)] {
    var pairs: [(String, String)] = []
    for part in query.split(separator: "&") {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try decoded(sides[0], plusIsSpace: true)
      pairs.append((name, sides.count == 2 ? try decoded(sides[1], plusIsSpace: true) : ""))
    }
    return pairs
  }

  /// Text without its percent-encoding.
  static func decoded(_ text: Substring, plusIsSpace: Bool) throws(DSLError) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else {
          throw DSLError(.invalidInput, "a % in the URL is not followed by two hexadecimal digits")
        }
        bytes.append(high << 4 | low)
      default: bytes.append(byte)
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw DSLError(.invalidInput, "the URL holds bytes that are no UTF-8")
    }
    return decoded
  }

  private static func hex(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }
}
