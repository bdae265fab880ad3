import DSLBase

/// Colours text where the reader is a terminal that shows colours, and leaves it alone elsewhere.
struct Paint {
  /// What a piece of text says about itself.
  enum Style: String {
    case good = "32"
    case best = "92"
    case warning = "33"
    case bad = "31"
    case strong = "1"
    case quiet = "2"
  }

  /// Whether anything is coloured at all.
  let isOn: Bool

  /// The text in a style.
  func callAsFunction(_ text: String, _ style: Style) -> String {
    isOn ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// A state in its colour: critical red, degraded yellow, healthy green, optimal bright green.
  func callAsFunction(_ state: HealthState) -> String {
    switch state {
    case .unknown: self("unknown", .quiet)
    case .critical: self("critical", .bad)
    case .degraded: self("degraded", .warning)
    case .healthy: self("healthy", .good)
    case .optimal: self("optimal", .best)
    }
  }

  /// The mark before a measure: whether it is as it should be.
  func mark(_ isGood: Bool?) -> String {
    switch isGood {
    case true?: self("ok", .good)
    case false?: self("!!", .bad)
    case nil: self("--", .quiet)
    }
  }
}
