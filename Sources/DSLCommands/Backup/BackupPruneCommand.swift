import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl backup prune`: forgets old backups by rules.
struct BackupPruneCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Remove backups that no rule keeps.",
    discussion: """
      The rules are those of restic forget: the newest backup of each of the last N hours, days, weeks or months that have any
      is kept, and the rules add up. Hours, days, ISO weeks and months are those of UTC. Only backups of this directory are
      looked at.
        dsl backup prune --keep-hourly 24 --keep-daily 7 --keep-weekly 4 --dry-run
      """)
  static let reportName = "backup-prune"

  @Option(help: ArgumentHelp("Keep the newest N.", valueName: "n")) var keepLast: Int?
  @Option(help: ArgumentHelp("Keep one of each of the last N hours.", valueName: "n")) var keepHourly: Int?
  @Option(help: ArgumentHelp("Keep one of each of the last N days.", valueName: "n")) var keepDaily: Int?
  @Option(help: ArgumentHelp("Keep one of each of the last N weeks.", valueName: "n")) var keepWeekly: Int?
  @Option(help: ArgumentHelp("Keep one of each of the last N months.", valueName: "n")) var keepMonthly: Int?
  @Flag(help: "Only say what would be removed.") var dryRun = false

  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    let numbers = [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly].compactMap { $0 }
    guard numbers.allSatisfy({ (0...1_000_000).contains($0) }) else {
      throw ValidationError("--keep-… takes a number from 0 to 1000000.")
    }
    guard numbers.contains(where: { $0 > 0 }) else {
      throw ValidationError("Give at least one --keep-… above 0; without any, everything would go.")
    }
  }

  private var rules: BackupRetention {
    var rules = BackupRetention()
    rules.last = keepLast ?? 0
    rules.hourly = keepHourly ?? 0
    rules.daily = keepDaily ?? 0
    rules.weekly = keepWeekly ?? 0
    rules.monthly = keepMonthly ?? 0
    return rules
  }

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let catalog = BackupCatalog(folder: context.backupFolder(loaded.settings), files: context.files)
    let identity = try Backup.identity(of: context.directory)
    let entries = try catalog.entries()
    let own = entries.filter { $0.summary != nil && $0.summary?.identity == identity }
    let others = entries.filter { entry in !own.contains(entry) }.map(\.path)
    let reasons = rules.reasons(own.compactMap(\.summary?.takenAt))
    let judged = Array(zip(own, reasons))
    let gone = judged.filter(\.1.isEmpty).map(\.0)
    if !dryRun {
      try catalog.remove(gone.map(\.path))
      try catalog.removeLeftovers(now: context.time.now)
    }
    let freed = gone.reduce(0) { $0 + $1.size }
    let data: JSONValue = [
      "folder": .string(catalog.folder), "dry_run": .bool(dryRun),
      "kept": .array(
        judged.filter { !$0.1.isEmpty }.map { ["path": .string($0.0.path), "reasons": .strings($0.1)] }),
      "removed": .strings(gone.map(\.path)), "freed_bytes": .int(freed), "passed_over": .strings(others),
    ]
    var report = Report(Self.reportName, data) { paint in
      let lines = judged.map { entry, why in
        why.isEmpty
          ? "\(dryRun ? "would remove" : "removed") \(Shown.safe(entry.path))"
          : paint("kept \(Shown.safe(entry.path)): \(why.joined(separator: ", "))", .quiet)
      }
      return
        (lines + ["\(gone.count) of \(own.count) \(dryRun ? "would go" : "removed"), \(Shown.bytes(freed))"])
        .map { $0 + "\n" }.joined()
    }
    report.warnings =
      loaded.warnings
      + (others.isEmpty ? [] : ["\(others.count) archives are not of this directory and stay"])
    return report
  }
}
