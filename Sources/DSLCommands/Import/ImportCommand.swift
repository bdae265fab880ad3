import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl import`: state of other programs.
struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Take over the state of another program.",
    subcommands: [ImportSwarmshCommand.self])
}

/// `dsl import swarmsh`: what SwarmSH had.
struct ImportSwarmshCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "swarmsh", abstract: "Take over the items, agents and spans of a SwarmSH directory.",
    discussion: """
      Joins claims, fast claims, archives and the coordination log by work_item_id; an item that the log knows as \
      completed is completed. The source is only read. Importing twice changes nothing, and an import that was cut \
      short is finished by importing again. What cannot be taken over is listed with its byte offset.
        dsl import swarmsh ~/swarmsh/agent_coordination --dry-run
        dsl --json import swarmsh DIR | jq '.data.dropped'
      """)
  static let reportName = "import-swarmsh"

  @Argument(help: "SwarmSH's COORDINATION_DIR.", completion: .directory)
  var directory: String

  @Flag(help: "Say what would be taken over, and write nothing.")
  var dryRun = false

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    if !dryRun { try loaded.requireReadable() }
    let target = context.directory
    guard try dryRun || target.files.status(target.path + "/.") != nil else {
      throw DSLError(
        .notFound, "there is no directory \(target.path)", fix: "make one: dsl init \(target.path)")
    }
    let swarm = SwarmImport(
      directory, into: target, heartbeatLimit: loaded.settings.agents.heartbeatLimitSeconds,
      now: context.time.now)
    let result = try swarm.write(try swarm.read(), dryRun: dryRun)
    if !dryRun, result.changes { try note(result, context) }
    var data = result.json.object ?? [:]
    data["source"] = .string(directory)
    data["dry_run"] = .bool(dryRun)
    let payload = JSONValue.object(data)
    var report = Report(Self.reportName, payload) { text(result, $0) }
    report.warnings = loaded.warnings
    return report
  }

  /// Leaves a note in the journal of what came from where.
  private func note(_ result: SwarmImportReport, _ context: Context) throws {
    let journal = try Journal(directory: context.directory, access: .readWrite)
    let entry: JSONValue = [
      "source": .string(directory), "at": context.time.now.json,
      "records": .int(result.pending + result.completed + result.failed + result.agents),
      "spans": .int(result.spans), "dropped": .int(result.dropped.count),
    ]
    try journal.setState("import \(context.time.now)", entry)
  }

  private func text(_ result: SwarmImportReport, _ paint: Paint) -> String {
    var text = paint(dryRun ? "would take over " : "took over ", .strong)
    text += "\(result.pending) pending, \(result.completed) completed and \(result.failed) failed items, "
    text += "\(result.agents.counted("agent")), \(result.spans.counted("span"))\n"
    text += "\(result.present) were there already; \(result.joined.counted("record")) joined by id\n"
    for source in result.sources {
      text += "  \(Shown.safe(source.file)): \(source.objects.counted("object")), "
      text += "\(source.dropped.counted("remark"))\n"
    }
    for part in result.dropped.prefix(20) {
      text += paint(
        Shown.safe("  \(part.file) at byte \(part.offset): \(part.reason)") + "\n", .warning)
    }
    let rest = result.dropped.count - 20
    return rest > 0 ? text + "  and \(rest) more: --json lists them all\n" : text
  }
}
