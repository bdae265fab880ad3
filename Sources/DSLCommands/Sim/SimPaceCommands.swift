import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl sim pause`: the loop's simulated cluster stands still.
struct SimPauseCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Have the loop's simulated cluster stand still.",
    discussion: """
      The loop makes no cycle until dsl sim start or dsl sim step; a cycle under way is finished. It holds for every later
      loop too. With dsl auto pause cycles go on, and decisions are held.
      """)
  static let reportName = "sim-pause"

  @OptionGroup var asking: PaceOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    try asking.report(.pause, Self.reportName, context)
  }
}

/// `dsl sim start`: it goes on.
struct SimStartCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "start", abstract: "Have the loop's simulated cluster go on.",
    discussion: "The loop makes cycles again. Where none runs, nothing moves until one does.")
  static let reportName = "sim-start"

  @OptionGroup var asking: PaceOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    try asking.report(.start, Self.reportName, context)
  }
}

/// `dsl sim step`: it makes so many steps, and stands still.
struct SimStepCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Have the loop's simulated cluster go so many steps on, and stand still.",
    discussion: """
      The loop makes them as any other: with its decisions, gates, journal and undo. Steps that are still to be made come
      first.
        dsl sim pause; dsl sim step --count 3
      """)
  static let reportName = "sim-step"

  @Option(help: "Steps.")
  var count = 1

  @OptionGroup var asking: PaceOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    guard (1...ClusterPace.stepLimit).contains(count) else {
      throw DSLError(.invalidInput, "--count \(count)", fix: "give 1 to \(ClusterPace.stepLimit)")
    }
    return try asking.report(.step(count), Self.reportName, context)
  }
}

/// Who asks something of the time of the loop's cluster.
struct PaceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Who asks for it; the account unless given.", valueName: "name"))
  var by: String?

  func report(_ request: ClusterStore.Request, _ name: String, _ context: Context) throws -> Report {
    let who = try Identity.person(by, context)
    let loaded = try context.settings()
    try loaded.requireReadable()
    let directory = context.directory
    let store = try ClusterStore(ofLoop: loaded.settings, directory)
    guard try directory.files.status(directory.path + "/.") != nil else {
      throw DSLError(
        .notFound, "there is no directory \(directory.path)", fix: "make one: dsl init \(directory.path)")
    }
    let journal = try Journal(directory: directory, access: .readWrite)
    let status = try store.ask(request, by: who.name, journal, context.time)
    let leader = try LeaderStatus(directory, journal, host: HostName.current, time: context.time)
    var report = Report(name, status.json(leader)) { _ in status.sentence(leader) + "\n" }
    report.warnings = loaded.warnings
    return report
  }
}

extension PaceStatus {
  /// What happens now, for people.
  fileprivate func sentence(_ leader: LeaderStatus) -> String {
    let what =
      switch standing {
      case .running: "the simulated cluster goes on"
      case .stepping(let left): "\(left.counted("step")) of the simulated cluster to be made"
      case .still: "the simulated cluster stands still; dsl sim start has it go on"
      }
    return leader.word == "leading" ? what : what + "; no loop runs, so nothing moves until one does"
  }
}
