import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl backup verify`: whether backups can be relied on.
struct BackupVerifyCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read backups whole and check everything in them.",
    discussion: """
      Checksums, every file against the manifest, SQLite's integrity check, and the records against each other. Ends with 0
      when all is well, 1 when there are warnings, 72 for a damaged backup, 65 for a hostile one.
        dsl backup verify
        dsl backup verify /mnt/store/coordination.tar.gz
        dsl backup verify --all
      """)
  static let reportName = "backup-verify"

  @Argument(help: "Archives; latest for the newest in backup.directory.", completion: .file())
  var archives: [String] = []

  @Flag(help: "All in backup.directory.")
  var all = false

  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    if all, !archives.isEmpty { throw ValidationError("Name archives or give --all, not both.") }
  }

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let catalog = BackupCatalog(folder: context.backupFolder(loaded.settings), files: context.files)
    let paths =
      all
      ? try catalog.entries().map(\.path)
      : try (archives.isEmpty ? ["latest"] : archives).map { (name) throws(DSLError) in
        try catalog.resolve(name == "latest" ? .latest : .path(name))
      }
    guard !paths.isEmpty else {
      throw DSLError(.notFound, "there is no backup in \(catalog.folder)", fix: "take one: dsl backup create")
    }
    var results: [(path: String, outcome: Result<Backup.Verification, DSLError>)] = []
    for path in paths { results.append((path, verify(path, context))) }
    var report = Report(
      Self.reportName, ["backups": .array(results.map { json($0.path, $0.outcome) })]
    ) { paint in results.map { text($0.path, $0.outcome, paint) }.joined() }
    report.warnings = loaded.warnings
    for (path, outcome) in results {
      switch outcome {
      case .success(let found):
        report.warnings += found.warnings.map { "\(path): \($0)" }
        if !found.warnings.isEmpty, report.status == .success { report.status = .gateFailed }
      case .failure(let error):
        if report.errors.isEmpty { report.status = ExitStatus(error.code) }
        report.errors.append(error.description)
      }
    }
    return report
  }

  private func verify(_ path: String, _ context: Context) -> Result<Backup.Verification, DSLError> {
    do throws(DSLError) {
      return .success(try Backup.verify(path, scratch: context.scratchFolder, files: context.files))
    } catch {
      return .failure(error)
    }
  }

  private func json(_ path: String, _ outcome: Result<Backup.Verification, DSLError>) -> JSONValue {
    let found = try? outcome.get()
    var object: JSONObject = ["path": .string(path)]
    if case .failure(let error) = outcome {
      object["outcome"] = .string(error.code.rawValue)
      object["error"] = .string(error.description)
    } else {
      object["outcome"] = found?.warnings.isEmpty == true ? "sound" : "doubtful"
      object["error"] = .null
    }
    object["ours"] = .bool(found?.summary != nil)
    for member in BackupSummary.json(found?.summary) { object[member.key] = member.value }
    object["counts"] = found?.counts.json ?? .null
    object["files"] = .optional(found?.files)
    object["bytes"] = found.map { .int($0.bytes) } ?? .null
    object["warnings"] = .strings(found?.warnings ?? [])
    return .object(object)
  }

  private func text(_ path: String, _ outcome: Result<Backup.Verification, DSLError>, _ paint: Paint)
    -> String
  {
    guard case .success(let found) = outcome else { return "\(paint.mark(false)) \(Shown.safe(path))\n" }
    let when = found.summary.map { "as of \($0.takenAt)" } ?? "not packed by dsl"
    let state = found.warnings.isEmpty ? "sound" : "doubtful"
    return "\(paint.mark(found.warnings.isEmpty)) \(Shown.safe(path)): \(state), \(found.files) files, "
      + "\(Shown.bytes(found.bytes)), \(when)\n"
  }
}
