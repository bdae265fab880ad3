import ArgumentParser
import ClusterSim
import Coordination
import DSLBase

/// Where failures go.
struct BlackBoxOptions: ParsableArguments {
  @Option(
    name: .customLong("black-boxes"),
    help: ArgumentHelp(
      "Write failures into a directory, 1000 at most; without it the latest 1000 are kept in $XDG_STATE_HOME/dsl/black-boxes, else ~/.local/state.",
      valueName: "dir"),
    completion: .directory)
  var directory: String?

  @Flag(name: .customLong("no-black-boxes"), help: "Keep no failures.")
  var isOff = false

  func validate() throws {
    guard directory == nil || !isOff else {
      throw ValidationError("give --black-boxes or --no-black-boxes, not both")
    }
  }
}

/// The directory that a command writes the black boxes of its failures to: the one that was asked for, else one of the user's, as the crash of
/// any program leaves its dump.
///
/// What was asked for is written durably, or the command fails. What was not is not waited for until it is on the disk, takes no more
/// room than ``BlackBoxFiles/limit`` files, of which the oldest go, and where it cannot be written a warning says so.
struct BlackBoxShelf {
  /// `nil` where nothing is kept.
  private(set) var directory: String?
  private let isAsked: Bool
  private let context: Context
  private var failures = 0
  /// Files written by this command.
  private(set) var count = 0
  private var problem: String?

  init(_ options: BlackBoxOptions, _ context: Context) {
    self.context = context
    isAsked = options.directory != nil
    directory = options.isOff ? nil : options.directory ?? Self.kept(context.environment)
    if directory == nil, !options.isOff { problem = "neither HOME nor XDG_STATE_HOME is set" }
  }

  /// The user's own directory: `$XDG_STATE_HOME/dsl/black-boxes`, else `~/.local/state/dsl/black-boxes`.
  ///
  /// XDG Base Directory Specification 0.8: a relative `XDG_STATE_HOME` is to be ignored.
  static func kept(_ environment: [String: String]) -> String? {
    let folder = "/dsl/black-boxes"
    if let base = environment["XDG_STATE_HOME"], base.hasPrefix("/") { return base + folder }
    return environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.local/state" + folder }
  }

  /// Writes the record of a failure, where there is room.
  ///
  /// - Parameter record: makes it; not called where it would not be written.
  /// - Returns: the file; `nil` where none was written.
  /// - Throws: what recording throws; `io` where the directory was asked for and cannot be written.
  mutating func keep(_ record: () throws -> BlackBox) throws -> String? {
    failures += 1
    guard let directory, count < BlackBoxFiles.limit else { return nil }
    let box = try record()
    do throws(DSLError) {
      let path = try write(box, into: directory)
      count += 1
      return path
    } catch {
      guard !isAsked else { throw error }
      // Said once, not a thousand times.
      (self.directory, problem) = (nil, error.message)
      return nil
    }
  }

  private func write(_ box: BlackBox, into directory: String) throws(DSLError) -> String {
    let files = context.files
    let bytes = box.bytes
    let word = box.policy.map { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" ? $0 : "_" }
    let name = "\(directory)/\(String(word))-\(BlackBox.text(box.key))"
    var path = name + BlackBoxFiles.suffix
    do throws(FileError) {
      if count == 0 { try files.makeDirectories(directory) }
      // The same policy and key on another cluster, or with other values, is another episode.
      if let there = try files.status(path) {
        let isSame = there.size == bytes.count ? try files.read(path, limit: bytes.count) == bytes : false
        if !isSame { path = "\(name)-\(SHA256.hex(of: bytes).prefix(8))\(BlackBoxFiles.suffix)" }
      }
    } catch {
      throw error.asDSLError
    }
    if isAsked {
      try AtomicFile.commit(files, path, bytes)
    } else {
      try AtomicFile.place(files, path, bytes)
    }
    return path
  }

  /// Removes what is more than the user's own directory may hold.
  ///
  /// - Returns: what has to be said of failures that are not on the shelf.
  mutating func close() -> [String] {
    if count > 0, !isAsked, let directory { prune(directory) }
    if let problem, failures > 0 {
      return ["failures were not kept: \(problem) (--black-boxes DIR, --no-black-boxes)"]
    }
    guard directory != nil, failures > count else { return [] }
    return ["only the first \(count) of \(failures) failures were written"]
  }

  private func prune(_ directory: String) {
    var found: [(changed: Int64, name: String)] = []
    try? context.files.walk(directory) { entry in
      let name = String(decoding: entry.name, as: UTF8.self)
      if name.hasSuffix(BlackBoxFiles.suffix) { found.append((try entry.status().modified, name)) }
    }
    guard found.count > BlackBoxFiles.limit else { return }
    // Another command may be doing the same.
    for old in found.sorted(by: <).prefix(found.count - BlackBoxFiles.limit) {
      try? context.files.remove("\(directory)/\(old.name)")
    }
  }
}

extension Report {
  /// Says where black boxes are, at the end of what people read.
  static func whereabouts(_ shelf: BlackBoxShelf) -> String {
    guard shelf.count > 0, let directory = shelf.directory else { return "" }
    return
      "\(shelf.count) black box\(shelf.count == 1 ? "" : "es") in \(directory): dsl sim explain, whatif, cluster\n"
  }
}
