import ClusterSim
import Coordination
import DSLBase

/// Black boxes as files.
enum BlackBoxFiles {
  /// Files of one directory at most.
  static let limit = 1000
  static let suffix = ".blackbox.json"

  /// Reads one.
  ///
  /// - Parameter isToBeTrue: whether one is refused whose actions, done again, do not lead to what it tells.
  /// - Throws: `notFound`; `corrupt` for a file that is cut, edited or untrue; `invalidInput` for one of another format or version.
  static func read(_ path: String, _ context: Context, isToBeTrue: Bool = true) throws -> BlackBox {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try context.files.read(path, limit: BlackBox.limit)
    } catch {
      throw error.asDSLError
    }
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONParser.parse(bytes)
    } catch {
      throw DSLError(
        .corrupt, "\(path) is no whole JSON", cause: error.description, fix: "record the episode again")
    }
    return try BlackBox(json, name: path, isToBeTrue: isToBeTrue)
  }

  /// The files that arguments name; of a directory all black boxes in it, by name. Without any, those that were kept without being asked.
  static func named(_ paths: [String], _ context: Context) throws -> [String] {
    var files: [String] = []
    var paths = paths
    if paths.isEmpty {
      guard let kept = BlackBoxShelf.kept(context.environment) else {
        throw DSLError(
          .invalidInput, "neither HOME nor XDG_STATE_HOME is set", fix: "give files or a directory")
      }
      guard (try? context.files.status(kept)) != nil else {
        throw DSLError(.notFound, "no failures were kept in \(kept)", fix: "give files or a directory")
      }
      paths = [kept]
    }
    for path in paths {
      let status: FileStatus?
      do throws(FileError) { status = try context.files.status(path) } catch { throw error.asDSLError }
      guard let status else { throw DSLError(.notFound, "\(path) does not exist") }
      guard status.kind == .directory else {
        files.append(path)
        continue
      }
      var names: [String] = []
      try context.files.walk(path) { names.append(String(decoding: $0.name, as: UTF8.self)) }
      files += names.filter { $0.hasSuffix(suffix) }.sorted().map { path + "/" + $0 }
    }
    guard !files.isEmpty else {
      throw DSLError(
        .notFound, "no black boxes in \(paths.joined(separator: ", "))",
        fix: "dsl sim run --black-boxes DIR writes some")
    }
    return files
  }

  /// The names of those in a directory, sorted, so many at most.
  ///
  /// - Throws: `io` where it cannot be read.
  static func names(in directory: String, _ context: Context) throws -> [String] {
    var names: [String] = []
    do {
      try context.files.walk(directory) { names.append(String(decoding: $0.name, as: UTF8.self)) }
    } catch let error as FileError {
      throw error.asDSLError
    }
    return Array(names.filter { $0.hasSuffix(suffix) }.sorted().prefix(limit))
  }
}
