package import DSLBase

extension HealthModel {
  /// The keys of the `health` section.
  private static let keys = ["terms", "thresholds"]
  private static let termKeys = ["metric", "weight", "shape", "saturate_at", "inverse_at"]

  /// Reads a score from the `health` section of a configuration; what is not given is as in `standard`.
  ///
  /// ```yaml
  /// health:
  ///   thresholds: {degraded: 0.3, healthy: 0.6, optimal: 0.9}
  ///   terms:
  ///     - {metric: completion_rate, weight: 0.5, shape: value}
  ///     - {metric: work_queue_size, weight: 0.5, inverse_at: 5}
  /// ```
  ///
  /// - Parameters:
  ///   - node: the section.
  ///   - reader: collects what is wrong with it.
  ///   - catalog: the metrics that may be named.
  /// - Returns: `nil` after a problem was noted.
  package static func read(
    _ node: YAMLNode, _ reader: YAMLReader, catalog: MetricCatalog = .everywhere
  ) -> HealthModel? {
    let before = reader.problems.count
    guard let section = reader.mapping(node, keys: keys) else { return nil }
    var model = HealthModel.standard
    if let thresholds = section["thresholds"] { model.thresholds = readThresholds(thresholds, reader) }
    if let terms = section["terms"], let elements = reader.list(terms) {
      model.terms = elements.compactMap { readTerm($0, reader, catalog) }
      if elements.isEmpty { reader.report("a score needs at least one term", at: terms) }
      if !elements.isEmpty, model.terms.count == elements.count, model.terms.allSatisfy({ $0.weight == 0 }) {
        reader.report("the weights sum to 0", at: terms)
      }
    }
    return reader.problems.count == before ? model : nil
  }

  private static func readThresholds(_ node: YAMLNode, _ reader: YAMLReader) -> Thresholds {
    var thresholds = Thresholds()
    guard let map = reader.mapping(node, keys: ["degraded", "healthy", "optimal"]) else { return thresholds }
    if let value = map["degraded"].flatMap(reader.fraction) { thresholds.degraded = value }
    if let value = map["healthy"].flatMap(reader.fraction) { thresholds.healthy = value }
    if let value = map["optimal"].flatMap(reader.fraction) { thresholds.optimal = value }
    if !(thresholds.degraded < thresholds.healthy && thresholds.healthy < thresholds.optimal) {
      reader.report("thresholds must ascend: degraded < healthy < optimal", at: node)
    }
    return thresholds
  }

  private static func readTerm(_ node: YAMLNode, _ reader: YAMLReader, _ catalog: MetricCatalog) -> Term? {
    guard let map = reader.mapping(node, keys: termKeys) else { return nil }
    let metric = reader.required("metric", in: map).flatMap { catalog.metric($0, reader) }
    let weight = reader.required("weight", in: map).flatMap { reader.number($0, in: 0...1) }
    let shapes = ["shape", "saturate_at", "inverse_at"].filter { map[$0] != nil }
    guard shapes.count == 1 else {
      reader.report("give one of: shape: value, saturate_at: N, inverse_at: N", at: node)
      return nil
    }
    let shape: Shape?
    if let word = map["shape"] {
      shape = reader.choice(word, of: ["value"]).map { _ in .value }
    } else if let at = map["saturate_at"] {
      shape = positive(at, reader).map(Shape.saturating)
    } else {
      shape = map["inverse_at"].flatMap { positive($0, reader) }.map(Shape.inverse)
    }
    guard let metric, let weight, let shape else { return nil }
    return Term(metric, weight: weight, shape: shape)
  }

  private static func positive(_ node: YAMLNode, _ reader: YAMLReader) -> Double? {
    guard let value = reader.number(node) else { return nil }
    if value > 0 { return value }
    reader.report("must be greater than 0, found \(NumberText.short(value))", at: node)
    return nil
  }
}
