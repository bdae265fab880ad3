import DSLBase

/// Writes metric families as Prometheus reads them: HELP, TYPE and UNIT first, each family in one piece.
///
/// No timestamps: the node exporter's textfile collector refuses files that have some, and a scraper knows when it
/// scraped. A family without points is left out.
package struct PrometheusText {
  private let format: PrometheusFormat
  private var text = ""

  private init(_ format: PrometheusFormat) { self.format = format }

  /// A page.
  ///
  /// - Parameter families: by name; of two families with one name in Prometheus the second is left out, because a family
  ///   that comes twice makes the whole page unreadable.
  package static func page(_ families: [MetricFamily], _ format: PrometheusFormat) -> String {
    var writer = PrometheusText(format)
    var seen: Set<String> = []
    for family in families where !family.points.isEmpty {
      guard seen.insert(family.declaration.prometheusName).inserted else { continue }
      writer.write(family)
    }
    if format == .openMetrics { writer.text += "# EOF\n" }
    return writer.text
  }

  private mutating func write(_ family: MetricFamily) {
    let declaration = family.declaration
    let name = declaration.prometheusName
    let isCounter = declaration.kind == .counter
    // In OpenMetrics the family is named without the suffix of its samples.
    let described = isCounter && format == .text ? name + "_total" : name
    text += "# HELP \(described) \(help(declaration.help))\n"
    text += "# TYPE \(described) \(declaration.kind.rawValue)\n"
    if format == .openMetrics, let unit = declaration.prometheusUnit {
      text += "# UNIT \(described) \(unit)\n"
    }
    var seen: Set<[MetricLabel]> = []
    for point in family.points where seen.insert(point.labels).inserted {
      switch point.value {
      case .number(let number): sample(isCounter ? name + "_total" : name, point.labels, number)
      case .histogram(let histogram): buckets(name, point.labels, histogram)
      }
    }
  }

  private mutating func buckets(_ name: String, _ labels: [MetricLabel], _ histogram: HistogramValue) {
    var sum: UInt64 = 0
    let marked = histogram.exemplar.map { HistogramValue.bucket(of: $0.value, histogram.bounds) }
    for (position, count) in histogram.counts.enumerated() {
      sum += count
      let bound =
        position < histogram.bounds.count ? Self.number(histogram.bounds[position], float: true) : "+Inf"
      sample(
        name + "_bucket", labels + [MetricLabel("le", bound)], Double(sum),
        marked == position ? histogram.exemplar : nil)
    }
    sample(name + "_sum", labels, histogram.sum)
    sample(name + "_count", labels, Double(sum))
  }

  private mutating func sample(
    _ name: String, _ labels: [MetricLabel], _ value: Double, _ exemplar: HistogramValue.Exemplar? = nil
  ) {
    text += name
    if !labels.isEmpty {
      let pairs = labels.map {
        "\(MetricDeclaration.legal($0.name))=\"\(Self.escaped($0.value, quotes: true))\""
      }
      text += "{" + pairs.joined(separator: ",") + "}"
    }
    text += " \(Self.number(value))"
    // Text format 0.0.4 has none (OpenMetrics 1.0, "Exemplars").
    if let exemplar, format == .openMetrics {
      let seconds = Double(exemplar.at.nanoseconds / 1_000_000) / 1000
      text +=
        " # {trace_id=\"\(Self.escaped(exemplar.traceID, quotes: true))\"} \(Self.number(exemplar.value))"
      text += " \(Self.number(seconds, float: true))"
    }
    text += "\n"
  }

  /// In text format 0.0.4 a quote in HELP stays as it is; OpenMetrics escapes it.
  private func help(_ text: String) -> String { Self.escaped(text, quotes: format == .openMetrics) }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A number as both formats read it. Whole numbers without a fraction, but for bounds, which are always written alike.
  static func number(_ value: Double, float: Bool = false) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if !float, let whole = Int64(exactly: value), abs(value) < 0x1p53 { return String(whole) }
    return value.description
  }
}
