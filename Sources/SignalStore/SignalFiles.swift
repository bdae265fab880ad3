import Coordination
import DSLBase
package import Telemetry

/// A part of a file that could not be read as telemetry.
package struct SignalFileProblem: Sendable, Equatable {
  /// Relative to the coordination directory.
  package var file: String
  /// Where it begins, bytes.
  package var offset: Int64
  package var reason: String
}

/// What was found in files.
package struct FileSignals: Sendable {
  package var blocks: [SignalBlock] = []
  /// Parts and records that could not be read; the first of them as problems.
  package var refused = 0
  package var problems: [SignalFileProblem] = []
  /// Bytes at the ends of files that are not whole yet.
  package var pending: Int64 = 0
  /// Whether there is more than was read.
  package var hasMore = false
  var states: [SourceState] = []

  package init() {}

  /// Problems that are kept.
  static let problemLimit = 100

  mutating func refuse(_ file: String, _ offset: Int64, _ reason: String, count: Int = 1) {
    refused += count
    if problems.count < Self.problemLimit {
      problems.append(SignalFileProblem(file: file, offset: offset, reason: reason))
    }
  }
}

/// The telemetry in a directory's files: `*.jsonl` (the OpenTelemetry file exporter's lines, SwarmSH's spans),
/// `telemetry_*.json` (the original's measurements) and what the engine writes of itself.
///
/// Files that grow are read on from where reading ended, to the end of a line or object; which file it was is told by
/// inode and by the first and last bytes that were read, so that one that was rotated is gone on with and one that was
/// replaced is read anew. A file that is rewritten as a whole is read again when it changed.
package struct SignalFiles {
  private let directory: CoordinationDirectory
  private var known: [String: SourceState] = [:]
  /// Rotated files of the engine that are looked for.
  private static let rotations = 20

  init(_ directory: CoordinationDirectory, known: [SourceState]) {
    self.directory = directory
    for state in known { self.known[state.path] = state }
  }

  /// Reads what is new.
  ///
  /// - Parameter budget: bytes after which no further file is begun.
  /// - Throws: `FileError` when the directory cannot be read; files that cannot be are problems.
  mutating func read(budget: Int64) throws -> FileSignals {
    var found = FileSignals()
    var left = budget
    for path in try paths() {
      guard left > 0 else {
        found.hasMore = true
        break
      }
      do throws(FileError) { try read(path, &left, &found) } catch {
        // One that went away since, as rotation makes them, is no problem.
        if error.errno != 2 { found.refuse(path, 0, error.reason, count: 0) }
      }
    }
    return found
  }

  /// Names relative to the directory, in order.
  private func paths() throws -> [String] {
    var paths: [String] = []
    try directory.files.walk(directory.path) { entry in
      let name = String(decoding: entry.name, as: UTF8.self)
      if name.hasSuffix(".jsonl") {
        if SwarmState.kind(of: name) ?? .spans == .spans { paths.append(name) }
      } else if name.hasPrefix(RecordKind.telemetry.prefix), name.hasSuffix(".json") {
        paths.append(name)
      }
    }
    paths.sort()
    let own = String(directory.spans.dropFirst(directory.path.utf8.count + 1))
    return paths + (1...Self.rotations).reversed().map { "\(own).\($0)" } + [own]
  }

  private mutating func read(
    _ path: String, _ left: inout Int64, _ found: inout FileSignals
  ) throws(FileError) {
    let place = directory.path + "/" + path
    guard let status = try directory.files.status(place), status.kind == .file, status.size > 0 else {
      return
    }
    var state = try start(path, place, status)
    let isWhole = path.hasSuffix(".json")
    guard isWhole ? state.offset == 0 : state.offset < status.size else { return }
    var reader = SignalFileReader(path: path, modified: Timestamp(nanoseconds: status.modified))
    let begun = state.offset
    try reader.read(directory.files, place, from: &state.offset, to: status.size, left: &left)
    if isWhole, state.offset > begun { state.offset = status.size }
    reader.finish(&found)
    found.pending += status.size - state.offset
    (state.size, state.modified, state.inode) = (status.size, status.modified, status.inode)
    state.records += reader.records
    state.refused += reader.refused
    guard state.offset > begun else { return }
    state.head = try head(place, state.offset)
    known[path] = state
    found.states.append(state)
    if state.offset < status.size, left <= 0 { found.hasMore = true }
  }

  /// Where reading begins: behind what was read of the same file, whatever it was called then.
  private func start(
    _ path: String, _ place: String, _ status: FileStatus
  ) throws(FileError) -> SourceState {
    let new = SourceState(
      path: path, inode: status.inode, size: 0, modified: 0, offset: 0, head: 0, records: 0, refused: 0)
    if path.hasSuffix(".json") {
      guard let same = known[path], same.inode == status.inode, same.size == status.size,
        same.modified == status.modified
      else { return new }
      return same
    }
    for state in known.values.sorted(by: { $0.path < $1.path })
    where state.inode == status.inode && state.offset <= status.size {
      guard try head(place, state.offset) == state.head else { continue }
      var same = state
      same.path = path
      return same
    }
    return new
  }

  /// A hash of the first and the last bytes of what was read (FNV-1a). The last ones count, too: telemetry of one
  /// service always begins alike.
  private func head(_ place: String, _ offset: Int64) throws(FileError) -> Int64 {
    let count: Int64 = 256
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for begin in [0, max(0, offset - count)] {
      for byte in try directory.files.read(place, at: begin, count: Int(min(offset, count))) {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
      }
    }
    return Int64(bitPattern: hash)
  }
}
