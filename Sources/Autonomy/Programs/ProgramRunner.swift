import DSLBase
import Glibc
import Telemetry
import Tracing

/// Why a program gave no usable answer.
struct ProgramFailure: Error, Equatable {
  /// The word for the kind: `timeout`, `exit_status`, `signal`, `not_started`, `output_limit`, `not_json`, `protocol`.
  var kind: String
  /// What happened, as a phrase.
  var message: String
}

/// What a program is asked as: the protocol that its question and answer belong to.
enum ProgramRole: String, Sendable {
  case strategy, score, handler, notify, remedy

  /// The member `dsl` of questions and answers; the number grows when an old program could not read a new question.
  var version: String { rawValue + "/v1" }
}

/// Runs programs of the user's: one question on standard input, one answer on standard output, within limits.
///
/// A program is run in the coordination directory, in a process group of its own that is killed when its time is up and
/// when it ends, with an environment made from scratch (docs/programs.md).
struct ProgramRunner: Sendable {
  /// Variables of the engine that every program gets: what programs need to be found and to speak to people.
  static let passedOn = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR"]
  private static let searchPath = "/usr/local/bin:/usr/bin:/bin"
  /// Seconds between SIGTERM and SIGKILL.
  private static let graceSeconds = 1.0
  /// Bytes of standard error that are kept, from its end, and characters of it that a failure tells.
  private static let errors = (bytes: 4096, told: 500)

  private let directory: String
  private let environment: [String: String]
  private let time: any TimeSource

  /// - Parameters:
  ///   - directory: the coordination directory, as named.
  ///   - environment: the engine's own.
  init(directory: String, environment: [String: String], time: any TimeSource) {
    self.directory = Self.absolute(directory)
    self.environment = environment
    self.time = time
  }

  /// Asks a program.
  ///
  /// - Parameters:
  ///   - mayBeSilent: whether an exit status of 0 without any output is an answer: `nil`.
  ///   - endsWithTask: whether the program is killed when the task is cancelled.
  /// - Throws: `ProgramFailure`; the program is gone then as well.
  func ask(
    _ program: ProgramSettings.Program, _ role: ProgramRole, _ question: JSONObject,
    mayBeSilent: Bool = false,
    endsWithTask: Bool = false
  ) async throws(ProgramFailure) -> JSONValue? {
    var object: JSONObject = ["dsl": .string(role.version), "name": .string(program.name)]
    for member in question { object[member.key] = member.value }
    let input = Array((JSONValue.object(object).text() + "\n").utf8)
    let end = await run(program, role, input, endsWithTask)
    guard end.isSuccess else {
      throw ProgramFailure(kind: end.errorType, message: String(end.failure.prefix(Self.errors.told)))
    }
    guard end.outputTotal <= program.outputBytes else {
      throw ProgramFailure(
        kind: "output_limit",
        message: "answered \(end.outputTotal) bytes, more than the \(program.outputBytes) it may")
    }
    if mayBeSilent, end.output.allSatisfy({ [0x09, 0x0A, 0x0D, 0x20].contains($0) }) { return nil }
    let answer: JSONValue
    do throws(JSONError) { answer = try JSONParser.parse(end.output) } catch {
      throw ProgramFailure(kind: "not_json", message: "its answer is not JSON: \(error)")
    }
    guard answer["dsl"]?.string == role.version else {
      let found = answer["dsl"]?.text() ?? "nothing"
      throw ProgramFailure(
        kind: "protocol", message: "dsl: expected \"\(role.version)\", found \(String(found.prefix(60)))")
    }
    return answer
  }

  /// Runs a program, whatever it answers.
  ///
  /// - Parameter extra: variables of its environment beside the documented ones.
  func run(
    _ program: ProgramSettings.Program, _ role: ProgramRole, _ input: [UInt8], _ endsWithTask: Bool = false,
    extra: [String: String] = [:]
  ) async -> CommandEnd {
    var request = CommandRequest(
      command: program.command.joined(separator: " "), environment: variables(of: program, role, extra),
      input: input, outputBytes: program.outputBytes, timeoutSeconds: program.timeoutSeconds,
      graceSeconds: Self.graceSeconds)
    request.errorBytes = Self.errors.bytes
    request.program = program.command
    request.directory = directory
    request.memoryBytes = program.memoryBytes
    let running: RunningCommand
    do throws(DSLError) { running = try RunningCommand(request, time: time) } catch {
      return CommandEnd(cause: .notStarted("\(error)"))
    }
    return await withTaskCancellationHandler {
      await running.end()
    } onCancel: {
      if endsWithTask { running.signal(SIGKILL) }
    }
  }

  /// The whole environment of a program.
  private func variables(
    of program: ProgramSettings.Program, _ role: ProgramRole, _ extra: [String: String]
  ) -> [String] {
    var variables: [String: String] = ["PATH": Self.searchPath]
    for name in Self.passedOn + program.environment { variables[name] = environment[name] ?? variables[name] }
    variables.merge(extra) { $1 }
    variables["DSL_PROGRAM"] = program.name
    variables["DSL_PROTOCOL"] = role.version
    variables["COORDINATION_DIR"] = directory
    variables["DSL_COORDINATION_DIR"] = directory
    for (name, value) in ServiceContext.current?.traceContext?.environment ?? [] { variables[name] = value }
    return variables.map { "\($0.key)=\($0.value)" }.sorted()
  }

  /// A path without links and dots; as it is when it leads nowhere.
  static func absolute(_ path: String) -> String {
    guard let text = realpath(path, nil) else { return path }
    defer { free(text) }
    return String(cString: text)
  }
}
