import DSLBase

/// A file whose mere presence stops every effect at once: asked before each step, not only once a cycle.
///
/// Anything at the path counts, and so does a path that cannot be looked at: who cannot tell does nothing.
package struct KillSwitch: Sendable {
  /// The reason is read up to this size.
  private static let readLimit = 64 << 10
  private static let shownCharacters = 300

  private let paths: [String]
  private let files: any FileSystem

  /// - Parameter path: a further file, beside the one in `.dsl`; a relative one is in the coordination directory.
  package init(_ directory: CoordinationDirectory, path: String?) {
    let more = path.map { $0.hasPrefix("/") ? $0 : "\(directory.path)/\($0)" }
    paths = ["\(directory.state)/STOP"] + (more.map { [$0] } ?? [])
    files = directory.files
  }

  /// Why everything is stopped: what the file says, and where it is; `nil` when it is not there.
  ///
  /// - Complexity: one look at each path.
  package func reason() -> String? {
    for path in paths {
      do throws(FileError) {
        guard try files.status(path) != nil else { continue }
      } catch {
        // A directory on the way that is not there holds no file.
        if error.errno == Self.notThere || error.errno == Self.noDirectory { continue }
        return "\(path) cannot be looked at: \(error.reason)"
      }
      let text = (try? files.read(path, limit: Self.readLimit)).map { String(decoding: $0, as: UTF8.self) }
      let words = (text ?? "").split { $0.isWhitespace }.joined(separator: " ")
      return words.isEmpty ? path : "\(String(words.prefix(Self.shownCharacters))) (\(path))"
    }
    return nil
  }

  private static let notThere: Int32 = 2
  private static let noDirectory: Int32 = 20
}
