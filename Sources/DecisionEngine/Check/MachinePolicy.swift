import DSLBase

/// A policy and a score as flat programs.
struct MachinePolicy {
  struct Rule {
    /// Bits of the health states in which it may match.
    var states: Int
    /// Its other conditions, of which all must hold: those that are the same throughout a block, and those that vary.
    var fixed: [MachineProgram]
    var varying: [MachineProgram]
    var parameters: [MachineProgram]
    /// The slot of a computed `target_agents`.
    var target: Int?
    /// A `target_agents` that is written down; NaN otherwise.
    var constantTarget: Double
    /// Rules with the same key exclude each other.
    var key: Int
  }

  struct Term {
    var slot: Int
    var weight: Double
    var shape: HealthModel.Shape
  }

  let rules: [Rule]
  /// Rules, best ranked first.
  let ranking: [Int]
  let silences: [MachineProgram]
  let terms: [Term]
  /// Terms that can differ between two states of one block.
  let varyingTerms: [Int]
  let code: [Instruction]
  let initial: [Double]
  let names: [MachineProgram]
  let needs: [Int]
  /// Slots that anything reads and that are the same throughout a block.
  let signatureSlots: [Int]
  /// Whether anything asks for what telemetry tells of failures and response times.
  let readsTelemetry: Bool

  init(_ engine: DecisionEngine) {
    let policy = engine.policy
    var compiler = MachineCompiler(names: PolicyMachine.names)
    compiler.binding(policy.bindings, during: nil)
    var keys: [String: Int] = [:]
    var rules: [Rule] = []
    for rule in policy.rules {
      let key = Self.conflictKey(rule)
      let number = keys[key] ?? keys.count
      keys[key] = number
      compiler.binding(rule.bindings) { rules.append(Self.compile(rule, key: number, &$0)) }
    }
    self.rules = rules
    ranking = policy.rules.indices.sorted { a, b in
      let (x, y) = (policy.rules[a], policy.rules[b])
      if x.priority != y.priority { return x.priority > y.priority }
      return x.confidence != y.confidence ? x.confidence > y.confidence : a < b
    }
    var silences: [MachineProgram] = []
    for silence in policy.silences { silences.append(compiler.program(silence.when)) }
    self.silences = silences
    var terms: [Term] = []
    for term in engine.health.terms {
      terms.append(Term(slot: compiler.slot(term.metric.rawValue), weight: term.weight, shape: term.shape))
    }
    self.terms = terms
    varyingTerms = terms.indices.filter { CheckState.varyingSlots.contains(terms[$0].slot) }
    code = compiler.code
    initial = compiler.initial
    names = compiler.names
    needs = compiler.needs
    let read = compiler.touched.union(terms.map(\.slot)).filter { $0 < PolicyMachine.names.count }
    signatureSlots = read.subtracting(CheckState.varyingSlots).sorted()
    readsTelemetry = !read.isDisjoint(with: CheckState.telemetrySlots)
  }

  private static func compile(
    _ rule: Policy.Rule, key: Int, _ compiler: inout MachineCompiler
  ) -> Rule {
    let parts = if case .all(let parts) = rule.when { parts } else { [rule.when] }
    var compiled = Rule(
      states: 0b11110, fixed: [], varying: [], parameters: [], target: nil, constantTarget: .nan, key: key)
    for part in parts {
      if case .state(let states) = part {
        compiled.states &= states.reduce(0) { $0 | 1 << $1.number }
        continue
      }
      let program = compiler.program(part)
      if program.varies { compiled.varying.append(program) } else { compiled.fixed.append(program) }
    }
    for parameter in rule.parameters {
      switch parameter.value {
      case .constant(let value):
        if parameter.name == "target_agents" { compiled.constantTarget = value.double ?? .nan }
      case .formula(let expression):
        let program = compiler.program(expression)
        compiled.parameters.append(program)
        if parameter.name == "target_agents" { compiled.target = program.result }
      }
    }
    return compiled
  }

  /// As in the engine's ranking: one type on one target, and both directions of scaling.
  private static func conflictKey(_ rule: Policy.Rule) -> String {
    let isScaling = ActionDirection(of: rule.type) != .neutral
    return (isScaling ? "scale" : rule.type.rawValue) + "\u{1F}" + rule.target
  }
}
