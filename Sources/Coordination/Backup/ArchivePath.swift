import DSLBase

/// Paths as archives have them, which may be anything.
enum ArchivePath {
  /// The parts of a path that stays where it is unpacked.
  ///
  /// - Returns: none for the root itself (`./`).
  /// - Throws: `invalidInput` for what is absolute, leads upwards, is no name or lies too deep.
  static func components(_ path: String, archive: String, depth: Int) throws(DSLError) -> [String] {
    func refused(_ why: String) -> DSLError {
      DSLError(
        .invalidInput, "\(archive) is refused: the entry \(FileName.shown(path)) \(why)",
        fix: "do not trust it; nothing of it was put in place")
    }
    if path.hasPrefix("/") { throw refused("has an absolute path") }
    if path.utf8.contains(0) { throw refused("has a zero byte in its name") }
    var parts: [String] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
      if part == ".." { throw refused("leads out of the directory") }
      if part.utf8.count > 255 { throw refused("has a name of more than 255 bytes") }
      parts.append(String(part))
    }
    if parts.count > depth { throw refused("lies more than \(depth) directories deep") }
    if path.isEmpty { throw refused("has no name") }
    return parts
  }

  /// Whether a symbolic link at that place points to something below the same root, judged by its text.
  static func staysInside(link target: String, at parts: [String]) -> Bool {
    guard !target.hasPrefix("/"), !target.isEmpty else { return false }
    var level = parts.count - 1
    for part in target.split(separator: "/") where part != "." {
      level += part == ".." ? -1 : 1
      if level < 0 { return false }
    }
    return true
  }
}

/// Which directory of an archive is the coordination directory: what its first entry lies in.
struct ArchiveRoot {
  private var root: [String]?

  /// The path of an entry below the root.
  ///
  /// - Throws: `invalidInput` when it lies elsewhere.
  mutating func relative(_ parts: [String], isDirectory: Bool, archive: String) throws(DSLError) -> [String] {
    let root = self.root ?? Self.root(of: parts, isDirectory: isDirectory)
    self.root = root
    guard parts.starts(with: root) else {
      throw DSLError(
        .invalidInput,
        "\(archive) is refused: \(FileName.shown(parts.joined(separator: "/"))) does not lie in "
          + FileName.shown(root.joined(separator: "/")),
        fix: "pack one coordination directory, as in: tar -czf backup.tar.gz coordination/")
    }
    return Array(parts.dropFirst(root.count))
  }

  private static func root(of first: [String], isDirectory: Bool) -> [String] {
    // A hidden directory in front is `.dsl` of an archive packed from within.
    if isDirectory { return first.first?.hasPrefix(".") == true ? [] : first }
    return Array(first.dropLast())
  }
}
