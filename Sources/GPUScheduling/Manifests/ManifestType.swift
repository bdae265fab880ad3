package import DSLBase

/// What a field of a manifest may hold. Reading, defaults, the canonical form and the schema of the CRDs all come from these
/// descriptions, so they cannot disagree.
package indirect enum ManifestType: Sendable {
  case text
  /// One of some words.
  case word([String])
  /// A text of a form: a regular expression that the schema gets, and the same as code.
  case form(ManifestForm)
  case integer(ClosedRange<Int>)
  /// A number, also written as a text: the two original definitions differ in that. The canonical form is a number.
  case number(ClosedRange<Double>)
  case flag
  case list(ManifestType)
  case object([ManifestField])
  /// Any keys, with texts.
  case map

  /// Any text that stands for a count that is not negative.
  static let count = ManifestType.integer(0...Int(Int32.max))
  static let positive = ManifestType.integer(1...Int(Int32.max))
  static let quantity = ManifestType.form(.quantity)
  static let duration = ManifestType.form(.duration)
}

/// A field of an object.
package struct ManifestField: Sendable {
  package var name: String
  package var type: ManifestType
  package var isRequired = false
  /// What it is when nobody says.
  package var standard: JSONValue?
  /// For the schema's description.
  package var about: String

  init(
    _ name: String, _ type: ManifestType, required: Bool = false, standard: JSONValue? = nil,
    _ about: String = ""
  ) {
    self.name = name
    self.type = type
    isRequired = required
    self.standard = standard
    self.about = about
  }
}

/// Texts with a form of their own.
package enum ManifestForm: Sendable {
  /// An amount of bytes or bytes a second.
  case quantity
  /// A span of time.
  case duration
  /// So many in a second, minute, hour or day.
  case rate
  case migProfile
  /// What a metric is held to: a number or a span of time.
  case target
  /// A name as Kubernetes has it.
  case name

  /// The regular expression of the canonical form.
  package var pattern: String {
    switch self {
    case .quantity: "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
    case .duration: "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"
    case .rate: "^[0-9]+/(s|min|h|day)$"
    case .migProfile: "^[1-7]g\\.[0-9]+gb(\\+me)?$"
    case .target: "^([0-9]+(\\.[0-9]+)?|([0-9]+(\\.[0-9]+)?(ms|s|m|h))+)$"
    case .name: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
    }
  }

  /// For messages.
  package var example: String {
    switch self {
    case .quantity: "an amount such as 140G or 80Gi"
    case .duration: "a duration such as 500ms, 30s, 1h or 1d"
    case .rate: "a rate such as 100/min"
    case .migProfile: "a MIG profile such as 1g.5gb"
    case .target: "a number or a duration"
    case .name: "a name of small letters, digits, \"-\" and \".\""
    }
  }

  /// The text in its canonical form; `nil` when it has not the form.
  package func canonical(_ text: String) -> String? {
    switch self {
    case .quantity:
      // People write a bandwidth with its "/s", which the field says already.
      return Quantity.canonical(text.hasSuffix("/s") ? String(text.dropLast(2)) : text)
    case .duration: return ManifestDuration.canonical(text)
    case .rate: return ManifestRate(text)?.text
    case .migProfile: return Self.isMIG(text) ? text : nil
    case .target:
      if let number = Double(text), number.isFinite, number >= 0,
        text.allSatisfy({ $0.isNumber || $0 == "." })
      {
        return text
      }
      return ManifestDuration.canonical(text)
    case .name:
      let inner = text.utf8.allSatisfy {
        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
      }
      return inner && text.utf8.count <= 253 && !["-", "."].contains(text.first)
        && !["-", "."].contains(text.last)
        && !text.isEmpty ? text : nil
    }
  }

  private static func isMIG(_ text: String) -> Bool {
    let plain = text.hasSuffix("+me") ? String(text.dropLast(3)) : text
    let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count == 2, parts[0].last == "g",
      let slices = parts[0].first?.wholeNumberValue,
      (1...7).contains(slices), parts[1].hasSuffix("gb"), let size = Int(parts[1].dropLast(2)), size > 0
    else { return false }
    return !parts[1].hasPrefix("+") && !parts[1].hasPrefix("-")
  }
}

/// Spans of time: as Go writes them, and with days, which the guides use and Go does not know.
package enum ManifestDuration {
  /// Seconds; a number alone is none.
  package static func seconds(_ text: String) -> Double? {
    guard text.last?.isLetter ?? false else { return nil }
    return YAMLQuantity.seconds(text)
  }

  /// Without days.
  static func canonical(_ text: String) -> String? {
    guard let seconds = seconds(text) else { return nil }
    guard text.contains("d") else { return text }
    let hours = seconds / 3600
    return hours == hours.rounded() ? "\(Int(hours))h" : "\(Int(seconds.rounded()))s"
  }
}

/// How often something may be done.
package struct ManifestRate: Sendable, Equatable {
  package var count: Int
  /// Seconds.
  package var period: Double

  private static let periods: [(names: [String], seconds: Double)] = [
    (["s", "sec", "second"], 1), (["min", "m", "minute"], 60), (["h", "hour", "hr"], 3600),
    (["day", "d"], 86_400),
  ]

  /// Reads "100/min".
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[0]), count > 0, !parts[0].hasPrefix("+"),
      let period = Self.periods.first(where: { $0.names.contains(String(parts[1])) })
    else { return nil }
    self.count = count
    self.period = period.seconds
  }

  package var text: String { "\(count)/\(Self.periods.first { $0.seconds == period }?.names[0] ?? "s")" }
}
