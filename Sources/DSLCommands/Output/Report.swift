import Autonomy
import DSLBase

/// What a command has to say, apart from how it is shown.
struct Report {
  /// The command's name in the envelope: "auto-status".
  var command: String
  /// Makes the payload; a table does without it.
  private let payload: () -> JSONValue
  /// What a table shows people.
  var display: (Paint) -> String
  /// Members of the payload that stand at the top level of the envelope as well.
  var mirrored: [String] = []
  /// What deserves attention and is no error.
  var warnings: [String] = []
  /// What went wrong with parts of the work; the rest was done.
  var errors: [String] = []
  /// About the run itself.
  var metadata: JSONObject = [:]
  /// How the process ends.
  var status = ExitStatus.success

  init(
    _ command: String, _ data: @autoclosure @escaping () -> JSONValue, display: @escaping (Paint) -> String
  ) {
    self.command = command
    payload = data
    self.display = display
  }

  /// The payload: `data` of the envelope, and the whole output of `--format json|yaml`.
  var data: JSONValue { payload() }

  /// The envelope of `--json`.
  func envelope(at time: Timestamp) -> JSONValue {
    var envelope = Envelope(command, data)
    envelope.mirrored = mirrored
    envelope.warnings = warnings
    envelope.errors = errors
    envelope.metadata = metadata
    return envelope.json(at: time)
  }

  /// The envelope of a command that failed.
  static func failure(at time: Timestamp, command: String, _ failure: Failure) -> JSONValue {
    var envelope = Envelope(command, .object([:]))
    envelope.errors = failure.lines
    envelope.metadata = ["code": .string(failure.code), "exit_status": .int(failure.status.rawValue)]
    if let fix = failure.fix { envelope.metadata["fix"] = .string(fix) }
    return envelope.json(at: time)
  }
}

/// Why a command failed, ready to be shown.
struct Failure {
  /// The error's code: "not_found".
  var code: String
  /// What is wrong, a sentence each.
  var lines: [String]
  /// What can be done about it.
  var fix: String?
  /// How the process ends.
  var status: ExitStatus

  init(code: String, lines: [String], fix: String? = nil, status: ExitStatus) {
    self.code = code
    self.lines = lines
    self.fix = fix
    self.status = status
  }

  /// The failure that an error means.
  init(_ error: any Error) {
    switch error {
    case let error as DSLError:
      let message = error.message + (error.cause.map { ": \($0)" } ?? "")
      self.init(
        code: error.code.rawValue,
        lines: message.split(separator: "\n", omittingEmptySubsequences: true).map(String.init),
        fix: error.fix,
        status: ExitStatus(error.code))
    case let error as FileError:
      self.init(code: DSLError.Code.io.rawValue, lines: [error.description], status: .io)
    case is CancellationError:
      self.init(code: DSLError.Code.cancelled.rawValue, lines: ["stopped on request"], status: .cancelled)
    default:
      self.init(code: DSLError.Code.internalError.rawValue, lines: ["\(error)"], status: .internalError)
    }
  }
}
