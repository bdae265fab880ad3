import Coordination
import DSLBase
import Testing

/// A coordination directory with a clock that is moved by hand.
final class QueueWorld: Sendable {
  private let owner: TemporaryDirectory
  let time = ManualTime()
  let path: String

  init() throws {
    owner = try TemporaryDirectory()
    path = owner.path
  }

  func directory(_ files: any FileSystem = PosixFileSystem()) -> CoordinationDirectory {
    CoordinationDirectory(path: path, files: files)
  }

  func queue(
    _ seed: UInt64 = 1, files: any FileSystem = PosixFileSystem(), access: StateAccess = .readWrite
  ) throws -> WorkQueue {
    try WorkQueue(directory: directory(files), time: time, seed: seed, access: access)
  }

  func write(_ name: String, _ text: String) throws {
    try PosixFileSystem().write("\(path)/\(name)", Array(text.utf8), exclusive: false)
  }

  func read(_ name: String) throws -> String {
    String(decoding: try PosixFileSystem().read("\(path)/\(name)", limit: 1 << 24), as: UTF8.self)
  }

  /// The names in the directory, or in a directory below it, without what begins with a dot.
  func names(_ below: String = "") throws -> [String] {
    guard try PosixFileSystem().status(path + below) != nil else { return [] }
    var names: [String] = []
    try PosixFileSystem().walk(path + below) { names.append(String(decoding: $0.name, as: UTF8.self)) }
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }
}

extension WorkQueue {
  func one(_ agent: String = "a", lease: Double = 30) throws -> Claim {
    try #require(try claim(agent: agent, leaseSeconds: lease, count: 1).first)
  }

  @discardableResult func complete(_ claim: Claim, _ result: JSONValue = "done") throws -> DSLError? {
    let outcome = try complete([Completion(claim: claim.reference, result: result)])
    guard case .refused(let error) = outcome.first else { return nil }
    return error
  }
}
