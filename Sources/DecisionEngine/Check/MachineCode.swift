import DSLBase

/// One step of a flat program on numbered slots. Unknown is NaN; a condition leaves `Truth` as a number, ordered so
/// that `all` is the least of its members and `any` the greatest.
struct Instruction {
  enum Operation {
    case add, subtract, multiply, divide, negate
    case lesser, greater, ceil, floor, round, abs, ratio, known
    case gt, gte, lt, lte, eq, ne
    /// Whether the health state is among the bits in `a`.
    case state
    case not
  }

  static let failed = 0.0
  static let unknown = 1.0
  static let met = 2.0

  let operation: Operation
  /// The slot of the result.
  let to: Int
  let a: Int
  let b: Int
}

extension Condition.Comparison {
  fileprivate var operation: Instruction.Operation {
    switch self {
    case .gt: .gt
    case .gte: .gte
    case .lt: .lt
    case .lte: .lte
    case .eq: .eq
    case .ne: .ne
    }
  }
}

extension HealthState {
  /// From 0, in the order of `allCases`.
  var number: Int {
    switch self {
    case .unknown: 0
    case .critical: 1
    case .degraded: 2
    case .healthy: 3
    case .optimal: 4
    }
  }
}

/// An expression or condition as a flat program.
struct MachineProgram {
  /// Its instructions.
  let start: Int
  let end: Int
  /// Where it leaves its result.
  let result: Int
  /// The names that it uses, by number in the order in which they can be computed: from here to there in
  /// `MachineCompiler.needs`.
  let firstNeed: Int
  let lastNeed: Int
  /// Whether it can differ between two states of one block (`CheckState.isBlock(of:)`).
  let varies: Bool
}

/// Turns the trees of a policy into flat programs, with names replaced by slots.
struct MachineCompiler {
  private(set) var code: [Instruction] = []
  /// What each slot holds to begin with: constants; NaN for all others.
  private(set) var initial: [Double]
  /// Names that something is bound to, in order.
  private(set) var names: [MachineProgram] = []
  private(set) var needs: [Int] = []
  /// Slots that anything reads.
  private(set) var touched: Set<Int> = []
  private var slots: [String: Int]
  private var constants: [UInt64: Int] = [:]
  /// The number of the name whose value a slot holds.
  private var namesOfSlots: [Int: Int] = [:]
  /// Slots that the program under way reads.
  private var reads: [Int] = []
  private var asksState = false

  /// - Parameter names: those of the first slots.
  init(names: [String]) {
    slots = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    initial = Array(repeating: .nan, count: names.count)
  }

  /// The slot of a name; a new one, which stays unknown, for a new name.
  mutating func slot(_ name: String) -> Int {
    if let slot = slots[name] { return slot }
    let slot = fresh(.nan)
    slots[name] = slot
    return slot
  }

  /// Binds names one after the other, and forgets them again after `body`, unless it is `nil`: names of a rule.
  mutating func binding(_ bindings: [Binding], during body: ((inout MachineCompiler) -> Void)?) {
    let outer = slots
    for binding in bindings {
      let program = program(binding.expression)
      slots[binding.name] = program.result
      guard program.start < program.end else { continue }
      namesOfSlots[program.result] = names.count
      names.append(program)
    }
    guard let body else { return }
    body(&self)
    slots = outer
  }

  mutating func program(_ expression: Expression) -> MachineProgram {
    build { compiler in compiler.emit(expression) }
  }

  mutating func program(_ condition: Condition) -> MachineProgram {
    build { compiler in compiler.emit(condition) }
  }

  private mutating func build(_ emit: (inout MachineCompiler) -> Int) -> MachineProgram {
    let (start, first) = (code.count, needs.count)
    reads = []
    asksState = false
    let result = emit(&self)
    read(result)
    for slot in reads {
      guard let name = namesOfSlots[slot] else { continue }
      let inner = Array(needs[names[name].firstNeed..<names[name].lastNeed])
      for need in inner + [name] where !needs[first...].contains(need) {
        needs.append(need)
      }
    }
    let isVarying =
      asksState || reads.contains { CheckState.varyingSlots.contains($0) }
      || needs[first...].contains { names[$0].varies }
    return MachineProgram(
      start: start, end: code.count, result: result, firstNeed: first, lastNeed: needs.count,
      varies: isVarying)
  }

  private mutating func fresh(_ value: Double) -> Int {
    initial.append(value)
    return initial.count - 1
  }

  private mutating func constant(_ value: Double) -> Int {
    if let slot = constants[value.bitPattern] { return slot }
    let slot = fresh(value)
    constants[value.bitPattern] = slot
    return slot
  }

  private mutating func read(_ slot: Int) {
    reads.append(slot)
    touched.insert(slot)
  }

  private mutating func append(_ operation: Instruction.Operation, _ a: Int, _ b: Int = 0) -> Int {
    if operation != .state {
      read(a)
      read(b)
    }
    let to = fresh(.nan)
    code.append(Instruction(operation: operation, to: to, a: a, b: b))
    return to
  }

  private mutating func emit(_ expression: Expression) -> Int {
    switch expression {
    case .number(let number): return constant(number)
    case .name(let name): return slot(name)
    case .negated(let inner):
      let value = emit(inner)
      return append(.negate, value, value)
    case .binary(let op, let left, let right):
      let a = emit(left)
      let b = emit(right)
      switch op {
      case .add: return append(.add, a, b)
      case .subtract: return append(.subtract, a, b)
      case .multiply: return append(.multiply, a, b)
      case .divide: return append(.divide, a, b)
      }
    case .call(let function, let arguments):
      var values: [Int] = []
      for argument in arguments { values.append(emit(argument)) }
      return emit(function, values)
    }
  }

  private mutating func emit(_ function: Expression.Function, _ values: [Int]) -> Int {
    let first = values[0]
    switch function {
    case .min: return fold(.lesser, values)
    case .max: return fold(.greater, values)
    case .clamp: return append(.lesser, append(.greater, first, values[1]), values[2])
    case .ceil: return append(.ceil, first, first)
    case .floor: return append(.floor, first, first)
    case .round: return append(.round, first, first)
    case .abs: return append(.abs, first, first)
    case .ratio: return append(.ratio, first, values[1])
    case .known: return append(.known, first, values[1])
    }
  }

  private mutating func fold(_ operation: Instruction.Operation, _ values: [Int]) -> Int {
    var result = values.first ?? constant(Instruction.met)
    for value in values.dropFirst() { result = append(operation, result, value) }
    return result
  }

  private mutating func emit(_ condition: Condition) -> Int {
    switch condition {
    case .compare(let name, let comparison, let bound, _):
      let limit = emit(bound)
      return append(comparison.operation, slot(name), limit)
    case .state(let states):
      asksState = true
      return append(.state, states.reduce(0) { $0 | 1 << $1.number })
    case .all(let parts): return fold(.lesser, each(parts))
    case .any(let parts): return fold(.greater, each(parts))
    case .not(let inner):
      let value = emit(inner)
      return append(.not, value, value)
    }
  }

  private mutating func each(_ parts: [Condition]) -> [Int] {
    var values: [Int] = []
    for part in parts { values.append(emit(part)) }
    return values
  }
}
