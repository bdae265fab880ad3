import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// Who turns a switch.
struct SwitchOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Who asks for it; the account unless given.", valueName: "name"))
  var by: String?

  /// Turns a switch of the directory, whoever leads.
  ///
  /// - Throws: `notFound` when there is no directory; `invalidState` within an agent.
  func turn(
    _ name: DurableSwitch.Name, isOn: Bool, isLive: Bool = false, _ context: Context
  ) throws -> (before: DurableSwitch, after: DurableSwitch) {
    let who = try Identity.person(by, context)
    guard try context.directory.files.status(context.directory.path + "/.") != nil else {
      throw DSLError(
        .notFound, "there is no directory \(context.directory.path)",
        fix: "make one: dsl init \(context.directory.path)")
    }
    let journal = try Journal(directory: context.directory, access: .readWrite)
    return try journal.turn(
      name, DurableSwitch.Change(at: context.time.now, by: who.name, isOn: isOn, isLive: isLive))
  }
}

extension DurableSwitch {
  /// The last change, as payloads have it.
  var lastChange: JSONValue {
    guard let change = changes.last else { return .null }
    return [
      "at": change.at.json, "by": .string(change.by), "on": .bool(change.isOn), "live": .bool(change.isLive),
    ]
  }
}

/// `dsl telemetry start-processing`: new telemetry is looked at from now on.
struct StartProcessingCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "start-processing", abstract: "Look at new telemetry for issues and attacks from now on.",
    discussion: """
      Each cycle of dsl auto loop, and each dsl auto execute, looks at what is new. Holds until stop-processing, also when \
      engines end and begin. What is done about issues is for enable-remediation to say. With --follow this process \
      looks itself, in the foreground, whenever no engine runs: what it finds waits for the next cycle. It prints a line for \
      each look (with --format json or jsonl one object), and ends with SIGTERM, Ctrl-C or stop-processing; the switch \
      stays as it is.
      """)
  static let reportName = "telemetry-start"

  @Flag(help: "Look in this process, until it is told to end.")
  var follow = false

  @OptionGroup var who: SwitchOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let (before, after) = try who.turn(.processing, isOn: true, context)
    if follow {
      for warning in loaded.warnings { context.console.note("dsl: warning: " + Shown.safe(warning)) }
      let isJSON = global.json || global.format == .json || global.format == .jsonl
      try await TelemetryFollowing(context: context, settings: loaded.settings, isJSON: isJSON).run()
      return nil
    }
    let probe = EngineProbe(context.directory)
    let data: JSONValue = [
      "coordination_dir": .string(context.directory.path), "ingestion_started": true,
      "was_started": .bool(before.isOn), "engine_acts": probe.isHeld.map(JSONValue.bool) ?? .null,
      "last_change": after.lastChange,
    ]
    var report = Report(Self.reportName, data) { _ in
      "new telemetry is looked at in every cycle; dsl telemetry stop-processing ends that\n"
    }
    report.warnings = loaded.warnings + probe.warnings
    if probe.isHeld == false {
      report.warnings.append("no engine runs on this directory now: start one with dsl auto loop")
    }
    return report
  }
}

/// `dsl telemetry stop-processing`: telemetry is not looked at any more.
struct StopProcessingCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop-processing", abstract: "Stop looking at telemetry.",
    discussion: "What was learned is kept. Issues that are open stay open until it is started again.")
  static let reportName = "telemetry-stop"

  @OptionGroup var who: SwitchOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let (before, after) = try who.turn(.processing, isOn: false, context)
    let data: JSONValue = [
      "coordination_dir": .string(context.directory.path), "ingestion_stopped": true,
      "was_started": .bool(before.isOn), "last_change": after.lastChange,
    ]
    return Report(Self.reportName, data) { _ in "telemetry is not looked at any more\n" }
  }
}

/// `dsl telemetry enable-remediation`: something is done about issues.
struct EnableRemediationCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable-remediation",
    abstract: "Make plans for issues in telemetry, and carry them out with --live.",
    discussion: """
      Without --live plans pass every gate and are told, and nothing is done. Holds until disable-remediation, also when \
      engines end and begin.
      """)
  static let reportName = "remediation-enable"

  @Flag(help: "Carry the plans out.")
  var live = false

  @OptionGroup var who: SwitchOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let (_, after) = try who.turn(.remediation, isOn: true, isLive: live, context)
    let data: JSONValue = [
      "coordination_dir": .string(context.directory.path), "live_mode": .bool(live), "enabled": true,
      "last_change": after.lastChange,
    ]
    var report = Report(Self.reportName, data) { [live] _ in
      live
        ? "plans are carried out from the next cycle on\n"
        : "plans are made and told from the next cycle on, and nothing is done; --live carries them out\n"
    }
    report.warnings = loaded.warnings
    if loaded.settings.remediation.enabled == false {
      let source = loaded.source(of: "remediation.enabled")
      report.warnings.append("it has no effect while remediation.enabled is false (\(source))")
    }
    let journal = try context.journal()
    if try journal?.position(of: .processing).isOn != true {
      report.warnings.append(
        "no telemetry is looked at, so no issue is found: dsl telemetry start-processing")
    }
    return report
  }
}

/// `dsl telemetry disable-remediation`: nothing is done about issues.
struct DisableRemediationCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable-remediation", abstract: "Stop making plans for issues.",
    discussion: "What was done stays done; dsl auto rollback takes single actions back.")
  static let reportName = "remediation-disable"

  @OptionGroup var who: SwitchOptions
  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let (_, after) = try who.turn(.remediation, isOn: false, context)
    let data: JSONValue = [
      "coordination_dir": .string(context.directory.path), "disabled": true, "last_change": after.lastChange,
    ]
    return Report(Self.reportName, data) { _ in "no more plans are made\n" }
  }
}
