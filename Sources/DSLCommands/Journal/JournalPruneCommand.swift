import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl journal prune`: forgets what nothing needs any more.
struct JournalPruneCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Forget old cycles and decisions, and give their space back.",
    discussion: """
      By the settings journal.keep and journal.keep_idle unless told otherwise; every cycle that acts does so too, a \
      little at a time. Kept whatever their age: decisions that have no outcome, those that can be undone for as long as \
      journal.undo_window says, and what gates and verification still look at. Works while a loop runs.
        dsl journal prune --dry-run
        dsl journal prune --keep-days 14
        dsl journal prune --before 2026-01-01T00:00:00Z
      """)
  static let reportName = "journal-prune"

  @Option(help: ArgumentHelp("Forget what is older than so many days.", valueName: "days"))
  var keepDays: Int?

  @Option(help: ArgumentHelp("Forget what was before this time.", valueName: "time"))
  var before: String?

  @Flag(help: "Say what would be forgotten, and change nothing.")
  var dryRun = false

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard keepDays == nil || before == nil else {
      throw ValidationError("--keep-days and --before say the same thing: give one of them.")
    }
    guard keepDays ?? 0 >= 0 else { throw ValidationError("--keep-days must be 0 or more.") }
  }

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    if !dryRun { try loaded.requireReadable() }
    let now = context.time.now
    let retention = JournalRetention(
      loaded.settings, now: now, limit: .max, before: try limit(now, loaded.settings))
    guard let looking = try context.journal() else {
      throw DSLError(.notFound, "\(context.directory.path) has no journal, so there is nothing to forget")
    }
    let bytesBefore = try looking.info().map { $0.bytes + $0.logBytes } ?? 0
    let pruned: JournalPruned
    if dryRun {
      pruned = try looking.pruning(retention, now: now)
    } else {
      let journal = try Journal(directory: context.directory, access: .readWrite)
      pruned = try journal.prune(retention, now: now)
      try journal.compact()
      try WorkQueue.compact(context.directory)
    }
    let bytesAfter = try looking.info().map { $0.bytes + $0.logBytes } ?? 0
    let data: JSONValue = [
      "dry_run": .bool(dryRun), "before": retention.allBefore.json, "idle_before": retention.idleBefore.json,
      "cycles": .int(pruned.cycles), "decisions": .int(pruned.decisions), "policies": .int(pruned.policies),
      "kept_undoable": .int(pruned.keptUndoable), "kept_unfinished": .int(pruned.keptUnfinished),
      "bytes_before": .int(bytesBefore), "bytes_after": dryRun ? .null : .int(bytesAfter),
    ]
    var report = Report(Self.reportName, data) { _ in
      text(pruned, bytesBefore: bytesBefore, bytesAfter: bytesAfter)
    }
    report.warnings = loaded.warnings
    return report
  }

  private func limit(_ now: Timestamp, _ settings: Settings) throws -> Timestamp? {
    if let keepDays { return now.adding(seconds: -86_400 * Double(keepDays)) }
    guard let before else { return nil }
    guard let time = Timestamp.parse(before, assumedOffset: settings.records.assumedOffsetSeconds)?.time
    else {
      throw DSLError(
        .invalidInput, "--before \(before): expected a time such as 2026-01-01T00:00:00Z",
        fix: "or give --keep-days")
    }
    return time
  }

  private func text(_ pruned: JournalPruned, bytesBefore: Int64, bytesAfter: Int64) -> String {
    var text =
      "\(dryRun ? "would forget" : "forgot") \(pruned.cycles) cycles, \(pruned.decisions) decisions, "
      + "\(pruned.policies) policies\n"
    let kept = [(pruned.keptUndoable, "can still be undone"), (pruned.keptUnfinished, "have no outcome yet")]
    for (count, why) in kept where count > 0 { text += "\(count) old decisions stay: they \(why)\n" }
    guard !dryRun else { return text }
    func size(_ bytes: Int64) -> String { Shown.number(Double(bytes) / 1024, decimals: 1) + " KiB" }
    return text + "\(size(bytesBefore)) before, \(size(bytesAfter)) now\n"
  }
}
