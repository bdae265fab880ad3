package import DSLBase

extension PolicyTable {
  private static let counts: [MetricName] = [
    .activeAgents, .workQueueSize, .completedCount, .telemetryVolume,
  ]
  private static let largestCount = 1_000_000

  /// Reads a table.
  ///
  /// - Throws: `DSLError` (`invalid_input`) with every problem, each with file, line and column.
  package init(yaml text: String, file: String) throws {
    guard let root = try YAMLNode.document(in: text, file: file) else {
      throw DSLError([YAMLProblem(file: file, line: 1, column: 1, path: "", reason: "a table is expected")])
    }
    let reader = YAMLReader(file: file)
    let map = reader.mapping(root, keys: ["policy", "tests"])
    policy = map?["policy"].flatMap { reader.string($0) }
    let nodes = map.flatMap { reader.required("tests", in: $0) }.flatMap { reader.list($0) } ?? []
    if map != nil, nodes.isEmpty { reader.report("at least one test is expected", at: root) }
    rows = nodes.compactMap { Self.row($0, reader) }
    try reader.finish()
  }

  private static func row(_ node: YAMLNode, _ reader: YAMLReader) -> Row? {
    guard let map = reader.mapping(node, keys: ["name", "state", "situation", "expect", "says"]) else {
      return nil
    }
    let name = reader.required("name", in: map).flatMap { reader.string($0) }
    if map["expect"] == nil, map["says"] == nil {
      reader.report("give what to expect: expect, says or both", at: node)
    }
    var situation = CheckState.Situation.usual
    if let node = map["situation"] {
      let words = CheckState.Situation.allCases.map(\.rawValue)
      situation =
        reader.choice(node, of: words).flatMap(CheckState.Situation.init(rawValue:)) ?? .usual
    }
    let (state, metrics) =
      reader.required("state", in: map).map { self.state($0, reader, situation) }
      ?? (CheckState(agents: 0, work: 0, completed: 0, telemetry: 0), [])
    let expected = map.node["expect"].flatMap { $0.isNull ? nil : reader.list($0) }?.compactMap {
      Self.expected($0, reader)
    }
    return Row(
      name: name ?? "", line: node.line, state: state, metrics: metrics, expected: expected,
      says: map["says"].flatMap { reader.string($0) })
  }

  /// Reads the metrics of a state: counts that are not given are 0, and what else is given replaces what follows from
  /// them.
  private static func state(
    _ node: YAMLNode, _ reader: YAMLReader, _ situation: CheckState.Situation
  ) -> (CheckState, [(name: MetricName, value: Double)]) {
    var counts: [Int] = counts.map { _ in 0 }
    var metrics: [(name: MetricName, value: Double)] = []
    let members = reader.mapping(node, keys: MetricCatalog.everywhere.names)?.members ?? []
    for member in members {
      let metric = MetricName(rawValue: member.key)
      if let index = Self.counts.firstIndex(of: metric) {
        counts[index] = reader.integer(member.value, in: 0...largestCount) ?? 0
      } else if let value = reader.number(member.value) {
        metrics.append((metric, value))
      }
    }
    let state = CheckState(
      agents: counts[0], work: counts[1], completed: counts[2], telemetry: counts[3], situation: situation)
    return (state, metrics)
  }

  /// Reads a state by itself, from YAML or JSON: what a backend would have observed of it.
  ///
  /// - Throws: `DSLError` (`invalid_input`) with every problem, each with file, line and column.
  package static func observation(yaml text: String, file: String, at time: Timestamp) throws -> Observation {
    guard let root = try YAMLNode.document(in: text, file: file) else {
      throw DSLError(.invalidInput, "\(file): a mapping of metrics is expected")
    }
    let reader = YAMLReader(file: file)
    let (state, metrics) = state(root, reader, .usual)
    try reader.finish()
    var observation = state.observation(at: time)
    for metric in metrics { observation.metrics[metric.name] = metric.value }
    return observation
  }

  private static func expected(_ node: YAMLNode, _ reader: YAMLReader) -> Expected? {
    if case .scalar = node.content {
      return reader.string(node).map { word in
        DecisionType.all.contains { $0.rawValue == word } ? Expected(type: word) : Expected(rule: word)
      }
    }
    let keys = ["rule", "type", "priority", "target", "parameters"]
    guard let map = reader.mapping(node, keys: keys) else { return nil }
    var expected = Expected(
      rule: map["rule"].flatMap { reader.string($0) }, type: map["type"].flatMap { reader.string($0) },
      priority: map["priority"].flatMap { reader.integer($0, in: 0...10) },
      target: map["target"].flatMap { reader.string($0) })
    if let node = map["parameters"], let parameters = reader.mapping(node, keys: nil) {
      expected.parameters = parameters.members.map { ($0.key, $0.value.json) }
    }
    return expected
  }
}
