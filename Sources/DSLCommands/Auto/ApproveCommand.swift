import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// Who answers, and what they say.
struct AnswerOptions: ParsableArguments {
  @Argument(help: "The id of the request (p-…) or decision (d-…), or a beginning of it that only one has.")
  var id: String

  @Option(help: ArgumentHelp("Who answers; the account unless given.", valueName: "name"))
  var by: String?

  @Option(help: "Why, for the record.")
  var comment: String?

  /// Notes the answer.
  func answer(_ context: Context, approves: Bool, _ command: String) throws -> Report {
    let who = try Identity.person(by, context)
    let loaded = try context.settings()
    try loaded.requireReadable()
    let machine = ApprovalMachine(loaded.settings.approval)
    let now = context.time.now
    let vote = Approval.Vote(who: who, approves: approves, at: now, comment: comment ?? "")
    let journal = try context.journalForNotes()
    let stored = try journal.changeApproval(id, at: now) { stored in
      try machine.vote(try Approval(stored: stored), vote).stored
    }
    let view = ApprovalView(approval: try Approval(stored: stored), now: now)
    var report = Report(command, ["approval": view.approval.json(at: now)]) { view.text($0) }
    report.warnings = loaded.warnings
    return report
  }
}

extension Identity {
  /// The longest name and comment, characters.
  private static let longestName = 200

  /// Whoever calls: the account, under the name that was given.
  ///
  /// - Throws: `invalidState` within an agent, `invalidInput` for an unusable name.
  static func person(_ name: String?, _ context: Context) throws -> Identity {
    if let agent = context.environment["DSL_AGENT_ID"], !agent.isEmpty {
      throw DSLError(
        .invalidState, "agent \(agent) may not do this: it is for people",
        fix: "call it outside of an agent's command")
    }
    if let name {
      let isShown = name.contains { !$0.isWhitespace } && !name.contains { $0.isNewline }
      guard isShown, name.count <= longestName else {
        throw DSLError(.invalidInput, "--by: expected a name of 1 to \(longestName) characters on one line")
      }
    }
    return Identity(name: name, user: AccountName.current, host: HostName.current)
  }
}

extension Context {
  /// The journal for what people note in it while a loop may be running.
  ///
  /// - Throws: `notFound` when there is no journal.
  func journalForNotes() throws -> Journal {
    guard try journal() != nil else {
      throw DSLError(.notFound, "\(directory.path) has no journal, so nothing was decided here yet")
    }
    return try Journal(directory: directory, access: .readWrite)
  }
}

/// `dsl auto approve`: lets a decision take effect.
struct ApproveCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Approve a decision that waits for it.",
    discussion: """
      The loop carries it out in its next cycle, or dsl auto execute does, if state and plan are still what was approved.
      Whoever proposed it, the account of the loop, may not approve it.
        dsl auto approve p-0123456789abcdef --by alice --comment 'checked the queue'
      """)
  static let reportName = "auto-approve"

  @OptionGroup var answer: AnswerOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    try answer.answer(context, approves: true, Self.reportName)
  }
}

/// `dsl auto reject`: keeps a decision from taking effect.
struct RejectCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject", abstract: "Reject a decision that waits for approval, or take an approval back.",
    discussion: "Holds until it expires (approval.expires) or until state or plan change.")
  static let reportName = "auto-reject"

  @OptionGroup var answer: AnswerOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    try answer.answer(context, approves: false, Self.reportName)
  }
}
