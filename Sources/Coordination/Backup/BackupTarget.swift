import DSLBase

/// Where an archive is written: under a temporary name until it is whole, or straight into a stream.
struct BackupTarget {
  private let files: any FileSystem
  private let stream: (@Sendable ([UInt8]) throws -> Void)?
  private let folder: String
  private let name: String
  private let isNumbered: Bool
  private let temp: String

  init(_ destination: Backup.Destination, _ files: any FileSystem, _ now: Timestamp) throws {
    self.files = files
    switch destination {
    case .stream(let sink):
      stream = sink
      (folder, name, isNumbered, temp) = ("", "", false, "")
      return
    case .file(let path):
      stream = nil
      (folder, name) = AtomicFile.split(path)
      isNumbered = false
      guard try files.status(path) == nil else {
        throw DSLError(.conflict, "\(path) already exists", fix: "name another file, or remove it first")
      }
    case .directory(let path):
      stream = nil
      (folder, name, isNumbered) = (path, Self.name(at: now), true)
      try AtomicFile.makeDirectory(files, path)
    }
    temp = "\(folder)/\(AtomicFile.temporaryName(for: name))"
    do {
      try files.write(temp, [], exclusive: true)
      // An archive holds what may be readable only for its owner.
      try files.setAttributes(temp, FileAttributes(permissions: 0o600))
    } catch {
      try? files.remove(temp)
      throw error
    }
  }

  /// Takes the next piece.
  func append(_ bytes: [UInt8]) throws {
    if let stream { return try stream(bytes) }
    try files.append(temp, bytes)
  }

  /// Puts the archive in place durably.
  ///
  /// - Returns: its path; `nil` for a stream.
  func commit() throws -> String? {
    guard stream == nil else { return nil }
    try files.sync(file: temp)
    var number = 1
    while true {
      let path = "\(folder)/\(number == 1 ? name : numbered(number))"
      if try rename(to: path) {
        try files.sync(directory: folder)
        return path
      }
      number += 1
    }
  }

  /// - Returns: `false` when the name is taken and there are others to try.
  private func rename(to path: String) throws -> Bool {
    do throws(FileError) {
      try files.renameExclusively(temp, to: path)
      return true
    } catch {
      guard error.errno == 17, isNumbered else { throw error }  // EEXIST
      return false
    }
  }

  /// Removes what was written so far.
  func discard() {
    if stream == nil { try? files.remove(temp) }
  }

  private func numbered(_ number: Int) -> String {
    "\(name.dropLast(BackupTarget.suffix.count))-\(number)\(BackupTarget.suffix)"
  }

  static let suffix = ".tar.gz"

  /// `20261121T140000Z.tar.gz`: sorts by time and is a file name everywhere.
  static func name(at time: Timestamp) -> String {
    String(time.description.prefix(19)).replacing("-", with: "").replacing(":", with: "") + "Z" + suffix
  }
}

/// A directory for the copies of the stores, removed with what is in it.
struct BackupScratch {
  private static let prefix = ".scratch-"
  /// Scratch of processes that died is removed after that long, seconds.
  private static let age = 3600.0
  let path: String
  private let files: any FileSystem

  init(_ directory: CoordinationDirectory) throws {
    files = directory.files
    let folder = directory.state + "/backups"
    try AtomicFile.makeDirectory(files, folder)
    path = folder + "/" + Self.prefix + AtomicFile.temporaryName(for: "copy").dropFirst()
    try files.makeDirectory(path)
    do {
      try files.setAttributes(path, FileAttributes(permissions: 0o700))
    } catch {
      try? files.removeDirectory(path)
      throw error
    }
  }

  func remove() { try? FileTree.remove(path, files) }

  /// Removes what killed processes left: scratch directories and unfinished archives.
  static func removeLeftovers(_ folder: String, _ files: any FileSystem, now: Timestamp) throws {
    guard try files.status(folder) != nil else { return }
    let limit = now.adding(seconds: -age)
    _ = try AtomicFile.removeLeftovers(files, folder, unchangedSince: limit)
    var old: [String] = []
    try files.walk(folder) { entry in
      let name = String(decoding: entry.name, as: UTF8.self)
      if name.hasPrefix(prefix), try entry.status().changed < limit.nanoseconds {
        old.append("\(folder)/\(name)")
      }
    }
    for path in old { try? FileTree.remove(path, files) }
  }
}

/// Whole trees.
enum FileTree {
  /// Removes a file or a directory with everything in it; symbolic links are removed, not followed.
  static func remove(_ path: String, _ files: any FileSystem) throws {
    guard let status = try files.status(path) else { return }
    guard status.kind == .directory else { return try files.remove(path) }
    var names: [String] = []
    try files.walk(path) { names.append(String(decoding: $0.name, as: UTF8.self)) }
    for name in names { try remove("\(path)/\(name)", files) }
    try files.removeDirectory(path)
  }
}
