import DSLBase

extension Policy {
  /// The metrics that rules, bindings or the score ask about, with those they derive from, in the order of the
  /// catalogue.
  func askedMetrics(_ health: HealthModel) -> [MetricInfo] {
    var names = Set(bindings.flatMap(\.expression.names))
    for rule in rules {
      names.formUnion(rule.bindings.flatMap(\.expression.names) + rule.when.names)
      for parameter in rule.parameters {
        if case .formula(let expression) = parameter.value { names.formUnion(expression.names) }
      }
    }
    names.formUnion(health.terms.map(\.metric.rawValue))
    if names.contains(MetricName.completionRate.rawValue) {
      names.formUnion([MetricName.workQueueSize, .completedCount].map(\.rawValue))
    }
    return MetricCatalog.standard.entries.filter { names.contains($0.name.rawValue) }
  }

  /// Numbers that a name is compared with.
  func bounds(of name: String) -> [Double] {
    rules.flatMap { $0.when.bounds(of: name) }
  }
}

extension Condition {
  /// The names it asks for.
  var names: [String] {
    switch self {
    case .compare(let name, _, let bound, _): [name] + bound.names
    case .state: []
    case .all(let parts), .any(let parts): parts.flatMap(\.names)
    case .not(let inner): inner.names
    }
  }

  fileprivate func bounds(of name: String) -> [Double] {
    switch self {
    case .compare(name, _, .number(let bound), _): [bound]
    case .compare, .state: []
    case .all(let parts), .any(let parts): parts.flatMap { $0.bounds(of: name) }
    case .not(let inner): inner.bounds(of: name)
    }
  }
}
