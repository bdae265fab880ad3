import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl backup create`: one more backup.
struct BackupCreateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Take a consistent backup while agents and engines go on working.",
    discussion: """
      tar -xzf of it gives a working directory; dsl restore does more. An archive appears under its name only when it is
      whole and durable.
        dsl backup create
        dsl backup create --to /mnt/store/coordination.tar.gz
        dsl backup create --to - > coordination.tar.gz
      """)
  static let reportName = "backup-create"

  @Option(
    help: ArgumentHelp(
      "The file to write, which must not exist; - for stdout.",
      discussion: "Default: a file named by the time in backup.directory.", valueName: "file"),
    completion: .file())
  var to: String?

  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    if to == "-", global.json || global.format != nil {
      throw ValidationError("--to - writes the archive to stdout, so there is no report to format.")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let destination: Backup.Destination =
      switch to {
      case "-": .stream { [console = context.console] in try console.write(bytes: $0) }
      case let path?: .file(path)
      case nil: .directory(context.backupFolder(loaded.settings))
      }
    let taken = try Backup.create(
      context.directory, to: destination, time: context.time, seed: context.randomSeed)
    let warnings = loaded.warnings + taken.warnings
    guard let path = taken.path else {
      for warning in warnings { context.console.note("dsl: warning: " + Shown.safe(warning)) }
      context.console.note(summary(taken, "stdout"))
      return nil
    }
    var report = Report(Self.reportName, data(taken)) { _ in summary(taken, path) + "\n" }
    report.warnings = warnings
    return report
  }

  private func summary(_ taken: Backup.Report, _ place: String) -> String {
    "\(Shown.safe(place)): \(taken.files) files, \(Shown.bytes(taken.bytes)) in \(Shown.bytes(taken.archiveBytes)), "
      + "as of \(taken.summary.takenAt)"
  }

  private func data(_ taken: Backup.Report) -> JSONValue {
    var object: JSONObject = ["path": .optional(taken.path)]
    for member in BackupSummary.json(taken.summary) { object[member.key] = member.value }
    object["counts"] = taken.counts.json
    object["unprojected"] = .int(taken.unprojected)
    object["files"] = .int(taken.files)
    object["bytes"] = .int(taken.bytes)
    object["archive_bytes"] = .int(taken.archiveBytes)
    object["duration_ms"] = .double((taken.seconds * 1e6).rounded() / 1000)
    return .object(object)
  }
}
