import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

extension SecurityEventType: ExpressibleByArgument {}
extension SecurityEventLevel: ExpressibleByArgument {}

/// `dsl telemetry simulate-security-event`: tries rules, store and report out.
struct SimulateSecurityEventCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate-security-event", abstract: "Try out what is told of an attack.",
    discussion: """
      Signals as such an attack leaves them go through the rules; the event that they raise is kept under the level given \
      here, marked as simulated, until security.event_retention_hours are over.
      """)
  static let reportName = "simulate-security-event"

  @Argument(help: "The kind of attack.")
  var type: SecurityEventType

  @Option(help: "How bad it is to be.")
  var level: SecurityEventLevel = .medium

  @Option(help: "Where it is to come from.")
  var ip = "192.168.1.100"

  @Option(help: "On whose behalf.")
  var user = "test_user"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    guard try context.directory.files.status(context.directory.path + "/.") != nil else {
      throw DSLError(
        .notFound, "there is no directory \(context.directory.path)",
        fix: "make one: dsl init \(context.directory.path)")
    }
    let now = context.time.now
    var watch = EventWatch(rules: loaded.settings.security.rules.inForce)
    let found = SecurityDrill.signals(type, source: ip, user: user, at: now).flatMap { watch.take($0) }
    guard var event = found.last(where: { $0.type == type }) else {
      throw DSLError(
        .notFound, "none of the rules in force finds a simulated \(type.rawValue)",
        fix: "see them: dsl telemetry security-report --print-rules")
    }
    event.level = level
    event.isSimulated = true
    let security = loaded.settings.security
    try SecurityEventStore(context.directory, security).add([event], at: now)
    let isThreat = level.score >= security.threatThreshold
    let data: JSONValue = ["event": event.json, "is_threat": .bool(isThreat)]
    var report = Report(Self.reportName, data) { [event] _ in
      "rule \(event.rule) found it: \(event.level.rawValue) \(event.type.rawValue)"
        + (isThreat ? "" : ", below security.threat_threshold") + "\n"
    }
    report.warnings = loaded.warnings
    return report
  }
}
