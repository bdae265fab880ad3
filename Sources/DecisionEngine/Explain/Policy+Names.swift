package import DSLBase

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
    return MetricCatalog.everywhere.entries.filter { names.contains($0.name.rawValue) }
  }

  /// The rules' names and the types that they decide, in order.
  package var ruleTypes: [(name: String, type: DecisionType)] { rules.map { ($0.name, $0.type) } }

  /// What the rules or the score ask about and only a simulated cluster measures.
  package func clusterMetrics(_ health: HealthModel) -> [MetricName] {
    askedMetrics(health).map(\.name).filter { name in MetricCatalog.cluster.contains { $0.name == name } }
  }

  /// What a name is compared with, in one observation.
  func bounds(of name: String, _ outer: Scope) -> [Double] {
    rules.flatMap { rule in
      var scope = outer
      scope.bind(rule.bindings)
      return rule.when.bounds(of: name, scope)
    }
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

  fileprivate func bounds(of name: String, _ scope: Scope) -> [Double] {
    switch self {
    case .compare(name, _, let bound, _): bound.value { scope[$0] }.map { [$0] } ?? []
    case .compare, .state: []
    case .all(let parts), .any(let parts): parts.flatMap { $0.bounds(of: name, scope) }
    case .not(let inner): inner.bounds(of: name, scope)
    }
  }
}
