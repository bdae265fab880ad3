package import DSLBase

/// What is on a disk below some directory: directories, files with their content, databases. Paths are relative to it.
package struct DiskImage: Sendable, Equatable {
  /// In an order in which they can be made.
  package var directories: [String] = []
  package var files: [String: [UInt8]] = [:]
  /// SQLite's files, each with its write-ahead log; the shared memory beside them is made anew.
  package var databases: [String: RecordingFileSystem.DatabaseImage] = [:]

  package init() {}

  /// Reads all there is below a directory; links and special files are left out.
  ///
  /// - Throws: `FileError` when something cannot be read.
  package init(reading root: String, _ files: any FileSystem) throws {
    try read("", root, files)
  }

  private mutating func read(_ below: String, _ root: String, _ files: any FileSystem) throws {
    var names: [String] = []
    try files.walk(root + below) { names.append(String(decoding: $0.name, as: UTF8.self)) }
    for name in names.sorted() {
      let path = below.isEmpty ? name : "\(below.dropFirst())/\(name)"
      switch try files.status("\(root)/\(path)")?.kind {
      case .directory:
        directories.append(path)
        try read("/" + path, root, files)
      case .file where Self.isDatabase(name):
        databases[path] = RecordingFileSystem.image("\(root)/\(path)", files)
      case .file where Self.belongsToDatabase(name): break
      case .file: self.files[path] = try files.read("\(root)/\(path)", limit: 1 << 28)
      case .symbolicLink, .other, nil: break
      }
    }
  }

  /// Puts everything into an empty directory.
  ///
  /// - Throws: `FileError` when something cannot be written.
  package func write(to root: String, _ files: any FileSystem) throws {
    for directory in directories { try files.makeDirectory("\(root)/\(directory)") }
    for (path, content) in self.files { try files.write("\(root)/\(path)", content, exclusive: true) }
    for (path, image) in databases {
      try files.write("\(root)/\(path)", image.main, exclusive: true)
      if let log = image.log { try files.write("\(root)/\(path)-wal", log, exclusive: true) }
    }
  }

  /// Whether a file of that name is written by SQLite and not through the seam.
  static func isDatabase(_ name: String) -> Bool { name.hasSuffix(".sqlite") }

  private static func belongsToDatabase(_ name: String) -> Bool {
    name.hasSuffix(".sqlite-wal") || name.hasSuffix(".sqlite-shm")
  }
}
