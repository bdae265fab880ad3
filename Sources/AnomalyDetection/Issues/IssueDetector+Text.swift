import Glibc

/// Numbers in sentences.
extension IssueDetector {
  /// Three significant digits.
  static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return "\(value)" }
    let scale = pow(10, 2 - log10(value.magnitude).rounded(.down))
    let rounded = (value * scale).rounded() / scale
    return rounded.magnitude < 1e15 && rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }

  static func percent(_ share: Double) -> String { short(100 * share) + " %" }

  static func chance(_ p: Double) -> String {
    p >= 1 ? "" : "; by chance once in \(short(1 / p)) windows"
  }

  static func exponential(_ value: Double) -> Double { exp(value) }
}
