import DSLBase

/// A gzipped tar somewhere in a file system.
struct BackupArchive {
  let path: String
  let files: any FileSystem
  var limits = ArchiveLimits()

  /// A reader from the beginning.
  ///
  /// - Throws: `notFound`, `io`.
  func reader() throws -> TarReader {
    guard let status = try files.status(path) else {
      throw DSLError(.notFound, "there is no backup \(path)", fix: "dsl backup list shows those there are")
    }
    guard status.kind == .file else { throw DSLError(.invalidInput, "\(path) is no regular file") }
    let pieces = FilePieces(path: path, files: files)
    let gzip = try GzipReader(name: path, limits: limits) { try pieces.next() }
    return TarReader(name: path) { try gzip.next() }
  }

  /// What a backup of ours says of itself; `nil` for another archive.
  ///
  /// - Throws: as `reader`; `corrupt` when it cannot be unpacked; `unsupported` for a newer layout.
  func summary() throws -> BackupSummary? {
    let reader = try reader()
    _ = try reader.next()
    return try Self.summary(reader, path)
  }

  /// The summary of an archive whose first entry was read.
  static func summary(_ reader: TarReader, _ path: String) throws -> BackupSummary? {
    guard let comment = reader.comment, let value = try? JSONParser.parse(Array(comment.utf8)) else {
      return nil
    }
    return try BackupSummary(value, archive: path)
  }
}

/// A file from its beginning, piece by piece.
private final class FilePieces {
  private let path: String
  private let files: any FileSystem
  private var offset: Int64 = 0

  init(path: String, files: any FileSystem) {
    self.path = path
    self.files = files
  }

  /// The next 256 KiB; less at the end, and then nothing.
  func next() throws -> [UInt8] {
    let piece = try files.read(path, at: offset, count: 256 << 10)
    offset += Int64(piece.count)
    return piece
  }
}
