import ClusterSim
import Coordination
import DSLBase
import Glibc

/// The file of a study, under the lock that Optuna's `JournalFileOpenLock` takes: `FILE.lock`, created by one who then has it.
struct StudyFile {
  /// The longest file that is read.
  static let limit = 1 << 30
  /// The study in it that is searched.
  static let name = "tune"
  /// A lock that stays as it is for so long belongs to nobody any more: Optuna's grace, in seconds.
  private static let grace = 30.0

  let path: String
  private let files: any FileSystem
  private let time: any TimeSource
  private let locks: [any FileLock]

  /// Takes the study for this process alone: nobody leads it (`FILE.owner`) and nobody takes part (`FILE.members`), Python included.
  ///
  /// - Throws: `locked` where somebody does.
  init(_ path: String, _ files: any FileSystem, _ time: any TimeSource) throws {
    (self.path, self.files, self.time) = (path, files, time)
    locks = try ["owner", "members"].map { name in
      guard
        let lock = try Self.reported({
          try files.lock("\(path).\(name)", exclusive: true, wait: false)
        })
      else {
        throw DSLError(
          .locked, "another process is at work on \(path)", fix: "wait for its end, or give another file")
      }
      return lock
    }
  }

  private static func reported<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as FileError {
      throw error.asDSLError
    }
  }

  private func content() throws -> [UInt8] {
    guard (try? files.status(path)) != nil else { return [] }
    return try Self.reported { try files.read(path, limit: Self.limit) }
  }

  /// What the file says.
  func study() throws -> TuningStudy { try TuningStudy(content(), name: Self.name) }

  /// Repairs what a killed process left: its lock, and a line that is not whole: what is appended after it would spoil it for all.
  func mend() async throws {
    // A lock that is young may be that of a dashboard, which holds it for milliseconds.
    if let lock = try? files.status(path + ".lock"),
      time.now.nanoseconds - lock.modified > 2_000_000_000
    {
      try? files.remove(path + ".lock")
    }
    let bytes = try content()
    guard let last = bytes.last, last != 0x0A else { return }
    let whole = bytes.prefix((bytes.lastIndex(of: 0x0A) ?? -1) + 1)
    // Nothing is cut from a file that is something else.
    _ = try TuningStudy(Array(whole), name: Self.name)
    guard bytes[whole.count...].starts(with: Array("{\"op_code\"".utf8).prefix(bytes.count - whole.count))
    else {
      throw DSLError(
        .corrupt, "\(path) is no study: it ends with what is no line of one", fix: "give another --study")
    }
    try await locked { try AtomicFile.commit(files, path, Array(whole)) }
  }

  /// Appends lines that are made of what the file says then.
  func append<Value>(_ make: (TuningStudy) throws -> (Value, [UInt8])) async throws -> Value {
    try await locked {
      let (value, lines) = try make(study())
      try Self.reported {
        try files.append(path, lines)
        try files.sync(file: path)
      }
      return value
    }
  }

  private func locked<Value>(_ body: () throws -> Value) async throws -> Value {
    let lock = path + ".lock"
    let began = time.monotonicSeconds
    while true {
      do {
        try files.write(lock, [], exclusive: true)
        break
      } catch let error {
        guard error.errno == EEXIST else { throw error.asDSLError }
        if time.monotonicSeconds - began > Self.grace { try? files.remove(lock) }
        try await time.sleep(seconds: 0.01)
      }
    }
    defer { try? files.remove(lock) }
    return try body()
  }
}
