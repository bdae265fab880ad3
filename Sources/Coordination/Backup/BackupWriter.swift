import DSLBase

/// Packs files into the archive and notes each of them for the manifest.
struct BackupWriter {
  let source: BackupSource
  /// The archive's one directory, in which everything lies.
  let root: String
  private let gzip: GzipWriter
  private var tar: TarWriter
  private(set) var manifest: BackupManifest

  /// Begins an archive.
  ///
  /// - Throws: what the sink throws.
  init(
    _ source: BackupSource, root: String, manifest: BackupManifest, sink: @escaping ([UInt8]) throws -> Void
  ) throws {
    self.source = source
    self.root = root
    self.manifest = manifest
    let gzip = try GzipWriter(sink)
    self.gzip = gzip
    tar = TarWriter { try gzip.write($0) }
    try tar.comment(JSONValue.object(manifest.summary.members).text())
  }

  /// Compressed bytes so far.
  var written: Int64 { gzip.written }

  mutating func warn(_ warning: String) { manifest.warnings.append(warning) }

  /// A directory; "" is the root itself.
  mutating func add(directory path: String) throws {
    let full = source.directory.path + (path.isEmpty ? "/." : "/" + path)
    guard let status = try source.directory.files.status(full), status.kind == .directory else { return }
    try tar.begin(Self.entry(inRoot(path), .directory, size: 0, status))
    try tar.end()
  }

  /// A file whose content is at hand.
  mutating func add(_ content: BackupSource.Content) throws {
    try begin(content.path, size: Int64(content.bytes.count), content.status)
    try tar.append(content.bytes[...])
    try end(content.path, content.status, size: Int64(content.bytes.count), ContentHash.of(content.bytes))
  }

  /// A file by its path; one that has vanished or is no file becomes a warning.
  ///
  /// - Parameter elsewhere: where the queue may have moved it since the cut.
  mutating func add(file path: String, orAt elsewhere: String? = nil) throws {
    if var content = try find(path, elsewhere) {
      content.path = path
      return try add(content)
    }
    guard let status = try source.directory.files.status("\(source.directory.path)/\(path)") else {
      return warn("\(FileName.shown(path)) vanished while the backup was taken")
    }
    guard status.kind == .file else {
      return warn("\(FileName.shown(path)) is left out: it is no regular file")
    }
    try addInPieces(path, at: "\(source.directory.path)/\(path)", status)
  }

  private func find(_ path: String, _ elsewhere: String?) throws(FileError) -> BackupSource.Content? {
    do throws(FileError) {
      if let content = try source.content(path) { return content }
      guard let elsewhere else { return nil }
      return try source.content(elsewhere)
    } catch {
      // Gone between the look and the reading: as if it had not been seen.
      if error.isGone { return nil }
      throw error
    }
  }

  /// A file that is packed under another path than it has.
  mutating func add(file path: String, from place: String, like status: FileStatus) throws {
    var status = status
    guard let present = try source.directory.files.status(place) else {
      throw DSLError(.io, "the copy \(place) vanished", fix: "try again")
    }
    status.size = present.size
    try addInPieces(path, at: place, status)
  }

  /// A file that may be large. It is taken as long as it was when it was looked at: what is appended meanwhile is left out.
  private mutating func addInPieces(_ path: String, at place: String, _ status: FileStatus) throws {
    try begin(path, size: status.size, status)
    var hash = ContentHash()
    var offset: Int64 = 0
    while offset < status.size {
      let count = Int(min(Int64(BackupSource.piece), status.size - offset))
      let piece = try source.directory.files.read(place, at: offset, count: count)
      guard piece.count == count else {
        throw DSLError(
          .conflict, "\(FileName.shown(path)) was cut short while it was read", fix: "take the backup again")
      }
      hash.update(piece[...])
      try tar.append(piece[...])
      offset += Int64(count)
    }
    try end(path, status, size: status.size, hash.finished())
  }

  /// The manifest, and the end of the archive.
  mutating func finish(at time: Timestamp) throws {
    let text = manifest.encoded()
    try tar.begin(
      TarEntry(
        path: inRoot(BackupManifest.path), kind: .file, size: Int64(text.count), permissions: 0o644,
        modified: time.nanoseconds / 1_000_000_000))
    try tar.append(text[...])
    try tar.end()
    try tar.finish()
    try gzip.finish()
  }

  private mutating func begin(_ path: String, size: Int64, _ status: FileStatus) throws {
    try tar.begin(Self.entry(inRoot(path), .file, size: size, status))
  }

  private mutating func end(_ path: String, _ status: FileStatus, size: Int64, _ hash: String) throws {
    try tar.end()
    manifest.files.append(
      BackupManifest.File(path: path, size: size, sha256: hash, permissions: status.permissions & 0o777))
    manifest.counts.count(path)
  }

  private func inRoot(_ path: String) -> String { path.isEmpty ? root : "\(root)/\(path)" }

  private static func entry(_ path: String, _ kind: TarEntry.Kind, size: Int64, _ status: FileStatus)
    -> TarEntry
  {
    TarEntry(
      path: path, kind: kind, size: size, permissions: status.permissions & 0o777,
      modified: status.modified / 1_000_000_000 - (status.modified % 1_000_000_000 < 0 ? 1 : 0),
      owner: status.owner, group: status.group)
  }
}

extension FileError {
  /// Whether there is nothing of that name: `ENOENT`, equal on every platform this builds for.
  var isGone: Bool { errno == 2 }
}
