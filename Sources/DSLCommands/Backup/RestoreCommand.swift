import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl restore`: puts a backup in place.
struct RestoreCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Put a backup in the place of the directory, or beside it.",
    discussion: """
      Everything is unpacked, verified and settled beside the target before the target is touched; what was there is kept
      aside. Stop engines and agents first: while one works, nothing is done. With --at or --before-decision the engine's
      later decisions are rolled back in what is restored; records that agents or people changed stay as they were backed up.
        dsl restore latest --to /tmp/look
        dsl restore latest --replace
        dsl restore latest --replace --before-decision d-0123456789abcdef
        dsl restore --undo coordination
      """)
  static let reportName = "restore"

  @Argument(
    help: "The archive, of dsl backup create or of tar -czf; latest for one of backup.directory.",
    completion: .file())
  var archive: String?

  @Option(
    help: ArgumentHelp(
      "The directory to restore.", discussion: "Default: the coordination directory.", valueName: "dir"),
    completion: .directory)
  var to: String?

  @Option(help: ArgumentHelp("Roll back what the engine decided after this time.", valueName: "time"))
  var at: String?

  @Option(help: ArgumentHelp("Roll back this decision and all later ones.", valueName: "id"))
  var beforeDecision: String?

  @Flag(help: "Replace a directory that is not empty; it is kept aside.") var replace = false

  @Flag(
    help:
      "Do not wait for agents that run and hold no item; they end when they see that their record was replaced."
  )
  var force = false

  @Flag(help: "Do everything but put it in place.") var dryRun = false

  @Option(
    help: ArgumentHelp("Put back what the restore of this directory replaced.", valueName: "dir"),
    completion: .directory)
  var undo: String?

  @OptionGroup var global: GlobalOptions

  mutating func validate() throws {
    guard (archive == nil) != (undo == nil) else {
      throw ValidationError("Name an archive or latest; or a restored directory with --undo.")
    }
    if at != nil, beforeDecision != nil {
      throw ValidationError("Give one of --at and --before-decision.")
    }
    if undo != nil, to != nil || at != nil || beforeDecision != nil || replace || dryRun {
      throw ValidationError("--undo goes with no other option but --force.")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    var options = Restore.Options(replace: replace)
    if !force {
      options.runs = EngineHost.presence(
        context.world(loaded.settings), heartbeatLimit: loaded.settings.agents.heartbeatLimitSeconds)
    }
    if let undo { return try undone(undo, options, context) }
    let catalog = BackupCatalog(folder: context.backupFolder(loaded.settings), files: context.files)
    let target = to ?? context.directory.path
    let point = try point(context)
    let path = try catalog.resolve(archive == "latest" ? .latest : .path(archive ?? ""), for: point?.time)
    var restore = try Restore.stage(
      path, to: target, options, files: context.files, time: context.time, seed: context.randomSeed)
    let decisions: RestoredDecisions
    do {
      decisions = try await EngineHost.settle(
        restore.staged, to: point, time: context.time, seed: context.randomSeed)
    } catch {
      restore.discard()
      throw error
    }
    var done = restore.report
    if dryRun {
      restore.discard()
    } else {
      done = try restore.commit(
        note: decisions.recovered + decisions.rolledBack.map { "rolled back \($0.decision.id)" })
    }
    return shown(done, decisions, missing(point, done.summary), loaded.warnings)
  }

  private func point(_ context: Context) throws -> RestorePoint? {
    if let at {
      guard let time = Timestamp.parse(at)?.time else {
        throw DSLError(.invalidInput, "--at \(at): expected a time such as 2026-11-21T14:00:00Z")
      }
      return .at(time)
    }
    guard let beforeDecision else { return nil }
    guard let journal = try Journal.openForReading(context.directory) else {
      throw DSLError(
        .notFound, "\(context.directory.path) has no journal to look \(beforeDecision) up in",
        fix: "give the time of the decision with --at")
    }
    let decision = try journal.decision(beforeDecision)
    return .before(decision: decision.id, at: decision.at)
  }

  /// What lies between the backup and a later point in time that was asked for.
  private func missing(_ point: RestorePoint?, _ summary: BackupSummary?) -> [String] {
    guard let point, let taken = summary?.takenAt, taken < point.time else { return [] }
    return ["no backup is as late as \(point.time): what happened after \(taken) is not in it"]
  }

  private func shown(
    _ done: Restore.Report, _ decisions: RestoredDecisions, _ missing: [String], _ warnings: [String]
  ) -> Report {
    let undoCommand = dryRun ? nil : "dsl restore --undo \(done.target)"
    let data: JSONValue = [
      "target": .string(done.target), "archive": .string(done.archive), "dry_run": .bool(dryRun),
      "undone": false,
      "taken_at": done.summary.map { $0.takenAt.json } ?? .null, "counts": done.counts.json,
      "aside": .optional(done.replaced), "released_claims": .int(done.releasedClaims),
      "recovered": .strings(decisions.recovered), "rolled_back": .array(decisions.rolledBack.map(\.json)),
      "undo": .optional(undoCommand),
    ]
    var report = Report(Self.reportName, data) { paint in
      var lines = [
        "\(paint.mark(true)) \(dryRun ? "would restore" : "restored") \(Shown.safe(done.target)) from "
          + "\(Shown.safe(done.archive))" + (done.summary.map { ", as of \($0.takenAt)" } ?? "")
      ]
      if done.releasedClaims > 0 { lines.append("\(done.releasedClaims) claims of then were given back") }
      lines += decisions.recovered.map(Shown.safe)
      lines += decisions.rolledBack.map { "\($0.decision.id) \($0.decision.type): \($0.outcome.rawValue)" }
      if let aside = done.replaced { lines.append("what was there is now \(Shown.safe(aside))") }
      if let undoCommand { lines.append("to take this back: \(Shown.safe(undoCommand))") }
      return lines.map { $0 + "\n" }.joined()
    }
    report.warnings = warnings + done.warnings + missing
    let refused = decisions.rolledBack.filter { $0.outcome != .reverted }
    report.errors = refused.map { "\($0.decision.id): \($0.outcome.rawValue): \($0.reason)" }
    if !refused.isEmpty { report.status = .conflict }
    return report
  }

  private func undone(_ directory: String, _ options: Restore.Options, _ context: Context) throws -> Report {
    let (aside, warnings) = try Restore.undo(directory, options, files: context.files, time: context.time)
    let data: JSONValue = [
      "target": .string(directory), "archive": .null, "dry_run": false, "undone": true, "taken_at": .null,
      "counts": .null, "aside": .string(aside), "released_claims": 0, "recovered": [], "rolled_back": [],
      "undo": .null,
    ]
    var report = Report(Self.reportName, data) { paint in
      "\(paint.mark(true)) \(Shown.safe(directory)) is as it was before the restore; the restored tree is now "
        + "\(Shown.safe(aside))\n"
    }
    report.warnings = warnings
    return report
  }
}
