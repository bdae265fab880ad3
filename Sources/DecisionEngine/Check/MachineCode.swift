import DSLBase

/// One step of a flat program on a stack of numbers. Unknown is NaN; a condition leaves `Instruction.failed`,
/// `.unknown` or `.met`, which are ordered so that `all` is the least of its members and `any` the greatest.
enum Instruction {
  case number(Double)
  case slot(Int)
  case negate
  case binary(Expression.Operator)
  case call(Expression.Function, Int)
  /// Compares the slot with the bound on the stack.
  case compare(Int, Condition.Comparison)
  /// Whether the health state is among these bits.
  case state(UInt8)
  case least(Int)
  case greatest(Int)
  case not

  static let failed = 0.0
  static let unknown = 1.0
  static let met = 2.0
}

extension HealthState {
  /// One bit of a set of states.
  var bit: UInt8 {
    switch self {
    case .unknown: 1
    case .critical: 2
    case .degraded: 4
    case .healthy: 8
    case .optimal: 16
    }
  }
}

/// Turns the trees of a policy into flat programs, with names replaced by slots.
struct MachineCompiler {
  private(set) var code: [Instruction] = []
  private(set) var slots: [String: Int]

  init(names: [String]) {
    slots = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The slot of a name; a new one, which stays unknown unless something is bound to it, for a new name. Rules
  /// may share a slot for names of their own: each binds them before it asks, and none can name another's.
  mutating func slot(_ name: String) -> Int {
    if let slot = slots[name] { return slot }
    let slot = slots.count
    slots[name] = slot
    return slot
  }

  mutating func program(_ expression: Expression) -> Range<Int> {
    let start = code.count
    emit(expression)
    return start..<code.count
  }

  mutating func program(_ condition: Condition) -> Range<Int> {
    let start = code.count
    emit(condition)
    return start..<code.count
  }

  private mutating func emit(_ expression: Expression) {
    switch expression {
    case .number(let number): code.append(.number(number))
    case .name(let name): code.append(.slot(slot(name)))
    case .negated(let inner):
      emit(inner)
      code.append(.negate)
    case .binary(let op, let left, let right):
      emit(left)
      emit(right)
      code.append(.binary(op))
    case .call(let function, let arguments):
      for argument in arguments { emit(argument) }
      code.append(.call(function, arguments.count))
    }
  }

  private mutating func emit(_ condition: Condition) {
    switch condition {
    case .compare(let name, let comparison, let bound, _):
      emit(bound)
      code.append(.compare(slot(name), comparison))
    case .state(let states): code.append(.state(states.reduce(0) { $0 | $1.bit }))
    case .all(let parts):
      for part in parts { emit(part) }
      code.append(.least(parts.count))
    case .any(let parts):
      for part in parts { emit(part) }
      code.append(.greatest(parts.count))
    case .not(let inner):
      emit(inner)
      code.append(.not)
    }
  }
}
