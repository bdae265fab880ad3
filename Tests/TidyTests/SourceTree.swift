import FoundationEssentials

/// The repository's text files as the rules of the house see them.
struct SourceTree {
  /// One file.
  struct File: Sendable {
    /// Its path below the root.
    let path: String
    let lines: [String]

    /// The parts of its path.
    var parts: [Substring] { path.split(separator: "/") }
    /// The second part of its path: the target of a source file.
    var target: String { parts.count > 1 ? String(parts[1]) : "" }

    /// The lines without comments and without what stands in quotes.
    var code: [String] {
      lines.map { line in
        let quoted = line.utf8.contains(UInt8(ascii: "\""))
        let bare = quoted ? line.replacing(#/"(\\.|[^"\\])*"/#, with: "\"\"") : line
        guard bare.utf8.contains(UInt8(ascii: "/")), let comment = bare.firstRange(of: "//") else {
          return bare
        }
        return String(bare[..<comment.lowerBound])
      }
    }
  }

  /// The root, found from this file's own place.
  static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()

  /// The files below a folder whose name ends in one of the suffixes, in the order of their paths.
  static func files(in folder: String, suffixes: [String]) throws -> [File] {
    let base = root + "/" + folder
    guard FileManager.default.fileExists(atPath: base) else { return [] }
    return try FileManager.default.subpathsOfDirectory(atPath: base).sorted().compactMap { name in
      guard suffixes.contains(where: { name.hasSuffix($0) }), !name.contains(".build/") else { return nil }
      return try file(folder + "/" + name)
    }
  }

  /// One file by its path below the root.
  static func file(_ path: String) throws -> File {
    let text = try String(contentsOfFile: root + "/" + path, encoding: .utf8)
    return File(
      path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
  }

  /// Whether something is at a path below the root.
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }
}
