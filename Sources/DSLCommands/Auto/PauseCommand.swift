import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl auto pause`: nothing is done for a while.
struct PauseCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Let the loop look and decide, but do nothing, for a time.",
    discussion: """
      It resumes by itself. An effect that is under way is finished. Works while a loop runs, and before one does.
        dsl auto pause --for 2h --reason 'moving the database'
      """)
  static let reportName = "auto-pause"

  @Option(name: .customLong("for"), help: ArgumentHelp("How long: 30m, 2h.", valueName: "duration"))
  var duration: String

  @Option(help: "Why, for everybody who asks.")
  var reason: String

  @Option(help: ArgumentHelp("Who asks for it; the account unless given.", valueName: "name"))
  var by: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let seconds = try Input.seconds(duration, "--for")
    let who = try Identity.person(by, context)
    guard try context.directory.files.status(context.directory.path + "/.") != nil else {
      throw DSLError(
        .notFound, "there is no directory \(context.directory.path)",
        fix: "make one: dsl init \(context.directory.path)")
    }
    let journal = try Journal(directory: context.directory, access: .readWrite)
    let pause = try journal.pause(seconds: seconds, by: who.name, reason: reason, context.time)
    return Report(Self.reportName, ["pause": pause.json(context.time)]) { _ in
      "paused until \(pause.until.description.prefix(19))Z; dsl auto resume ends it\n"
    }
  }
}

/// `dsl auto resume`: ends a pause.
struct ResumeCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "End a pause before its time.")
  static let reportName = "auto-resume"

  @Option(help: ArgumentHelp("Who asks for it; the account unless given.", valueName: "name"))
  var by: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let who = try Identity.person(by, context)
    let pause = try context.journalForNotes().resume(by: who.name, context.time)
    return Report(Self.reportName, ["pause": pause.json(context.time)]) { _ in "the loop goes on\n" }
  }
}

extension ControlStatus {
  /// Lines for people; none when nothing holds the loop back and nothing waits.
  func text(_ paint: Paint) -> String {
    var lines: [String] = []
    if let stopped {
      lines.append(paint("Stopped: ", .bad) + Shown.safe("the kill switch is thrown: \(stopped)"))
    }
    if let paused { lines.append(paint("Paused: ", .warning) + Shown.safe(paused.text)) }
    if let hold = pace?.hold { lines.append(paint("Held: ", .warning) + Shown.safe(hold)) }
    if case .stepping(let left)? = pace?.standing {
      lines.append("\(left.counted("step")) of the simulated cluster to be made, then it stands still")
    }
    if waiting > 0 {
      lines.append(
        "\(waiting.counted("decision")) \(waiting == 1 ? "waits" : "wait") for approval: dsl auto pending")
    }
    if approved > 0 {
      lines.append(
        "\(approved.counted("approved decision")) \(approved == 1 ? "waits" : "wait") for the next cycle")
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
