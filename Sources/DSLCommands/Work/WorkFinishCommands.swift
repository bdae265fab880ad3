import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl work progress`: says how far a claimed item is.
struct WorkProgressCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "progress", abstract: "Note how far a claimed item is.")
  static let reportName = "work-progress"

  @OptionGroup var claim: ClaimArguments

  @Option(help: "How much of it is done, 0 to 100.")
  var percent: Double?

  @Option(help: "A line for people.")
  var note: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let references = try claim.references(context).map(\.claim)
    let queue = try context.queue(.readWrite)
    for reference in references { try queue.progress(reference, percent: percent, note: note) }
    let data: JSONValue = [
      "items": .strings(references.map(\.id)), "percent": .optional(percent), "note": .optional(note),
    ]
    return Report(Self.reportName, data) { _ in references.map { "noted \($0.id)\n" }.joined() }
  }
}

/// `dsl work complete`: finishes items.
struct WorkCompleteCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "complete", abstract: "Finish claimed items; they are kept as completed_<id>.json.",
    discussion: """
      With --claim FILE holding several claims, one a line, a member `result` of a line is that item's result.
      A claim that is no longer held is refused: it is named, the others are finished, and the exit status is 5.
      """)
  static let reportName = "work-complete"

  @OptionGroup var claim: ClaimArguments

  @Option(help: "The result: JSON, or text. - reads it from stdin.")
  var result: String?

  @Option(help: "How long it took, milliseconds.")
  var durationMs: Double?

  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    if result == "-", claim.claim == "-" {
      throw ValidationError("Only one of --claim and --result can be -.")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    let common = try result.map { text -> JSONValue in
      let bytes = text == "-" ? try Input.bytes("-", context) : Array(text.utf8)
      return (try? JSONParser.parse(bytes)) ?? .string(String(decoding: bytes, as: UTF8.self))
    }
    let completions = try claim.references(context).map { reference, fields in
      Completion(
        claim: reference, result: common ?? fields["result"] ?? .null,
        durationMs: durationMs ?? fields["duration_ms"]?.double, traceID: fields["trace_id"]?.string)
    }
    let queue = try context.queue(.readWrite)
    let outcomes = try queue.complete(completions)
    try queue.flush()
    var completed: [String] = []
    var errors: [String] = []
    for (completion, outcome) in zip(completions, outcomes) {
      switch outcome {
      case .completed: completed.append(completion.claim.id)
      case .refused(let error): errors.append("\(completion.claim.id): \(error.description)")
      }
    }
    let data: JSONValue = ["completed": .strings(completed), "refused": .int(errors.count)]
    var report = Report(Self.reportName, data) { _ in completed.map { "completed \($0)\n" }.joined() }
    report.errors = errors
    report.warnings = queue.takeWarnings()
    if !errors.isEmpty { report.status = .conflict }
    return report
  }
}

/// `dsl work fail`: says that an attempt failed.
struct WorkFailCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "fail", abstract: "Say that an attempt failed; the item is tried again later, or parked.")
  static let reportName = "work-fail"

  @OptionGroup var claim: ClaimArguments

  @Option(help: "What went wrong.")
  var error: String

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let work = try context.settings().settings.work
    let policy = RetryPolicy(
      maxAttempts: work.maxAttempts, baseSeconds: work.retryBaseSeconds, maxSeconds: work.retryMaxSeconds)
    let queue = try context.queue(.readWrite)
    var items: [JSONValue] = []
    var lines: [String] = []
    for (reference, _) in try claim.references(context) {
      switch try queue.fail(reference, error: error, retry: policy) {
      case .retry(let time, let attempt):
        items.append([
          "id": .string(reference.id), "outcome": "retry", "attempt": .int(attempt), "retry_at": time.json,
        ])
        lines.append("\(reference.id): attempt \(attempt) failed, next try from \(time)")
      case .parked:
        items.append(["id": .string(reference.id), "outcome": "parked"])
        lines.append("\(reference.id): parked as failed")
      }
    }
    try queue.flush()
    return Report(Self.reportName, ["items": .array(items)]) { _ in lines.map { $0 + "\n" }.joined() }
  }
}

/// `dsl work requeue`: makes items pending again.
struct WorkRequeueCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "requeue", abstract: "Make items pending again: held, waiting, failed or quarantined ones.",
    discussion: "A worker that still holds such an item loses its claim; what it reports later is refused.")
  static let reportName = "work-requeue"

  @Argument(help: "The items' ids.")
  var ids: [String]

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let queue = try context.queue(.readWrite)
    let outcomes = try ids.map { id in (id: id, outcome: try queue.requeue(id)) }
    try queue.flush()
    let items = outcomes.map { id, outcome -> JSONValue in
      let (word, agent) = outcome.words
      return ["id": .string(id), "outcome": .string(word), "agent": .optional(agent)]
    }
    return Report(Self.reportName, ["items": .array(items)]) { _ in
      outcomes.map { id, outcome in
        let (word, agent) = outcome.words
        return "\(id): \(word)" + (agent.map { " \($0)" } ?? "") + "\n"
      }.joined()
    }
  }
}

extension RequeueOutcome {
  /// The outcome as a word, and the agent it is about.
  fileprivate var words: (String, String?) {
    switch self {
    case .takenFrom(let agent): ("taken_from", agent)
    case .woken: ("woken", nil)
    case .restoredFromFailed: ("restored_from_failed", nil)
    case .restoredFromQuarantine: ("restored_from_quarantine", nil)
    case .alreadyPending: ("already_pending", nil)
    }
  }
}
