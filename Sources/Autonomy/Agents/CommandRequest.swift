/// A command that does one item.
struct CommandRequest: Sendable {
  /// For `/bin/sh -c`; with a `program`, its name in messages.
  var command: String
  /// A program with its arguments, which nothing interprets, in place of the command line; found by `PATH` when its name
  /// has no slash. Nothing but the three standard descriptors is open for it.
  var program: [String]?
  /// Where the program runs; where this process does unless given.
  var directory: String?
  /// Address space that the program and each process it starts may take, bytes (`RLIMIT_AS`).
  var memoryBytes: Int?
  /// The whole environment, `NAME=value` each.
  var environment: [String]
  /// Standard input.
  var input: [UInt8]
  /// Bytes of standard output that are kept, from its beginning.
  var outputBytes: Int
  /// Bytes of standard error that are kept, from its end.
  var errorBytes = 4096
  /// Seconds it may take.
  var timeoutSeconds: Double?
  /// Seconds between SIGTERM and SIGKILL when it took longer.
  var graceSeconds: Double
}

/// How a command ended.
struct CommandEnd: Sendable, Equatable {
  enum Cause: Sendable, Equatable {
    case exit(Int32)
    case signal(Int32)
    /// It was ended because it took longer than it may. Seconds.
    case timeout(Double)
    /// It never ran.
    case notStarted(String)
  }

  var cause: Cause
  /// The beginning of standard output.
  var output: [UInt8] = []
  /// Bytes written to standard output in all.
  var outputTotal = 0
  /// The end of standard error.
  var errors: [UInt8] = []
  /// Whole running time, seconds.
  var seconds = 0.0

  /// Whether the item is done.
  var isSuccess: Bool { cause == .exit(0) }
}
