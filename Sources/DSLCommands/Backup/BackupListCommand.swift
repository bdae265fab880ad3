import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl backup list`: what there is.
struct BackupListCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show the backups in backup.directory, oldest first.",
    discussion: "Only the beginning of each archive is read; `dsl backup verify` reads them whole.")
  static let reportName = "backup-list"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let folder = context.backupFolder(loaded.settings)
    let entries = try BackupCatalog(folder: folder, files: context.files).entries()
    let now = context.time.now
    let data: JSONValue = [
      "folder": .string(folder),
      "backups": .array(
        entries.map { entry in
          var object: JSONObject = ["path": .string(entry.path), "archive_bytes": .int(entry.size)]
          for member in BackupSummary.json(entry.summary) { object[member.key] = member.value }
          object["age_s"] = .optional(entry.summary.map { now.seconds(since: $0.takenAt) })
          object["problem"] = .optional(entry.problem)
          return .object(object)
        }),
    ]
    var report = Report(Self.reportName, data) { paint in text(entries, now, folder, paint) }
    report.warnings =
      loaded.warnings
      + entries.compactMap { entry in entry.problem.map { "\(entry.path) cannot be read: \($0)" } }
    return report
  }

  private func text(_ entries: [BackupCatalog.Entry], _ now: Timestamp, _ folder: String, _ paint: Paint)
    -> String
  {
    guard !entries.isEmpty else { return "no backups in \(Shown.safe(folder))\n" }
    var table = TextTable(header: ["taken", "age", "size", "last decision", "path"])
    table.rightAligned = [1, 2]
    for entry in entries {
      table.rows.append([
        entry.summary.map { String($0.takenAt.description.prefix(19)) + "Z" } ?? "-",
        Shown.age(entry.summary.map { now.seconds(since: $0.takenAt) }), Shown.bytes(entry.size),
        Shown.safe(entry.summary?.decision?.id ?? "-"), Shown.safe(entry.path),
      ])
    }
    return table.text(paint)
  }
}
