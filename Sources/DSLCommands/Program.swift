import ArgumentParser
import DSLBase
import Glibc

/// A command that reports: it does its work and says what came of it; showing that is not its business.
protocol ReportingCommand: AsyncParsableCommand {
  /// The name in the envelope: "auto-status".
  static var reportName: String { get }
  /// The options that every command takes.
  var global: GlobalOptions { get }
  /// Does the work.
  ///
  /// - Returns: what to show; `nil` when everything was already written, line by line.
  func report(_ context: Context) async throws -> Report?
}

/// The program, from its arguments to its exit status.
public enum DSLProgram {
  /// Runs a command line.
  ///
  /// - Parameter arguments: without the program's name.
  /// - Returns: the exit status, as `docs/cli.md` lists them.
  public static func run(_ arguments: [String]) async -> Int32 {
    let console = Console()
    let asEnvelope = GlobalArguments.wantsEnvelope(arguments)
    let hoisted = GlobalArguments.withManifests(GlobalArguments.hoisted(arguments))
    let command: any ParsableCommand
    do {
      command = try RootCommand.parseAsRoot(hoisted)
    } catch {
      return parsingEnded(error, hoisted, asEnvelope, console)
    }
    guard let command = command as? any ReportingCommand else {
      return parsingEnded(await help(command), hoisted, asEnvelope, console)
    }
    let context = Context(command.global, console: console)
    do {
      let report = try await command.report(context)
      if let report { show(report, context) }
      await context.close()
      return (report?.status ?? .success).rawValue
    } catch let exit as ExitCode {
      return exit.rawValue
    } catch let error as ValidationError {
      return parsingEnded(error, hoisted, asEnvelope, console)
    } catch {
      await context.close()
      return fail(Failure(error), type(of: command).reportName, asEnvelope, console)
    }
  }

  /// The help that a noun without a verb, or `help` itself, ends with.
  private static func help(_ command: any ParsableCommand) async -> any Error {
    do {
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        var command = command
        try command.run()
      }
      return CleanExit.helpRequest(command)
    } catch {
      return error
    }
  }

  /// Help, version and completion scripts, which ArgumentParser hands out as errors, and real mistakes.
  private static func parsingEnded(
    _ error: any Error, _ arguments: [String], _ asEnvelope: Bool, _ console: Console
  ) -> Int32 {
    let message = RootCommand.fullMessage(for: error)
    if RootCommand.exitCode(for: error).isSuccess {
      console.write(message.hasSuffix("\n") ? message : message + "\n")
      return ExitStatus.success.rawValue
    }
    guard asEnvelope else {
      console.note(message)
      return ExitStatus.usage.rawValue
    }
    let words = arguments.prefix { !$0.hasPrefix("-") }.prefix(2).joined(separator: "-")
    let failure = Failure(
      code: "usage", lines: [RootCommand.message(for: error)], fix: "see dsl help", status: .usage)
    return fail(failure, words.isEmpty ? "dsl" : words, asEnvelope, console)
  }

  private static func fail(
    _ failure: Failure, _ command: String, _ asEnvelope: Bool, _ console: Console
  ) -> Int32 {
    if asEnvelope {
      console.write(Report.failure(at: now(), command: command, failure).text(.pretty) + "\n")
    } else {
      for line in failure.lines { console.note("dsl: error: " + Shown.safe(line)) }
      if let fix = failure.fix { console.note("dsl: fix: " + Shown.safe(fix)) }
    }
    return failure.status.rawValue
  }

  private static func show(_ report: Report, _ context: Context) {
    let console = context.console
    if context.global.json {
      console.write(report.envelope(at: context.time.now).text(.pretty) + "\n")
      return
    }
    switch context.global.format ?? .table {
    case .json: console.write(report.data.text(.pretty) + "\n")
    case .jsonl: console.write(report.data.text() + "\n")
    case .yaml: console.write(YAMLText.of(report.data))
    case .table: console.write(report.display(context.paint))
    }
    for warning in report.warnings { console.note("dsl: warning: " + Shown.safe(warning)) }
    for error in report.errors { console.note("dsl: error: " + Shown.safe(error)) }
  }

  private static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
