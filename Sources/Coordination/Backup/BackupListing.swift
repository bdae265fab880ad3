import DSLBase

/// What of a directory goes into a backup, by name.
struct BackupListing {
  /// Directories below the root, each behind the one that it is in.
  private(set) var directories: [String] = []
  /// Files that the queue moves about: items in every state.
  private(set) var items: [String] = []
  /// What has to be of the same instant as the journal: agents' records, which the engine and the agents replace under the
  /// agents' lock, and the simulated cluster, whose steps the journal intends before they are done.
  private(set) var agents: [String] = []
  /// Everything else.
  private(set) var others: [String] = []
  /// What is no file or has a name that is no text, with the reason.
  private(set) var leftOut: [String] = []

  /// Looks at the names, recursively.
  ///
  /// - Throws: `FileError`.
  init(_ directory: CoordinationDirectory) throws {
    try visit(directory, "")
    items.sort()
    agents.sort()
    others.sort()
  }

  private mutating func visit(_ directory: CoordinationDirectory, _ folder: String) throws {
    var below: [String] = []
    try directory.files.walk(directory.path + (folder.isEmpty ? "" : "/" + folder)) { entry in
      guard let name = String(validating: entry.name, as: UTF8.self) else {
        leftOut.append("\(FileName.shown(entry.name)): its name is not UTF-8")
        return
      }
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      guard !Self.isOurOwn(path), !AtomicFile.isTemp(entry.name) else { return }
      // What is named like a record is taken for a file until it is read: a walk that asks for no status is short.
      if folder.isEmpty || folder == Self.quarantine, case .record(let kind) = RecordName(entry.name) {
        switch kind {
        case .agent: agents.append(path)
        case .work, .completed, .failed: items.append(path)
        case .telemetry: others.append(path)
        }
        return
      }
      switch try entry.status().kind {
      case .file where path == Self.cluster: agents.append(path)
      case .directory: below.append(path)
      case .file: others.append(path)
      case .symbolicLink: leftOut.append("\(FileName.shown(path)): it is a symbolic link")
      case .other: leftOut.append("\(FileName.shown(path)): it is no regular file")
      }
    }
    for path in below.sorted() {
      directories.append(path)
      try visit(directory, path)
    }
  }

  static let quarantine = ".dsl/quarantine"
  private static let cluster = ".dsl/sim/cluster.json"

  /// Whether a path is of what the program makes anew or copies another way: caches, locks, databases, backups, and the
  /// papers of an earlier backup or restore. Telemetry is among it: it is kept for a while only, and may be large.
  static func isOurOwn(_ path: String) -> Bool {
    guard path.hasPrefix(".dsl/") else { return false }
    let rest = path.dropFirst(".dsl/".count)
    if rest == "backups" || rest.hasPrefix("backups/") || rest.hasSuffix(".lock") { return true }
    if ["manifest.json", "restore.json"].contains(rest) { return true }
    return ["index.sqlite", "journal.sqlite", "queue.sqlite", "signals.sqlite"].contains { name in
      rest == name || ["-wal", "-shm", "-journal"].contains { rest == name + $0 }
    }
  }
}
