public import DSLBase

extension Policy {
  /// Reads a policy.
  ///
  /// - Parameters:
  ///   - text: one YAML document.
  ///   - file: the name that errors carry.
  ///   - catalog: the metrics that may be named.
  ///   - types: the decision types that may be proposed; add those that have a handler.
  /// - Throws: `DSLError` (`invalid_input`) with every problem, each with file, line and column.
  public init(
    yaml text: String, file: String, catalog: MetricCatalog = .standard,
    types: [DecisionType] = DecisionType.all
  ) throws {
    try self.init(text, file, catalog, types: types)
  }

  /// Reads a policy that once decided: the types that it proposes had handlers then, whatever there is today.
  ///
  /// - Throws: as `init(yaml:file:catalog:types:)`.
  package init(journaled text: String, file: String) throws {
    try self.init(text, file, .everywhere, types: nil)
  }

  private init(_ text: String, _ file: String, _ catalog: MetricCatalog, types: [DecisionType]?) throws {
    guard let root = try YAMLNode.document(in: text, file: file) else {
      throw DSLError([YAMLProblem(file: file, line: 1, column: 1, path: "", reason: "a policy is expected")])
    }
    let reader = YAMLReader(file: file)
    let parts = PolicyReader(reader: reader, types: types?.map(\.rawValue), known: catalog.names).read(root)
    try reader.finish()
    guard let parts else { throw DSLError(.internalError, "\(file): a policy was refused without a reason") }
    self.init(
      name: parts.name, description: parts.description, source: text, bindings: parts.bindings,
      rules: parts.rules,
      silences: parts.silences, evidence: parts.evidence, budgets: parts.budgets, flaps: parts.flaps)
  }
}

/// Reads the parts of a policy, noting problems in its reader.
struct PolicyReader {
  struct Parts {
    var name: String
    var description: String
    var bindings: [Binding]
    var rules: [Policy.Rule]
    var silences: [Policy.Silence]
    var evidence: Policy.EvidenceWeights
    var budgets: [TargetBudget]
    var flaps: [FlapBudget]
  }

  let reader: YAMLReader
  /// The types that may be proposed; `nil` is any.
  let types: [String]?
  /// Names that expressions, conditions and templates may use.
  var known: [String]
  private static let maxRules = 200
  private static let keys = [
    "name", "description", "let", "evidence", "budgets", "flaps", "rules", "silence",
  ]
  private static let ruleKeys = [
    "name", "type", "priority", "confidence", "target", "let", "when", "parameters", "description",
    "rationale", "approval",
  ]

  init(reader: YAMLReader, types: [String]?, known: [String]) {
    self.reader = reader
    self.types = types
    self.known = known + Scope.builtIn.map(\.name)
  }

  /// - Returns: `nil` when the root is unusable; problems within the parts are noted only.
  func read(_ root: YAMLNode) -> Parts? {
    guard let map = reader.mapping(root, keys: Self.keys) else { return nil }
    let name = reader.required("name", in: map).flatMap { reader.string($0) }
    let description = map["description"].flatMap { reader.string($0) } ?? ""
    var inner = self
    let bindings = map["let"].map { inner.bind($0) } ?? []
    var rules: [Policy.Rule] = []
    if let node = reader.required("rules", in: map), let elements = reader.list(node) {
      if elements.isEmpty { reader.report("a policy needs at least one rule", at: node) }
      if elements.count > Self.maxRules { reader.report("more than \(Self.maxRules) rules", at: node) }
      for element in elements.prefix(Self.maxRules) {
        guard let rule = inner.rule(element) else { continue }
        if rules.contains(where: { $0.name == rule.name }) {
          reader.report("a rule named \"\(rule.name)\" came before", at: element)
        }
        rules.append(rule)
      }
    }
    let silences = map["silence"].flatMap { reader.list($0) }?.compactMap { inner.silence($0) } ?? []
    let evidence = map["evidence"].map(readEvidence) ?? Policy.EvidenceWeights()
    guard let name else { return nil }
    return Parts(
      name: name, description: description, bindings: bindings, rules: rules, silences: silences,
      evidence: evidence, budgets: map["budgets"].map(budgets) ?? [],
      flaps: map["flaps"].map(flaps) ?? [])
  }

  private func readEvidence(_ node: YAMLNode) -> Policy.EvidenceWeights {
    var weights = Policy.EvidenceWeights()
    let keys = Policy.EvidenceWeights.keys
    guard let map = reader.mapping(node, keys: keys.map(\.name)) else { return weights }
    for key in keys {
      if let value = map[key.name].flatMap(reader.fraction) { weights[keyPath: key.place] = value }
    }
    return weights
  }

  /// Reads a `let` section and adds its names to the known ones.
  private mutating func bind(_ node: YAMLNode) -> [Binding] {
    guard let map = reader.mapping(node, keys: nil) else { return [] }
    var bindings: [Binding] = []
    for member in map.members {
      let taken = known.contains(member.key) || member.key == Scope.stateName
      let isName =
        member.key.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        && member.key.utf8.first.map { !(48...57).contains($0) } == true
      if taken || !isName || Expression.Function(rawValue: member.key) != nil {
        let reason =
          isName ? "\"\(member.key)\" is taken" : "a name has lower-case letters, digits and _ only"
        reader.report(reason, line: member.line, column: member.column, path: node.path)
        continue
      }
      if let expression = expression(member.value) {
        bindings.append(Binding(name: member.key, expression: expression))
      }
      known.append(member.key)
    }
    return bindings
  }

  private func rule(_ node: YAMLNode) -> Policy.Rule? {
    guard let map = reader.mapping(node, keys: Self.ruleKeys) else { return nil }
    var inner = self
    let bindings = map["let"].map { inner.bind($0) } ?? []
    let name = reader.required("name", in: map).flatMap { reader.string($0) }
    let type = reader.required("type", in: map).flatMap { typeName($0) }
    let priority = reader.required("priority", in: map).flatMap { reader.integer($0, in: 0...10) }
    let confidence = reader.required("confidence", in: map).flatMap { reader.fraction($0) }
    let when = reader.required("when", in: map).flatMap { inner.condition($0) }
    let target = map["target"].flatMap { reader.string($0) } ?? "fleet"
    let parameters = map["parameters"].map { inner.parameters($0) } ?? []
    let description = reader.required("description", in: map).flatMap { inner.template($0) }
    let rationale = reader.required("rationale", in: map).flatMap { inner.template($0) }
    let approval = map["approval"].flatMap { reader.choice($0, of: Policy.approvals) }
    guard let name, let type, let priority, let confidence, let when, let description, let rationale else {
      return nil
    }
    return Policy.Rule(
      name: name, bindings: bindings, when: when, type: DecisionType(rawValue: type), priority: priority,
      confidence: confidence, target: target, parameters: parameters, description: description,
      rationale: rationale, approvers: approval.flatMap(Policy.approvals.firstIndex) ?? 0)
  }

  private func typeName(_ node: YAMLNode) -> String? {
    guard let types else { return reader.string(node) }
    return reader.choice(node, of: types)
  }

  private func silence(_ node: YAMLNode) -> Policy.Silence? {
    guard let map = reader.mapping(node, keys: ["when", "say"]) else { return nil }
    let when = reader.required("when", in: map).flatMap { condition($0) }
    let say = reader.required("say", in: map).flatMap { template($0) }
    guard let when, let say else { return nil }
    return Policy.Silence(when: when, say: say)
  }

  private func parameters(_ node: YAMLNode) -> [Policy.Parameter] {
    guard let map = reader.mapping(node, keys: nil) else { return [] }
    return map.members.compactMap { member in
      guard case .scalar(let scalar) = member.value.content, scalar.text.hasPrefix("=") else {
        return Policy.Parameter(name: member.key, value: .constant(member.value.json))
      }
      return expression(member.value, dropping: 1).map {
        Policy.Parameter(name: member.key, value: .formula($0))
      }
    }
  }
}
