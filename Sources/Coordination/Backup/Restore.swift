package import DSLBase

/// Puts a backup in the place of a directory, after it was verified, settled and made durable beside it.
///
/// Nothing at the target is touched before `commit`, and there it is one exchange of two names: a crash at any point leaves
/// the old tree or the new one, whole.
package struct Restore {
  /// What is asked for.
  package struct Options: Sendable {
    /// Whether a directory that is not empty may be replaced; it is kept aside.
    package var replace = false
    package var limits = ArchiveLimits()
    /// Whether an agent works here, of which only its record and not the lease of an item tells; nobody is overrun
    /// without being asked for.
    package var runs: @Sendable (AgentRecord) -> Bool = { _ in false }

    package init(replace: Bool = false) { self.replace = replace }
  }

  /// What became of a restore.
  package struct Report: Sendable, Equatable {
    /// The directory that was restored.
    package var target: String
    /// The archive.
    package var archive: String
    package var summary: BackupSummary?
    package var counts: RecordCounts
    /// Where the tree that was there before is now; `nil` when there was none.
    package var replaced: String?
    /// Claims that were given back.
    package var releasedClaims: Int
    /// What cannot be promised, and what was set right, a sentence each.
    package var warnings: [String]
  }

  /// The tree that is about to be put in place. It may be changed until `commit`.
  package let staged: CoordinationDirectory
  /// What is known so far.
  package private(set) var report: Report
  private let target: RestoreTarget
  private let attributes: FileAttributes
  private let time: any TimeSource

  /// Unpacks, verifies and settles a backup beside the target.
  ///
  /// Settled means that no claim of a worker before is held any more, that all fencing epochs are higher than any that was
  /// given out, that what was finished is in files, and that agents' processes of then are not taken for ones of now.
  ///
  /// - Parameters:
  ///   - archive: the backup.
  ///   - target: the directory to restore; its parent exists.
  ///   - options: what is asked for; whose agents are looked after.
  /// - Throws: `corrupt`, `invalidInput` for what is wrong with the archive; `conflict` for a target that is not empty;
  ///   `locked` when an engine or a worker is at it; `notFound`, `io`. Nothing is left beside the target then.
  package static func stage(
    _ archive: String, to target: String, _ options: Options = .init(), files: any FileSystem,
    time: any TimeSource, seed: UInt64
  ) throws(DSLError) -> Restore {
    do {
      let place = try RestoreTarget(target, files, time, options.runs)
      try place.requireFree(replace: options.replace)
      let staging = try place.makeStaging()
      do {
        return try fill(staging, archive, place, options, files, time, seed)
      } catch {
        try? FileTree.remove(staging, files)
        throw error
      }
    } catch {
      throw Backup.asDSLError(error, target)
    }
  }

  private static func fill(
    _ staging: String, _ archive: String, _ place: RestoreTarget, _ options: Options, _ files: any FileSystem,
    _ time: any TimeSource, _ seed: UInt64
  ) throws -> Restore {
    let source = BackupArchive(path: archive, files: files, limits: options.limits)
    var extraction = ArchiveExtraction(source, into: staging)
    try extraction.run()
    let findings = try ArchiveFindings(extraction, at: staging)
    let staged = CoordinationDirectory(path: staging, files: files)
    let settling = RestoreSettling(staged, time: time, seed: seed)
    try settling.setAside(findings.damaged)
    try settling.keepAside(findings.doubled)
    try settling.forgetProcesses()
    let (released, notes) = try settling.settleQueue()
    let report = Report(
      target: place.path, archive: archive, summary: extraction.summary, counts: extraction.counts,
      replaced: nil,
      releasedClaims: released, warnings: findings.warnings + notes)
    return Restore(
      staged: staged, report: report, target: place, attributes: extraction.rootAttributes, time: time)
  }

  /// Puts the staged tree in place.
  ///
  /// - Parameter note: what was done to the staged tree since, for `.dsl/restore.json`.
  /// - Throws: `locked` when somebody has begun to work on the target; `conflict`, `io`. The target is then as it was, and
  ///   the staged tree is gone.
  package mutating func commit(note: [String] = []) throws(DSLError) -> Report {
    do {
      let (replaced, warnings) = try target.put(
        staged, attributes, note: RestoreNote(report, at: time.now, extra: note))
      report.replaced = replaced
      report.warnings += warnings
      return report
    } catch {
      try? FileTree.remove(staged.path, staged.files)
      throw Backup.asDSLError(error, target.path)
    }
  }

  /// Removes the staged tree; the target is as it was.
  package func discard() { try? FileTree.remove(staged.path, staged.files) }

  /// Stages and commits in one go.
  ///
  /// - Throws: as `stage` and `commit`.
  package static func run(
    _ archive: String, to target: String, _ options: Options = .init(), files: any FileSystem,
    time: any TimeSource, seed: UInt64
  ) throws(DSLError) -> Report {
    var restore = try stage(archive, to: target, options, files: files, time: time, seed: seed)
    return try restore.commit()
  }

  /// Puts back what a restore replaced; the restored tree is kept aside in its place.
  ///
  /// - Returns: where the restored tree is now, and warnings.
  /// - Throws: `invalidState` when the directory was not restored, or nothing is left to put back; `locked`, `io`.
  package static func undo(
    _ target: String, _ options: Options = .init(), files: any FileSystem, time: any TimeSource
  ) throws(DSLError) -> (aside: String, warnings: [String]) {
    do {
      return try RestoreTarget(target, files, time, options.runs).undo()
    } catch {
      throw Backup.asDSLError(error, target)
    }
  }
}

/// `.dsl/restore.json` of a restored directory: where it comes from and what it replaced.
struct RestoreNote {
  static let path = ".dsl/restore.json"

  /// When the directory was restored.
  var restored: Timestamp? { members["restored_at"]?.string.flatMap { Timestamp.parse($0)?.time } }
  /// Where the tree that was there before is kept; `nil` when there was none.
  var replaced: String?
  private var members: JSONObject

  init(_ report: Restore.Report, at time: Timestamp, extra: [String]) {
    members = [
      "restored_at": time.json, "archive": .string(report.archive),
      "taken_at": report.summary.map { $0.takenAt.json } ?? .null, "notes": .strings(report.warnings + extra),
    ]
  }

  /// Reads a note; `nil` when there is none.
  init?(_ directory: String, _ files: any FileSystem) throws {
    let path = "\(directory)/\(Self.path)"
    guard try files.status(path) != nil else { return nil }
    let value = try JSONParser.parse(try files.read(path, limit: 16 << 20))
    members = value.object ?? [:]
    replaced = value["replaced"]?.string
  }

  /// Writes it durably into a tree.
  func write(_ directory: CoordinationDirectory) throws {
    var members = members
    members["replaced"] = .optional(replaced)
    try AtomicFile.commit(
      directory.files, "\(directory.path)/\(Self.path)",
      JSONValue.object(members).serialized(.pretty) + [0x0A])
  }
}
