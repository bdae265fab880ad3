package import DSLBase
import GRDB

extension Backup {
  /// What verifying an archive found.
  package struct Verification: Sendable, Equatable {
    package var path: String
    /// What it says of itself; `nil` for an archive that another program packed.
    package var summary: BackupSummary?
    package var counts: RecordCounts
    package var files: Int
    package var bytes: Int64
    /// What cannot be promised of it; none for a backup of ours in which all is well.
    package var warnings: [String]
  }

  /// Reads a whole archive: checksums, every file against the manifest, the databases with SQLite's integrity check, and
  /// the records against each other.
  ///
  /// - Parameters:
  ///   - scratch: a directory in which databases are unpacked for the check, and removed again.
  /// - Throws: `corrupt` when it is damaged, `invalidInput` when it is hostile or no coordination directory; `notFound`,
  ///   `io`, `unsupported`.
  package static func verify(
    _ path: String, scratch: String, files: any FileSystem, limits: ArchiveLimits = .init()
  ) throws(DSLError) -> Verification {
    do {
      let folder = "\(scratch)/\(AtomicFile.temporaryName(for: "dsl-verify"))"
      try files.makeDirectory(folder)
      defer { try? FileTree.remove(folder, files) }
      try files.setAttributes(folder, FileAttributes(permissions: 0o700))
      let archive = BackupArchive(path: path, files: files, limits: limits)
      var extraction = ArchiveExtraction(archive, into: folder) { path in
        path.hasPrefix(".dsl/queue.sqlite") || path.hasPrefix(".dsl/journal.sqlite")
      }
      try extraction.run()
      let findings = try ArchiveFindings(extraction, at: folder)
      return Verification(
        path: path, summary: extraction.summary, counts: extraction.counts, files: extraction.found.count,
        bytes: extraction.bytes, warnings: findings.warnings)
    } catch {
      throw asDSLError(error, path)
    }
  }
}

/// What an unpacked archive holds that deserves attention.
struct ArchiveFindings {
  private(set) var warnings: [String] = []
  /// Items in two places, to be set right; none for a consistent backup.
  private(set) var doubled: [ItemLedger.Doubled] = []
  /// Databases that are damaged, below the directory.
  private(set) var damaged: [String] = []

  /// Looks at what was unpacked.
  ///
  /// - Throws: `corrupt` when a backup of ours holds a damaged database; `invalidInput` for what is no coordination
  ///   directory.
  init(_ extraction: ArchiveExtraction, at folder: String) throws(DSLError) {
    let path = extraction.archive.path
    let counts = extraction.counts
    let isOurs = extraction.summary != nil
    if !isOurs {
      guard
        counts.agents + counts.work + counts.completed + counts.failed + counts.telemetry > 0
          || extraction.found["dsl.yaml"] != nil || extraction.found[".dsl/queue.sqlite"] != nil
      else {
        throw DSLError(
          .invalidInput, "\(path) holds no coordination directory",
          fix: "name a backup that dsl or tar made of one")
      }
      warnings.append(
        "packed by another program: no checksums of its files, and not one instant if it was packed while work went on"
      )
    }
    warnings += extraction.warnings + (extraction.manifest?.warnings ?? []).map { "when it was taken: \($0)" }
    for store in [".dsl/queue.sqlite", ".dsl/journal.sqlite"] where extraction.found[store] != nil {
      guard let finding = StoreSnapshot.integrity(of: "\(folder)/\(store)") else { continue }
      guard !isOurs else {
        throw DSLError(
          .corrupt, "\(path) is damaged", cause: "\(store): \(finding)", fix: "use another backup")
      }
      damaged.append(store)
      warnings.append("\(store) is torn or damaged: \(finding)")
    }
    let ledger = extraction.ledger
    if ledger.unreadableCount > 0 {
      let named = ledger.unreadable.prefix(5).map { FileName.shown($0) }.joined(separator: ", ")
      warnings.append("\(ledger.unreadableCount) records are no JSON objects, as they were: \(named)")
    }
    let found = ledger.doubled(leaving: Self.leaving(folder, damaged))
    for item in found {
      let places =
        "item \(FileName.shown(item.id)) is \(FileName.shown(item.kept)) and \(FileName.shown(item.aside))"
      warnings.append(places + (isOurs ? ", as it was in the directory" : "; the first counts"))
    }
    if !isOurs { doubled = found }
  }

  /// Items whose last change is in the queue's outbox.
  private static func leaving(_ folder: String, _ damaged: [String]) -> Set<String> {
    let path = "\(folder)/.dsl/queue.sqlite"
    guard !damaged.contains(".dsl/queue.sqlite"), let connection = try? DatabaseQueue(path: path) else {
      return []
    }
    let ids = try? connection.inDatabase { db in try String.fetchSet(db, sql: "SELECT id FROM outbox") }
    return ids ?? []
  }
}
