import DSLBase

/// A policy made ready to be asked millions of times: the same answers as `DecisionEngine.decide`, without text.
///
/// Rules, names and conditions are flat programs. What cannot differ within a block of states (`CheckState.isBlock`)
/// is computed once a block, and only when something asks for it; asking about the states of a grid in its order is
/// therefore much cheaper than asking about them in any other.
///
/// What differs is told here: a tie in priority and confidence goes to the earlier rule, where the engine takes
/// the lower id, which depends on the cycle.
final class PolicyMachine {
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

  let engine: DecisionEngine
  private let program: MachinePolicy
  private let slots: MachineMemory<Double>
  private let code: MachineMemory<Instruction>
  /// Names that something is bound to.
  private let bound: MachineMemory<MachineProgram>
  private let needs: MachineMemory<Int>
  /// The block or state for which each name was computed last.
  private let stamps: MachineMemory<Int>
  /// What the terms of the score add up from.
  private let terms: MachineMemory<Double>
  /// Rules, best ranked first, that a health state and the block leave open: as many as `aliveCount` says, for
  /// each state the block of which is `aliveBlock`.
  private let alive: MachineMemory<Int>
  private let aliveCount = MachineMemory<Int>(Array(repeating: 0, count: HealthState.allCases.count))
  private let aliveBlock = MachineMemory<Int>(Array(repeating: -1, count: HealthState.allCases.count))
  /// The rule that has each conflict key, and the state of which it is.
  private let holders: MachineMemory<Int>
  private let held: MachineMemory<Int>
  /// The `target_agents` of each matched rule of the last state; unknown (NaN) without one.
  private let wanted: MachineMemory<Double>
  private var block: CheckState?
  private var blockStamp = 0
  private var stateStamp = 0
  private var stateBit = 0
  private(set) var answer = Answer()

  init(_ engine: DecisionEngine) {
    self.engine = engine
    program = MachinePolicy(engine)
    slots = MachineMemory(program.initial)
    code = MachineMemory(program.code)
    bound = MachineMemory(program.names)
    needs = MachineMemory(program.needs)
    stamps = MachineMemory(program.names.map { _ in -1 })
    terms = MachineMemory(program.terms.map { _ in 0 })
    let rules = program.rules.count
    alive = MachineMemory(Array(repeating: 0, count: rules * HealthState.allCases.count))
    holders = MachineMemory(Array(repeating: 0, count: rules))
    held = MachineMemory(Array(repeating: -1, count: rules))
    wanted = MachineMemory(program.rules.map(\.constantTarget))
  }

  /// The score of the last state; NaN when it has none.
  var score: Double { slots.values[CheckState.scoreSlot] }

  /// The `target_agents` that a rule asked for in the last state that it matched; unknown (NaN) without one.
  func target(_ rule: Int) -> Double { wanted.values[rule] }

  /// The value of a computed parameter of a rule that matched in the last state; see `parameterNames`.
  func parameter(_ number: Int, of rule: Int) -> Double {
    slots.values[program.rules[rule].parameters[number].result]
  }

  /// The names of a rule's computed parameters, in order.
  func parameterNames(_ rule: Int) -> [String] {
    engine.policy.rules[rule].parameters.compactMap { parameter in
      if case .formula = parameter.value { parameter.name } else { nil }
    }
  }

  /// What tells the blocks of two situations apart for this policy, where agents and work are the same: equal
  /// signatures mean equal answers for equal counts.
  func signature(_ state: CheckState) -> [UInt64] {
    enter(state)
    return program.signatureSlots.map { slots.values[$0].bitPattern }
      + [program.readsTelemetry ? CheckState.telemetryKind(state.situation) : 0]
  }

  /// Asks everything about a state; the answer is in `answer` and `targets`.
  func ask(_ state: CheckState) {
    if let block, state.isBlock(of: block) {
      state.fillVarying(slots.values)
    } else {
      enter(state)
    }
    answerNow()
  }

  /// Asks everything about an observation.
  func ask(_ observation: Observation) {
    var slot = 0
    for info in MetricCatalog.standard.entries {
      slots.values[slot] = observation.metrics[info.name].flatMap { $0.isFinite ? $0 : nil } ?? .nan
      slot += 1
    }
    let scope = Scope(observation, limits: engine.limits, thresholds: engine.health.thresholds)
    for (name, _) in Scope.builtIn {
      slots.values[slot] = scope[name] ?? .nan
      slot += 1
    }
    block = nil
    begin()
    answerNow()
  }

  private func answerNow() {
    stateStamp += 1
    let score = scored()
    slots.values[CheckState.scoreSlot] = score
    let health = score.isNaN ? HealthState.unknown : engine.health.state(of: score)
    stateBit = 1 << health.number
    answer.state = health
    answer.matched.removeAll(keepingCapacity: true)
    answer.chosen.removeAll(keepingCapacity: true)
    if !answer.superseded.isEmpty { answer.superseded.removeAll(keepingCapacity: true) }
    answer.silence = nil
    guard !score.isNaN else { return }
    let number = health.number
    if aliveBlock.values[number] != blockStamp { revive(number) }
    let first = alive.values + number * program.rules.count
    var place = 0
    while place < aliveCount.values[number] {
      consider(first[place])
      place += 1
    }
    if answer.chosen.isEmpty { answer.silence = program.silences.firstIndex { run($0) == Instruction.met } }
  }

  private func enter(_ state: CheckState) {
    state.fill(slots.values, limits: engine.limits, thresholds: engine.health.thresholds)
    block = state
    begin()
  }

  /// Begins a block: what is known of the one before is void.
  private func begin() {
    blockStamp += 1
    var index = 0
    for term in program.terms {
      terms.values[index] = term.weight * term.shape.apply(slots.values[term.slot])
      if slots.values[term.slot].isNaN { terms.values[index] = .nan }
      index += 1
    }
  }

  /// The weighted sum of `HealthModel.score`, in its order.
  private func scored() -> Double {
    for index in program.varyingTerms {
      let term = program.terms[index]
      let value = slots.values[term.slot]
      terms.values[index] = value.isNaN ? .nan : term.weight * term.shape.apply(value)
    }
    guard terms.count > 0 else { return .nan }
    var sum = terms.values[0]
    var index = 1
    while index < terms.count {
      sum += terms.values[index]
      index += 1
    }
    return sum.isNaN ? .nan : min(1, sum)
  }

  /// Finds the rules that a health state leaves open in this block.
  private func revive(_ number: Int) {
    aliveBlock.values[number] = blockStamp
    var count = 0
    for rule in program.ranking {
      let entry = program.rules[rule]
      guard entry.states & stateBit != 0, entry.fixed.allSatisfy({ run($0) == Instruction.met }) else {
        continue
      }
      alive.values[number * program.rules.count + count] = rule
      count += 1
    }
    aliveCount.values[number] = count
  }

  private func consider(_ number: Int) {
    let rule = program.rules[number]
    for part in rule.varying where run(part) != Instruction.met { return }
    for parameter in rule.parameters where run(parameter).isNaN { return }
    if let target = rule.target { wanted.values[number] = slots.values[target] }
    answer.matched.append(number)
    if held.values[rule.key] == stateStamp {
      answer.superseded.append((number, holders.values[rule.key]))
    } else {
      held.values[rule.key] = stateStamp
      holders.values[rule.key] = number
      answer.chosen.append(number)
    }
  }
}

extension PolicyMachine {
  /// Runs one program, after the names that it needs, and returns what it leaves.
  private func run(_ program: MachineProgram) -> Double {
    var place = program.firstNeed
    while place < program.lastNeed {
      let number = needs.values[place]
      let name = bound.values[number]
      let stamp = name.varies ? -2 - stateStamp : blockStamp
      if stamps.values[number] != stamp {
        execute(name.start, name.end)
        stamps.values[number] = stamp
      }
      place += 1
    }
    execute(program.start, program.end)
    return slots.values[program.result]
  }

  private func execute(_ start: Int, _ end: Int) {
    let slots = slots.values
    var position = start
    while position < end {
      let step = code.values[position]
      let a = step.operation == .state ? 0 : slots[step.a]
      let b = slots[step.b]
      slots[step.to] = step.operation == .state ? among(step.a) : Self.apply(step.operation, a, b)
      position += 1
    }
  }

  private func among(_ bits: Int) -> Double { bits & stateBit != 0 ? Instruction.met : Instruction.failed }

  private static func apply(_ operation: Instruction.Operation, _ a: Double, _ b: Double) -> Double {
    if operation == .known { return a.isNaN ? b : a }
    let isUnknown = a.isNaN || b.isNaN
    switch operation {
    case .gt: return isUnknown ? 1 : a > b ? 2 : 0
    case .gte: return isUnknown ? 1 : a >= b ? 2 : 0
    case .lt: return isUnknown ? 1 : a < b ? 2 : 0
    case .lte: return isUnknown ? 1 : a <= b ? 2 : 0
    case .eq: return isUnknown ? 1 : a == b ? 2 : 0
    case .ne: return isUnknown ? 1 : a != b ? 2 : 0
    default: return isUnknown ? .nan : compute(operation, a, b)
    }
  }

  /// For two known values.
  private static func compute(_ operation: Instruction.Operation, _ a: Double, _ b: Double) -> Double {
    switch operation {
    case .add: finite(a + b)
    case .subtract: finite(a - b)
    case .multiply: finite(a * b)
    case .divide: finite(a / b)
    case .negate: -a
    case .lesser: b < a ? b : a
    case .greater: b > a ? b : a
    case .ceil: a.rounded(.up)
    case .floor: a.rounded(.down)
    case .round: a.rounded()
    case .abs: a.magnitude
    case .ratio: b == 0 ? 0 : finite(a / b)
    case .not: 2 - a
    case .known, .gt, .gte, .lt, .lte, .eq, .ne, .state: a
    }
  }

  private static func finite(_ value: Double) -> Double { value.isFinite ? value : .nan }
}
