extension YAMLReader {
  /// A text: any scalar but null, quoted or not.
  ///
  /// - Parameter allowEmpty: whether `""` will do.
  package func string(_ node: YAMLNode, allowEmpty: Bool = false) -> String? {
    guard case .scalar(let scalar) = node.content, !scalar.isNull else {
      report("expected a text, found \(node.kind)", at: node)
      return nil
    }
    if scalar.text.isEmpty, !allowEmpty {
      report("must not be empty", at: node)
      return nil
    }
    return scalar.text
  }

  /// `true` or `false`.
  package func bool(_ node: YAMLNode) -> Bool? {
    if case .scalar(let scalar) = node.content, let value = scalar.bool { return value }
    report("expected true or false, found \(node.kind)", at: node)
    return nil
  }

  /// A finite number within a range.
  package func number(_ node: YAMLNode, in range: ClosedRange<Double>? = nil) -> Double? {
    guard case .scalar(let scalar) = node.content, let value = scalar.number?.double, value.isFinite else {
      report("expected a number, found \(node.kind)", at: node)
      return nil
    }
    return checked(value, in: range, node)
  }

  /// A whole number within a range.
  package func integer(_ node: YAMLNode, in range: ClosedRange<Int>? = nil) -> Int? {
    guard case .scalar(let scalar) = node.content, let value = scalar.number?.int else {
      report("expected a whole number, found \(node.kind)", at: node)
      return nil
    }
    if let range, !range.contains(value) {
      report("must be from \(range.lowerBound) to \(range.upperBound), found \(value)", at: node)
      return nil
    }
    return value
  }

  /// A share, 0…1, written as a number (`0.6`) or as a percentage (`60%`).
  package func fraction(_ node: YAMLNode) -> Double? {
    guard case .scalar(let scalar) = node.content, let value = YAMLQuantity.fraction(scalar) else {
      report("expected a share such as 0.6 or 60%, found \(node.kind)", at: node)
      return nil
    }
    guard (0...1).contains(value) else {
      report("must be from 0 to 1 (0% to 100%), found \(scalar.text)", at: node)
      return nil
    }
    return value
  }

  /// A span of time in seconds, written with its unit (`250ms`, `30s`, `5m`, `2h`, `7d`) or as a number of
  /// seconds.
  ///
  /// - Parameter range: seconds.
  package func duration(_ node: YAMLNode, in range: ClosedRange<Double> = 0...31_536_000_000) -> Double? {
    guard case .scalar(let scalar) = node.content, let value = YAMLQuantity.seconds(scalar.text) else {
      report("expected a duration such as 250ms, 30s, 5m or 2h, found \(node.kind)", at: node)
      return nil
    }
    return checked(value, in: range, node)
  }

  /// One of the given words; another is noted with the nearest of them.
  package func choice(_ node: YAMLNode, of words: [String]) -> String? {
    guard let text = string(node) else { return nil }
    if words.contains(text) { return text }
    report("unknown value \"\(text)\"" + NearestSpelling.hint(for: text, among: words), at: node)
    return nil
  }

  private func checked(_ value: Double, in range: ClosedRange<Double>?, _ node: YAMLNode) -> Double? {
    guard let range, !range.contains(value) else { return value }
    func plain(_ value: Double) -> String { Int(exactly: value).map { String($0) } ?? value.description }
    let bounds = "from \(plain(range.lowerBound)) to \(plain(range.upperBound))"
    report("must be \(bounds), found \(plain(value))", at: node)
    return nil
  }
}

/// Quantities with units, as they are written in YAML, flags and environment variables.
package enum YAMLQuantity {
  /// Seconds of `250ms`, `30s`, `5m`, `2h`, `7d`, of several in a row (`1h30m`) or of a plain number; `nil`
  /// when it is none of these, negative or not finite.
  package static func seconds(_ text: String) -> Double? {
    if let plain = decimal(text[...]) { return plain }
    let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]
    var rest = text[...]
    var total = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest.dropFirst(digits.count)
      guard let amount = decimal(digits), let unit = units.first(where: { rest.hasPrefix($0.0) }) else {
        return nil
      }
      rest = rest.dropFirst(unit.0.count)
      total += amount * unit.1
    }
    return text.isEmpty ? nil : total
  }

  /// The share in `0.6` or `60%`; not checked for 0…1.
  package static func fraction(_ scalar: YAMLScalar) -> Double? {
    if scalar.text.hasSuffix("%") { return decimal(scalar.text.dropLast()).map { $0 / 100 } }
    return scalar.number?.double
  }

  /// Digits with at most one point.
  private static func decimal(_ text: Substring) -> Double? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else { return nil }
    return Double(text).flatMap { $0.isFinite ? $0 : nil }
  }
}
