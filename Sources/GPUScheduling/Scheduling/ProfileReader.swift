import DSLBase

extension SchedulingProfile {
  /// Reads a profile: `weights`, `policy`, `isolation`, `most_moves`, `victim_cost`, `stale_after`.
  ///
  /// - Throws: `invalidInput` with every problem, by line and field.
  package init(_ text: String, file: String) throws {
    self.init()
    guard let root = try YAMLNode.document(in: text, file: file) else { return }
    let reader = YAMLReader(file: file)
    let keys = ["weights", "policy", "isolation", "most_moves", "victim_cost", "stale_after"]
    guard let fields = reader.mapping(root, keys: keys) else {
      try reader.finish()
      return
    }
    if let item = fields["weights"],
      let members = reader.mapping(item, keys: ScoreTerm.allCases.map(\.rawValue))
    {
      weights = [:]
      for member in members.members {
        guard let term = ScoreTerm(rawValue: member.key) else { continue }
        weights[term] = reader.number(member.value, in: 0...1e6)
      }
      if weights.values.allSatisfy({ $0 == 0 }) {
        reader.report("at least one weight must be above 0", at: item)
      }
    }
    policy = fields["policy"].flatMap { reader.choice($0, of: PolicyName.allCases.map(\.rawValue)) }
      .flatMap { PolicyName(rawValue: $0) }
    if let word = fields["isolation"].flatMap({
      reader.choice($0, of: TenantIsolation.allCases.map(\.rawValue))
    }) {
      isolation = TenantIsolation(rawValue: word) ?? isolation
    }
    mostMoves = fields["most_moves"].flatMap { reader.integer($0, in: 0...4) } ?? mostMoves
    victimCost = fields["victim_cost"].flatMap { reader.number($0, in: 0...1e6) } ?? victimCost
    staleAfter = fields["stale_after"].flatMap { reader.duration($0) } ?? staleAfter
    try reader.finish()
  }
}
