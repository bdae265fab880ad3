package import DSLBase

/// Takes backups of a live directory.
package enum Backup {
  /// Where a backup goes.
  package enum Destination: Sendable {
    /// A file named by the time, in a directory for backups, which is made if need be.
    case directory(String)
    /// A file that does not exist yet.
    case file(String)
    /// Somewhere else, in pieces of up to 128 KiB. What was handed out before a failure is no backup.
    case stream(@Sendable ([UInt8]) throws -> Void)
  }

  /// What was taken.
  package struct Report: Sendable, Equatable {
    /// The archive; `nil` for a stream.
    package var path: String?
    package var summary: BackupSummary
    package var counts: RecordCounts
    /// Finished items that are in the queue's store and not in files yet.
    package var unprojected: Int
    /// Files in the archive, without the manifest.
    package var files: Int
    /// Bytes of these files.
    package var bytes: Int64
    /// Bytes of the archive.
    package var archiveBytes: Int64
    /// How long it took, seconds.
    package var seconds: Double
    package var warnings: [String]
  }

  /// Takes a consistent backup of a directory, while agents and engines go on working.
  ///
  /// The archive is a gzipped tar whose one top-level directory is a coordination directory as it was at one instant
  /// (`BackupCut`), records byte for byte, with `.dsl/manifest.json` as its last entry. It appears under its name only
  /// when it is whole and durable.
  ///
  /// - Parameters:
  ///   - seed: for names and ids; must differ between processes.
  ///   - version: of the program, for the record.
  /// - Throws: `notFound` when there is no such directory; `conflict` when the file exists; `io`, `corrupt`, `locked`.
  package static func create(
    _ directory: CoordinationDirectory, to destination: Destination, time: any TimeSource, seed: UInt64,
    version: String = DSLVersion.current
  ) throws(DSLError) -> Report {
    do {
      guard let status = try directory.files.status(directory.path + "/."), status.kind == .directory else {
        throw DSLError(
          .notFound, "there is no directory \(directory.path)", fix: "name one with --coord-dir")
      }
      try AtomicFile.makeDirectory(directory.files, directory.state)
      let began = time.monotonicSeconds
      let identity = try DirectoryIdentity.readOrCreate(directory, seed: seed)
      let target = try BackupTarget(destination, directory.files, time.now)
      var report: Report
      do {
        report = try write(directory, to: target, identity: identity, time, seed, version)
        report.path = try target.commit()
      } catch {
        target.discard()
        throw error
      }
      report.seconds = time.monotonicSeconds - began
      return report
    } catch {
      throw asDSLError(error, directory.path)
    }
  }

  /// What tells a directory from others wherever it is moved; `nil` while no backup was taken of it.
  ///
  /// - Throws: `io`.
  package static func identity(of directory: CoordinationDirectory) throws(DSLError) -> String? {
    do throws(FileError) { return try DirectoryIdentity.read(directory) } catch { throw error.asDSLError }
  }

  private static func write(
    _ directory: CoordinationDirectory, to target: BackupTarget, identity: String, _ time: any TimeSource,
    _ seed: UInt64, _ version: String
  ) throws -> Report {
    let scratch = try BackupScratch(directory)
    defer { scratch.remove() }
    let source = BackupSource(directory: directory)
    let cut = try BackupCut(directory, time: time, seed: seed, source)
    defer { cut.projection.unlock() }
    let root = rootName(directory.path)
    let summary = BackupSummary(
      version: version, takenAt: cut.takenAt, name: root, identity: identity, decision: try cut.lastDecision()
    )
    var manifest = BackupManifest(summary: summary)
    manifest.unprojected = try cut.unprojected()
    manifest.warnings = cut.listing.leftOut.map { "\($0), so it is left out" }
    var writer = try BackupWriter(source, root: root, manifest: manifest, sink: target.append)
    try writer.add(directory: "")
    for path in cut.listing.directories { try writer.add(directory: path) }
    for path in cut.listing.items { try writer.add(file: path, orAt: moved(path)) }
    cut.projection.unlock()
    for record in cut.agents { try writer.add(record) }
    for path in cut.listing.others where try !isBackup(directory, path) { try writer.add(file: path) }
    try add(cut.queue, ".dsl/queue.sqlite", "work queue", scratch, &writer)
    if let journal = cut.journal { try add(journal, ".dsl/journal.sqlite", "journal", scratch, &writer) }
    try writer.finish(at: cut.takenAt)
    let done = writer.manifest
    return Report(
      summary: summary, counts: done.counts, unprojected: done.unprojected, files: done.files.count,
      bytes: done.bytes, archiveBytes: writer.written, seconds: 0, warnings: done.warnings)
  }

  private static func add(
    _ store: StoreSnapshot, _ path: String, _ name: String, _ scratch: BackupScratch,
    _ writer: inout BackupWriter
  ) throws {
    let files = writer.source.directory.files
    guard let status = try files.status("\(writer.source.directory.path)/\(path)") else { return }
    let copy = "\(scratch.path)/copy.sqlite"
    if let finding = try store.copy(to: copy) {
      writer.warn("the \(name) is damaged, and so is its copy: \(finding)")
    }
    try writer.add(file: path, from: copy, like: status)
    try files.remove(copy)
  }

  /// Where the queue may have moved an item's file: into quarantine, or back.
  private static func moved(_ path: String) -> String? {
    let folder = BackupListing.quarantine + "/"
    if path.hasPrefix(folder) { return String(path.dropFirst(folder.count)) }
    return path.hasPrefix(RecordKind.work.prefix) ? folder + path : nil
  }

  /// Whether a file is a backup itself.
  private static func isBackup(_ directory: CoordinationDirectory, _ path: String) throws -> Bool {
    guard path.hasSuffix(".tar.gz") || path.hasSuffix(".tgz") else { return false }
    return (try? BackupArchive(path: "\(directory.path)/\(path)", files: directory.files).summary()) != nil
  }

  /// The name of the archive's directory: the last part of the path that is a name.
  static func rootName(_ path: String) -> String {
    let last = path.split(separator: "/").last.map(String.init) ?? ""
    return last.isEmpty || last == "." || last == ".." ? "coordination" : last
  }

  static func asDSLError(_ error: any Error, _ path: String) -> DSLError {
    switch error {
    case let error as DSLError: error
    case let error as FileError: error.asDSLError
    default: StateDatabase.error(error, name: "state", path: path)
    }
  }
}

/// What tells a directory from others wherever it is moved: `.dsl/identity`, made with the first backup.
enum DirectoryIdentity {
  static func path(_ directory: CoordinationDirectory) -> String { directory.state + "/identity" }

  /// The identity; `nil` when the directory has none.
  static func read(_ directory: CoordinationDirectory) throws(FileError) -> String? {
    guard try directory.files.status(path(directory)) != nil else { return nil }
    let text = String(decoding: try directory.files.read(path(directory), limit: 256), as: UTF8.self)
    let id = text.prefix { $0 != "\n" }
    return id.isEmpty ? nil : String(id)
  }

  static func readOrCreate(_ directory: CoordinationDirectory, seed: UInt64) throws -> String {
    if let id = try read(directory) { return id }
    var random = SplitMix64(seed: seed)
    do throws(DSLError) {
      try AtomicFile.commit(
        directory.files, path(directory), Array("\(random.hex(bytes: 16))\n".utf8), exclusive: true)
    } catch {
      // Another process may have been first.
      guard error.code == .conflict else { throw error }
    }
    guard let id = try read(directory) else {
      throw DSLError(.corrupt, "\(path(directory)) is empty", fix: "remove it")
    }
    return id
  }
}
