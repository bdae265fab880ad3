/// A small arithmetic expression over named numbers, total by construction: it has no loops, no calls but the
/// built-in functions, and every failure to compute (an unknown name's value, a division by zero, an
/// overflow) is `nil`.
indirect enum Expression: Sendable, Equatable {
  case number(Double)
  case name(String)
  case negated(Expression)
  case binary(Operator, Expression, Expression)
  case call(Function, [Expression])

  enum Operator: Character, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
  }

  /// The functions, by the name they are called with.
  enum Function: String, Sendable, CaseIterable {
    case min, max, clamp, ceil, floor, round, abs
    /// a / b, or 0 when b is 0.
    case ratio
    /// Its first argument, or the second where the first is unknown.
    case known

    /// How many arguments it takes.
    var arity: ClosedRange<Int> {
      switch self {
      case .min, .max: 2...8
      case .clamp: 3...3
      case .ceil, .floor, .round, .abs: 1...1
      case .ratio, .known: 2...2
      }
    }
  }

  /// The value, given those of the names; `nil` when it is unknown.
  func value(_ lookup: (String) -> Double?) -> Double? {
    let result: Double?
    switch self {
    case .number(let number): result = number
    case .name(let name): result = lookup(name)
    case .negated(let inner): result = inner.value(lookup).map { -$0 }
    case .binary(let op, let left, let right):
      guard let a = left.value(lookup), let b = right.value(lookup) else { return nil }
      result = op.apply(a, b)
    case .call(.known, let arguments): result = arguments[0].value(lookup) ?? arguments[1].value(lookup)
    case .call(let function, let arguments):
      var values: [Double] = []
      for argument in arguments {
        guard let value = argument.value(lookup) else { return nil }
        values.append(value)
      }
      result = function.apply(values)
    }
    return result.flatMap { $0.isFinite ? $0 : nil }
  }

  /// The names it asks for, in the order written.
  var names: [String] {
    switch self {
    case .number: []
    case .name(let name): [name]
    case .negated(let inner): inner.names
    case .binary(_, let left, let right): left.names + right.names
    case .call(_, let arguments): arguments.flatMap(\.names)
    }
  }
}

extension Expression.Operator {
  fileprivate func apply(_ a: Double, _ b: Double) -> Double? {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: b == 0 ? nil : a / b
    }
  }
}

extension Expression.Function {
  /// The result for as many arguments as `arity` allows.
  fileprivate func apply(_ arguments: [Double]) -> Double? {
    switch self {
    case .min: arguments.min()
    case .max: arguments.max()
    case .clamp: Swift.min(Swift.max(arguments[0], arguments[1]), arguments[2])
    case .ceil: arguments[0].rounded(.up)
    case .floor: arguments[0].rounded(.down)
    case .round: arguments[0].rounded()
    case .abs: arguments[0].magnitude
    case .ratio: arguments[1] == 0 ? 0 : arguments[0] / arguments[1]
    case .known: arguments[0]
    }
  }
}
