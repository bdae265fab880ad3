/// Amounts as Kubernetes writes them: `16Gi`, `500m`, `140G`; and with a B behind, as people do.
package enum Quantity {
  private static let binary: [(String, Double)] = [
    ("Ki", 0x1p10), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("Pi", 0x1p50), ("Ei", 0x1p60),
  ]
  private static let decimal: [(String, Double)] = [
    ("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15), ("E", 1e18), ("m", 1e-3),
  ]

  /// The amount in units of one; `nil` when it is no amount, is negative or not finite.
  package static func value(_ text: String) -> Double? { parts(text).map { $0.amount * $0.factor } }

  /// MiB, rounded up.
  package static func mebibytes(_ text: String) -> Int? {
    guard let bytes = value(text), bytes < 0x1p70 else { return nil }
    return Int((bytes / 0x1p20).rounded(.up))
  }

  /// Thousandths, rounded up: of a CPU.
  package static func milli(_ text: String) -> Int? {
    guard let value = value(text), value < 1e12 else { return nil }
    return Int((value * 1000 - 1e-6).rounded(.up))
  }

  /// The same amount as Kubernetes accepts it: `140GB` is `140G`, `80GiB` is `80Gi`.
  package static func canonical(_ text: String) -> String? {
    guard let parts = parts(text) else { return nil }
    // "K" is what people write for the "k" of the SI.
    return parts.digits + (parts.unit == "K" ? "k" : parts.unit)
  }

  private static func parts(_ text: String) -> (digits: String, amount: Double, unit: String, factor: Double)?
  {
    let digits = String(text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") })
    guard let amount = Double(digits), amount.isFinite, !digits.hasPrefix("."), !digits.hasSuffix(".") else {
      return nil
    }
    var unit = String(text.dropFirst(digits.count))
    if unit.count > 1, unit.hasSuffix("B") { unit.removeLast() }
    if unit.isEmpty { return (digits, amount, "", 1) }
    guard let known = (binary + decimal).first(where: { $0.0 == unit }) else { return nil }
    return (digits, amount, unit, known.1)
  }
}
