import DSLBase

/// A policy made ready to be asked millions of times: the same answers as `DecisionEngine.decide`, without text.
///
/// What differs is told here: a tie in priority and confidence goes to the earlier rule, where the engine takes
/// the lower id, which depends on the cycle.
struct PolicyMachine {
  /// The slots that `CheckState.fill` writes, in its order.
  static let names = MetricCatalog.standard.names + Scope.builtIn.map(\.name)

  /// What the last state led to. Rules are numbers in the order of the policy.
  struct Answer {
    var state = HealthState.unknown
    /// Rules whose conditions hold and whose parameters can be computed, best ranked first.
    var matched: [Int] = []
    /// Those of them that no better one excludes.
    var chosen: [Int] = []
    /// What kept each other matched rule back: `(rule, winner)`.
    var superseded: [(rule: Int, by: Int)] = []
    /// The policy's sentence that fits, when nothing is chosen.
    var silence: Int?
  }

  private struct Rule {
    var bindings: [(slot: Int, value: Range<Int>)]
    var when: [Range<Int>]
    var parameters: [Range<Int>]
    var target: Int?
    var key: Int
  }

  private struct Term {
    var slot: Int
    var weight: Double
    var shape: HealthModel.Shape
  }

  let engine: DecisionEngine
  private let code: [Instruction]
  private let bindings: [(slot: Int, value: Range<Int>)]
  private let rules: [Rule]
  private let ranking: [Int]
  private let silences: [Range<Int>]
  private let terms: [Term]
  private let scoreSlot: Int
  private var slots: [Double]
  private var stack: [Double]
  private var depth = 0
  /// The `target_agents` of each matched rule of the last state; unknown (NaN) without one.
  private(set) var targets: [Double]
  private(set) var answer = Answer()

  init(_ engine: DecisionEngine) {
    self.engine = engine
    let policy = engine.policy
    var compiler = MachineCompiler(names: Self.names)
    func bind(_ bindings: [Binding]) -> [(slot: Int, value: Range<Int>)] {
      bindings.map { binding in
        let value = compiler.program(binding.expression)
        return (compiler.slot(binding.name), value)
      }
    }
    var keys: [String: Int] = [:]
    bindings = bind(policy.bindings)
    rules = policy.rules.map { rule in
      let bound = bind(rule.bindings)
      let parts = if case .all(let parts) = rule.when { parts } else { [rule.when] }
      let formulas: [(name: String, value: Range<Int>)] = rule.parameters.compactMap { parameter in
        guard case .formula(let expression) = parameter.value else { return nil }
        return (parameter.name, compiler.program(expression))
      }
      let key = Self.conflictKey(rule)
      return Rule(
        bindings: bound, when: parts.map { compiler.program($0) }, parameters: formulas.map(\.value),
        target: formulas.firstIndex { $0.name == "target_agents" },
        key: keys[key]
          ?? {
            keys[key] = keys.count; return keys.count - 1
          }())
    }
    ranking = policy.rules.indices.sorted { a, b in
      let (x, y) = (policy.rules[a], policy.rules[b])
      if x.priority != y.priority { return x.priority > y.priority }
      return x.confidence != y.confidence ? x.confidence > y.confidence : a < b
    }
    silences = policy.silences.map { compiler.program($0.when) }
    terms = engine.health.terms.map {
      Term(slot: compiler.slot($0.metric.rawValue), weight: $0.weight, shape: $0.shape)
    }
    scoreSlot = compiler.slot("health_score")
    code = compiler.code
    slots = Array(repeating: .nan, count: compiler.slots.count)
    stack = Array(repeating: 0, count: compiler.code.count + 1)
    targets = policy.rules.map { rule in
      let constant = rule.parameters.first { $0.name == "target_agents" }
      guard case .constant(let value)? = constant?.value else { return .nan }
      return value.double ?? .nan
    }
  }

  /// Rules with the same key exclude each other, as in the engine's ranking: one type on one target, and both
  /// directions of scaling.
  private static func conflictKey(_ rule: Policy.Rule) -> String {
    let isScaling = ActionDirection(of: rule.type) != .neutral
    return (isScaling ? "scale" : rule.type.rawValue) + "\u{1F}" + rule.target
  }

  /// The score of the last state; NaN when it has none.
  var score: Double { slots[scoreSlot] }

  /// Asks everything about a state; the answer is in `answer` and `targets`.
  mutating func ask(_ state: CheckState) {
    state.fill(&slots, limits: engine.limits, thresholds: engine.health.thresholds)
    let score = scored()
    slots[scoreSlot] = score
    answer.state = score.isNaN ? .unknown : engine.health.state(of: score)
    answer.matched.removeAll(keepingCapacity: true)
    answer.chosen.removeAll(keepingCapacity: true)
    answer.superseded.removeAll(keepingCapacity: true)
    answer.silence = nil
    guard !score.isNaN else { return }
    for binding in bindings { slots[binding.slot] = run(binding.value) }
    for number in ranking where matches(number) { settle(number) }
    guard answer.chosen.isEmpty else { return }
    answer.silence = silences.firstIndex { run($0) == Instruction.met }
  }

  private mutating func settle(_ number: Int) {
    answer.matched.append(number)
    let key = rules[number].key
    if let winner = answer.chosen.first(where: { rules[$0].key == key }) {
      answer.superseded.append((number, winner))
    } else {
      answer.chosen.append(number)
    }
  }

  private mutating func matches(_ number: Int) -> Bool {
    let rule = rules[number]
    for binding in rule.bindings { slots[binding.slot] = run(binding.value) }
    for part in rule.when where run(part) != Instruction.met { return false }
    for (index, parameter) in rule.parameters.enumerated() {
      let value = run(parameter)
      if value.isNaN { return false }
      if index == rule.target { targets[number] = value }
    }
    return true
  }

  /// The weighted sum of `HealthModel.score`, in its order.
  private func scored() -> Double {
    guard let first = terms.first else { return .nan }
    var sum = first.weight * first.shape.apply(slots[first.slot])
    if slots[first.slot].isNaN { return .nan }
    for term in terms.dropFirst() {
      if slots[term.slot].isNaN { return .nan }
      sum += term.weight * term.shape.apply(slots[term.slot])
    }
    return min(1, sum)
  }
}

extension PolicyMachine {
  private mutating func push(_ value: Double) {
    stack[depth] = value
    depth += 1
  }

  private mutating func pop() -> Double {
    depth -= 1
    return stack[depth]
  }

  private mutating func pushFinite(_ value: Double) { push(value.isFinite ? value : .nan) }

  /// Runs one program and returns what it leaves.
  private mutating func run(_ range: Range<Int>) -> Double {
    for position in range {
      switch code[position] {
      case .number(let number): push(number)
      case .slot(let slot): push(slots[slot])
      case .negate: push(-pop())
      case .binary(let op):
        let b = pop()
        let a = pop()
        switch op {
        case .add: pushFinite(a + b)
        case .subtract: pushFinite(a - b)
        case .multiply: pushFinite(a * b)
        case .divide: pushFinite(a / b)
        }
      case .call(let function, let count): call(function, count)
      case .compare(let slot, let comparison):
        let bound = pop()
        let observed = slots[slot]
        let isUnknown = bound.isNaN || observed.isNaN
        let holds = comparison.holds(observed, bound)
        push(isUnknown ? Instruction.unknown : holds ? Instruction.met : Instruction.failed)
      case .state(let bits):
        push(bits & answer.state.bit != 0 ? Instruction.met : Instruction.failed)
      case .least(let count): fold(count, Swift.min)
      case .greatest(let count): fold(count, Swift.max)
      case .not: push(Instruction.met - pop())
      }
    }
    return pop()
  }

  private mutating func fold(_ count: Int, _ choose: (Double, Double) -> Double) {
    var result = count == 0 ? Instruction.met : pop()
    for _ in 1..<max(count, 1) { result = choose(pop(), result) }
    push(result)
  }

  private mutating func call(_ function: Expression.Function, _ count: Int) {
    let start = depth - count
    depth = start
    let first = stack[start]
    if function == .known { return push(first.isNaN ? stack[start + 1] : first) }
    var result = first
    for index in start..<start + count where stack[index].isNaN { return push(.nan) }
    switch function {
    case .min: for index in start + 1..<start + count where stack[index] < result { result = stack[index] }
    case .max: for index in start + 1..<start + count where stack[index] > result { result = stack[index] }
    case .clamp: result = Swift.min(Swift.max(first, stack[start + 1]), stack[start + 2])
    case .ceil: result = first.rounded(.up)
    case .floor: result = first.rounded(.down)
    case .round: result = first.rounded()
    case .abs: result = first.magnitude
    case .ratio: result = stack[start + 1] == 0 ? 0 : first / stack[start + 1]
    case .known: break
    }
    pushFinite(result)
  }
}
