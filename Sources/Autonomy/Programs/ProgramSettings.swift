public import DSLBase

/// Programs of the user's that take part in the loop (docs/programs.md).
public struct ProgramSettings: Sendable, Equatable {
  /// Programs that propose decisions, asked in every cycle.
  public var strategies: [Program] = []
  /// The program that scores the fleet.
  public var score: Score?
  /// Programs that carry out decisions, each of one type.
  public var handlers: [Handler] = []
  /// Failures in a row after which a program is held back.
  public var maxFailures = 3
  /// Seconds until a program that is held back is tried again; doubles with every failed trial, up to 32 times as long.
  public var retryAfterSeconds = 30.0

  /// None.
  public init() {}

  /// One program and what it may take.
  public struct Program: Sendable, Equatable {
    /// What it is called in reports; of a strategy also the rule that its decisions carry.
    public var name: String
    /// The program and its arguments; nothing in them is interpreted. A name with a slash that does not begin with one
    /// is looked up in the coordination directory, one without a slash in `PATH`.
    public var command: [String]
    /// Seconds it may take.
    public var timeoutSeconds = 5.0
    /// Address space it may take, bytes; `nil` for any.
    public var memoryBytes: Int? = 1 << 30
    /// Bytes it may answer.
    public var outputBytes = 256 << 10
    /// Variables of the engine's own environment that it gets beside the documented ones.
    public var environment: [String] = []

    /// A program with the limits that hold unless others are given.
    public init(name: String, command: [String]) {
      self.name = name
      self.command = command
    }
  }

  /// The program that scores the fleet.
  public struct Score: Sendable, Equatable {
    /// The program.
    public var program: Program
    /// Its share of the health score, above 0 and up to 1; the configured terms have the rest. 1 replaces them.
    public var weight = 1.0

    /// A score that replaces the configured terms.
    public init(program: Program) { self.program = program }
  }

  /// A program that carries out decisions.
  public struct Handler: Sendable, Equatable {
    /// The type of the decisions.
    public var type: DecisionType
    /// The program.
    public var program: Program

    /// A handler.
    public init(type: DecisionType, program: Program) {
      self.type = type
      self.program = program
    }
  }
}
