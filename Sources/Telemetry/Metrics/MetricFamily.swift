package import DSLBase

/// What kind of number a metric is: the kinds that Prometheus and OTLP have in common.
package enum InstrumentKind: String, Sendable, Hashable {
  /// A number that goes up and down.
  case gauge
  /// A number that only grows, and begins at 0 again when its source is new.
  case counter
  /// How many values fell below each of some bounds.
  case histogram
}

/// A metric as it is declared: its name and what stays the same whatever it says.
///
/// The name is that of the semantic conventions, with dots (`docs/semconv/metrics.yaml`); Prometheus gets the name that
/// OpenTelemetry's compatibility specification derives from it.
package struct MetricDeclaration: Sendable, Hashable {
  /// With dots and without unit: `dsl.auto.cycle.duration`.
  package let name: String
  package let kind: InstrumentKind
  /// The unit in UCUM: `s`, `By`, `1`, or an annotation such as `{agent}`.
  package let unit: String
  /// One sentence for people.
  package let help: String
  /// The names of the labels that a point may have.
  package let labels: [String]

  package init(_ name: String, _ kind: InstrumentKind, unit: String, _ help: String, labels: [String] = []) {
    self.name = name
    self.kind = kind
    self.unit = unit
    self.help = help
    self.labels = labels
  }

  /// The unit as Prometheus has it at the end of names: a base unit, or nothing.
  package var prometheusUnit: String? {
    switch unit {
    case "s": "seconds"
    case "By": "bytes"
    default: nil
    }
  }

  /// The name of the family in Prometheus, without the `_total` of counters.
  package var prometheusName: String {
    let name = Self.legal(self.name)
    guard let suffix = prometheusUnit, !name.hasSuffix("_" + suffix) else { return name }
    return name + "_" + suffix
  }

  /// A name of which Prometheus accepts every character: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
  package static func legal(_ name: String) -> String {
    var result = ""
    for character in name.utf8 {
      let isLetter = (character | 0x20) &- 0x61 < 26
      let isDigit = character &- 0x30 < 10
      if isDigit && result.isEmpty { result += "_" }
      result += isLetter || isDigit ? String(UnicodeScalar(character)) : "_"
    }
    return result
  }
}

/// One label of a point.
package struct MetricLabel: Sendable, Hashable {
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// How values are spread.
package struct HistogramValue: Sendable, Equatable {
  /// Upper bounds, growing; a value equal to one belongs below it.
  package let bounds: [Double]
  /// Values in each bucket, not cumulated; one more than bounds, the last for what is above all of them.
  package var counts: [UInt64]
  /// The sum of all values.
  package var sum: Double
  /// One of the values, with what leads to more about it.
  package var exemplar: Exemplar?

  /// A value and the trace that it was measured in.
  package struct Exemplar: Sendable, Equatable {
    package var value: Double
    /// 32 hexadecimal digits.
    package var traceID: String
    package var at: Timestamp

    package init(_ value: Double, traceID: String, at: Timestamp) {
      self.value = value
      self.traceID = traceID
      self.at = at
    }
  }

  /// An empty one.
  package init(bounds: [Double]) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.count + 1)
    sum = 0
  }

  /// How many values there are.
  package var count: UInt64 { counts.reduce(0, +) }

  /// Which bucket a value belongs to.
  package static func bucket(of value: Double, _ bounds: [Double]) -> Int {
    bounds.firstIndex { value <= $0 } ?? bounds.count
  }

  /// Adds a value; one that is no number is left out.
  package mutating func record(_ value: Double) {
    guard !value.isNaN else { return }
    counts[Self.bucket(of: value, bounds)] += 1
    sum += value
  }
}

/// One number of a family, told from the others by its labels.
package struct MetricPoint: Sendable, Equatable {
  package enum Value: Sendable, Equatable {
    case number(Double)
    case histogram(HistogramValue)
  }

  /// In the order in which they are shown.
  package var labels: [MetricLabel]
  package var value: Value

  package init(_ value: Value, labels: [MetricLabel] = []) {
    self.labels = labels
    self.value = value
  }
}

/// All points of one metric at one moment.
package struct MetricFamily: Sendable, Equatable {
  package var declaration: MetricDeclaration
  package var points: [MetricPoint]
  /// Since when counters and histograms count, nanoseconds since the epoch; 0 when that is not known.
  package var startNanoseconds: UInt64 = 0

  package init(_ declaration: MetricDeclaration, _ points: [MetricPoint]) {
    self.declaration = declaration
    self.points = points
  }

  /// A family of one number without labels; without a point when there is no number, because unknown is not zero.
  package init(_ declaration: MetricDeclaration, _ value: Double?) {
    self.init(declaration, value.map { [MetricPoint(.number($0))] } ?? [])
  }

  /// A family of 1 or 0.
  package init(_ declaration: MetricDeclaration, _ flag: Bool?) {
    self.init(declaration, flag.map { $0 ? 1.0 : 0.0 })
  }
}
