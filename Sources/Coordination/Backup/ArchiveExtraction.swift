import DSLBase

/// Unpacks an archive into a staging directory that nobody else uses, checking everything on the way.
///
/// An archive may come from anywhere. Absolute paths, `..`, links that lead out, devices, duplicate names and bombs are
/// refused; nothing is ever written through a link, because none is ever made.
struct ArchiveExtraction {
  /// What was found of one file.
  struct Found: Equatable {
    var size: Int64
    var sha256: String
    var permissions: UInt16
  }

  let archive: BackupArchive
  /// Where files go; it exists.
  let staging: String
  /// Which files are unpacked; the others are only read and checked.
  let keeps: (String) -> Bool

  private(set) var summary: BackupSummary?
  private(set) var manifest: BackupManifest?
  /// Every file of the archive but the manifest.
  private(set) var found: [String: Found] = [:]
  private(set) var ledger = ItemLedger()
  private(set) var counts = RecordCounts()
  private(set) var bytes: Int64 = 0
  private(set) var warnings: [String] = []
  private var root = ArchiveRoot()
  private var directories: [String: TarEntry] = ["": TarEntry(path: "", kind: .directory, permissions: 0o755)]
  private var entries = 0

  init(_ archive: BackupArchive, into staging: String, keeps: @escaping (String) -> Bool = { _ in true }) {
    self.archive = archive
    self.staging = staging
    self.keeps = keeps
  }

  private var files: any FileSystem { archive.files }

  /// Reads the archive to its end.
  ///
  /// - Throws: `corrupt` when it is damaged or not what its manifest says; `invalidInput` when it is hostile or no
  ///   coordination directory; `io`.
  mutating func run() throws {
    let reader = try archive.reader()
    var isFirst = true
    while let entry = try reader.next() {
      if isFirst { summary = try BackupArchive.summary(reader, archive.path) }
      isFirst = false
      entries += 1
      guard entries <= archive.limits.entries else {
        throw refused("it has more than \(archive.limits.entries) entries")
      }
      try take(entry, reader)
    }
    guard !isFirst else { throw refused("it holds nothing") }
    try compareWithManifest()
    try finishDirectories()
  }

  private mutating func take(_ entry: TarEntry, _ reader: TarReader) throws {
    let parts = try ArchivePath.components(entry.path, archive: archive.path, depth: archive.limits.depth)
    let isDirectory = entry.kind == .directory
    let below = try root.relative(parts, isDirectory: isDirectory, archive: archive.path)
    let path = below.joined(separator: "/")
    switch entry.kind {
    case .directory:
      guard found[path] == nil else { throw refused("\(FileName.shown(path)) is in it twice") }
      try makeDirectory(below)
      directories[path] = entry
    case .file: try takeFile(path, below, entry, reader)
    case .hardLink(let target): try takeLink(path, below, target)
    case .symbolicLink(let target):
      guard ArchivePath.staysInside(link: target, at: below) else {
        throw refused("the symbolic link \(FileName.shown(path)) leads out of the directory")
      }
      warnings.append(
        "\(FileName.shown(path)) is left out: it is a symbolic link, which nothing here follows")
    case .special(let what): throw refused("\(FileName.shown(path)) is \(what)")
    }
  }

  private mutating func takeFile(_ path: String, _ below: [String], _ entry: TarEntry, _ reader: TarReader)
    throws
  {
    try claim(path, below)
    if path == BackupManifest.path, summary != nil {
      guard entry.size <= 1 << 30 else { throw refused("its manifest has \(entry.size) bytes") }
      var text: [UInt8] = []
      try reader.forEachPiece { text += $0 }
      manifest = try BackupManifest(text, archive: archive.path)
      return
    }
    let isSmall = entry.size <= BackupSource.whole
    let isKept = keeps(path) && !Self.isLeftOut(path, isOurs: summary != nil)
    if isKept { try makeDirectory(below.dropLast()) }
    var hash = ContentHash()
    var content: [UInt8] = []
    let full = "\(staging)/\(path)"
    if isKept, !isSmall { try files.write(full, [], exclusive: true) }
    try reader.forEachPiece { piece in
      hash.update(piece)
      if isSmall { content += piece } else if isKept { try files.append(full, Array(piece)) }
    }
    if isKept {
      if isSmall { try files.write(full, content, exclusive: true) }
      try settle(full, entry)
    }
    note(path, Found(size: entry.size, sha256: hash.finished(), permissions: entry.permissions))
    if isSmall { ledger.take(path, content, limit: 20) }
  }

  /// A second name of a file before it becomes a copy of it.
  private mutating func takeLink(_ path: String, _ below: [String], _ target: String) throws {
    try claim(path, below)
    let parts = try ArchivePath.components(target, archive: archive.path, depth: archive.limits.depth)
    let original = try root.relative(parts, isDirectory: false, archive: archive.path).joined(separator: "/")
    guard let linked = found[original], linked.size <= 1 << 30 else {
      throw refused("the hard link \(FileName.shown(path)) does not lead to a file before it")
    }
    let isKept = keeps(path) && !Self.isLeftOut(path, isOurs: summary != nil)
    if isKept, try files.status("\(staging)/\(original)") != nil {
      try makeDirectory(below.dropLast())
      let content = try files.read("\(staging)/\(original)", limit: Int(linked.size))
      try files.write("\(staging)/\(path)", content, exclusive: true)
      try files.sync(file: "\(staging)/\(path)")
      ledger.take(path, content, limit: 20)
    }
    note(path, linked)
  }

  private mutating func note(_ path: String, _ file: Found) {
    found[path] = file
    counts.count(path)
    bytes += file.size
  }

  /// Makes sure that a name is free and that what is above it is no file.
  private func claim(_ path: String, _ below: [String]) throws(DSLError) {
    guard !below.isEmpty else { throw refused("its root is no directory") }
    guard found[path] == nil, directories[path] == nil, !(path == BackupManifest.path && manifest != nil)
    else {
      throw refused("\(FileName.shown(path)) is in it twice")
    }
    for count in 1..<max(1, below.count) where found[below[..<count].joined(separator: "/")] != nil {
      throw refused("\(FileName.shown(path)) lies in what is a file")
    }
  }

  private mutating func makeDirectory(_ below: some Collection<String>) throws {
    var path = ""
    for part in below {
      path += path.isEmpty ? part : "/" + part
      guard directories[path] == nil else { continue }
      guard found[path] == nil else { throw refused("\(FileName.shown(path)) is in it twice") }
      guard !Self.isLeftOut(path, isOurs: false) else { return }
      try files.makeDirectory("\(staging)/\(path)")
      directories[path] = TarEntry(path: path, kind: .directory, permissions: 0o755)
    }
  }

  private func settle(_ full: String, _ entry: TarEntry) throws {
    try files.setAttributes(full, Self.attributes(entry))
    try files.sync(file: full)
  }

  /// Deepest first, so that what is made in a directory does not change its time again.
  private func finishDirectories() throws {
    for path in directories.keys.sorted(by: >) {
      let full = path.isEmpty ? staging : "\(staging)/\(path)"
      guard try files.status(full) != nil, let entry = directories[path] else { continue }
      // The root stays closed to others until everything is verified.
      if !path.isEmpty { try files.setAttributes(full, Self.attributes(entry)) }
      try files.sync(directory: full)
    }
  }

  /// What the root shall be given when all is done.
  var rootAttributes: FileAttributes {
    Self.attributes(directories[""] ?? TarEntry(path: "", kind: .directory))
  }

  private static func attributes(_ entry: TarEntry) -> FileAttributes {
    let (time, overflow) = entry.modified.multipliedReportingOverflow(by: 1_000_000_000)
    // An archive without permissions for its owner could not be worked on.
    let permissions = entry.permissions | (entry.kind == .directory ? 0o700 : 0o600)
    return FileAttributes(
      permissions: permissions, owner: entry.owner, group: entry.group, modified: overflow ? nil : time)
  }

  /// What is not unpacked: caches, locks, temps, other backups, and what SQLite makes anew. A plain archive's
  /// write-ahead logs are unpacked, because without them its databases would miss their last commits.
  static func isLeftOut(_ path: String, isOurs: Bool) -> Bool {
    let name = path.split(separator: "/").last.map { Array($0.utf8) } ?? []
    if name.withUnsafeBufferPointer({ AtomicFile.isTemp($0) }) { return true }
    guard BackupListing.isOurOwn(path) else { return false }
    for store in [".dsl/journal.sqlite", ".dsl/queue.sqlite"] {
      if path == store || (!isOurs && (path == store + "-wal" || path == store + "-journal")) { return false }
    }
    return true
  }

  private func compareWithManifest() throws(DSLError) {
    guard summary != nil else { return }
    guard let manifest else { throw damaged("it has no manifest") }
    guard manifest.summary == summary else { throw damaged("its manifest belongs to another backup") }
    for file in manifest.files {
      guard let present = found[file.path] else { throw damaged("\(FileName.shown(file.path)) is missing") }
      let wanted = Found(size: file.size, sha256: file.sha256, permissions: file.permissions)
      guard present == wanted else {
        throw damaged("\(FileName.shown(file.path)) is not what the manifest says")
      }
    }
    guard manifest.files.count == found.count else {
      throw damaged("it holds files that its manifest does not")
    }
  }

  private func refused(_ why: String) -> DSLError {
    DSLError(
      .invalidInput, "\(archive.path) is refused: \(why)",
      fix: "do not trust it; nothing of it was put in place")
  }

  private func damaged(_ why: String) -> DSLError {
    DSLError(.corrupt, "\(archive.path) is damaged", cause: why, fix: "use another backup")
  }
}
