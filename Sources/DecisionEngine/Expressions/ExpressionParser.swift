import DSLBase

/// Why a text is no expression.
struct ExpressionError: Error, Equatable {
  let reason: String
  /// Characters before the place, from 0.
  let offset: Int
}

/// Reads expressions:
///
/// ```
/// sum     := product (("+" | "-") product)*
/// product := unary (("*" | "/") unary)*
/// unary   := "-" unary | number | name | function "(" sum ("," sum)* ")" | "(" sum ")"
/// ```
struct ExpressionParser {
  private let text: [UInt8]
  private var position = 0
  private var depth = 0
  private static let maxDepth = 50
  private static let maxLength = 500

  private init(_ text: String) { self.text = Array(text.utf8) }

  /// Reads a whole text.
  ///
  /// - Throws: what is wrong and after how many characters.
  static func parse(_ text: String) throws(ExpressionError) -> Expression {
    var parser = ExpressionParser(text)
    guard parser.text.count <= maxLength else {
      throw ExpressionError(reason: "longer than \(maxLength) characters", offset: maxLength)
    }
    let expression = try parser.sum()
    parser.skipBlanks()
    if parser.position < parser.text.count { throw parser.error("unexpected \(parser.here)") }
    return expression
  }

  private func error(_ reason: String) -> ExpressionError {
    ExpressionError(reason: reason, offset: position)
  }

  private var here: String {
    guard position < text.count else { return "end" }
    let rest = String(decoding: text[position...], as: UTF8.self)
    return "\"\(rest.prefix(1))\""
  }

  private mutating func skipBlanks() { while position < text.count, text[position] <= 32 { position += 1 } }

  private mutating func take(_ symbols: String) -> Expression.Operator? {
    skipBlanks()
    guard position < text.count, symbols.utf8.contains(text[position]) else { return nil }
    defer { position += 1 }
    return Expression.Operator(rawValue: Character(Unicode.Scalar(text[position])))
  }

  private mutating func take(_ symbol: Character) -> Bool {
    skipBlanks()
    guard position < text.count, Character(Unicode.Scalar(text[position])) == symbol else { return false }
    position += 1
    return true
  }

  private mutating func sum() throws(ExpressionError) -> Expression {
    var left = try product()
    while let op = take("+-") { left = .binary(op, left, try product()) }
    return left
  }

  private mutating func product() throws(ExpressionError) -> Expression {
    var left = try unary()
    while let op = take("*/") { left = .binary(op, left, try unary()) }
    return left
  }

  private mutating func unary() throws(ExpressionError) -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.maxDepth else { throw error("nested deeper than \(Self.maxDepth)") }
    if take("-") { return .negated(try unary()) }
    if take("(") {
      let inner = try sum()
      guard take(")") else { throw error("expected \")\", found \(here)") }
      return inner
    }
    skipBlanks()
    let start = position
    while position < text.count, Self.isWord(text[position]) { position += 1 }
    let word = String(decoding: text[start..<position], as: UTF8.self)
    guard let first = word.utf8.first else { throw error("expected a number or a name, found \(here)") }
    if (48...57).contains(first) || first == UInt8(ascii: ".") {
      if let number = Double(word), number.isFinite { return .number(number) }
      position = start
      throw error("\"\(word)\" is not a number")
    }
    return take("(") ? try call(word, at: start) : .name(word)
  }

  private mutating func call(_ word: String, at start: Int) throws(ExpressionError) -> Expression {
    guard let function = Expression.Function(rawValue: word) else {
      let known = Expression.Function.allCases.map(\.rawValue)
      throw ExpressionError(
        reason: "unknown function \"\(word)\"" + NearestSpelling.hint(for: word, among: known), offset: start)
    }
    var arguments = [try sum()]
    while take(",") { arguments.append(try sum()) }
    guard take(")") else { throw error("expected \")\" or \",\", found \(here)") }
    guard function.arity.contains(arguments.count) else {
      let (low, high) = (function.arity.lowerBound, function.arity.upperBound)
      let wanted = low == high ? "\(low)" : "\(low) to \(high)"
      throw ExpressionError(reason: "\(word) takes \(wanted) values, not \(arguments.count)", offset: start)
    }
    return .call(function, arguments)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: ".")
  }
}
