package import DSLBase

/// The backups in a directory.
package struct BackupCatalog: Sendable {
  /// One archive.
  package struct Entry: Sendable, Equatable {
    package var path: String
    /// Bytes.
    package var size: Int64
    /// What it says of itself; `nil` for an archive of another program or one that cannot be read.
    package var summary: BackupSummary?
    /// Why it cannot be read.
    package var problem: String?
  }

  /// What is to be restored.
  package enum Choice: Sendable, Equatable {
    /// That archive.
    case path(String)
    /// The newest backup; with a point in time, the oldest one that was taken at or after it, because that has
    /// everything up to it and the least to take back; if none is so late, the newest before it.
    case latest
  }

  package let folder: String
  private let files: any FileSystem

  package init(folder: String, files: any FileSystem) {
    self.folder = folder
    self.files = files
  }

  /// All `*.tar.gz` and `*.tgz` in it, oldest first: by the time they were taken, those of other programs by name before.
  ///
  /// - Throws: `io`.
  package func entries() throws(DSLError) -> [Entry] {
    do {
      guard try files.status(folder) != nil else { return [] }
      var found: [Entry] = []
      try files.walk(folder) { entry in
        guard let name = String(validating: entry.name, as: UTF8.self), !name.hasPrefix("."),
          name.hasSuffix(".tar.gz") || name.hasSuffix(".tgz")
        else { return }
        let status = try entry.status()
        guard status.kind == .file else { return }
        found.append(Entry(path: "\(folder)/\(name)", size: status.size))
      }
      return found.map(described).sorted {
        ($0.summary?.takenAt ?? .init(nanoseconds: .min), $0.path)
          < ($1.summary?.takenAt ?? .init(nanoseconds: .min), $1.path)
      }
    } catch {
      throw Backup.asDSLError(error, folder)
    }
  }

  private func described(_ entry: Entry) -> Entry {
    var entry = entry
    do {
      entry.summary = try BackupArchive(path: entry.path, files: files).summary()
    } catch {
      entry.problem = (error as? DSLError)?.cause ?? "\(error)"
    }
    return entry
  }

  /// The archive that is meant.
  ///
  /// - Parameter time: the point in time that is wanted, if any.
  /// - Throws: `notFound`, `io`.
  package func resolve(_ choice: Choice, for time: Timestamp? = nil) throws(DSLError) -> String {
    guard case .latest = choice else {
      guard case .path(let path) = choice else { return folder }
      return path
    }
    let own = try entries().filter { $0.summary != nil }
    let suitable = time.flatMap { time in own.first { $0.summary.map { $0.takenAt >= time } ?? false } }
    guard let entry = suitable ?? own.last else {
      throw DSLError(.notFound, "there is no backup in \(folder)", fix: "take one: dsl backup create")
    }
    return entry.path
  }

  /// Removes backups.
  ///
  /// - Throws: `io`; those before the failure are gone then.
  package func remove(_ paths: [String]) throws(DSLError) {
    do throws(FileError) {
      for path in paths { try files.remove(path) }
      if !paths.isEmpty { try files.sync(directory: folder) }
    } catch {
      throw error.asDSLError
    }
  }

  /// Removes what killed processes left of backups more than an hour ago.
  ///
  /// - Throws: `io`.
  package func removeLeftovers(now: Timestamp) throws(DSLError) {
    do {
      try BackupScratch.removeLeftovers(folder, files, now: now)
    } catch {
      throw Backup.asDSLError(error, folder)
    }
  }
}
