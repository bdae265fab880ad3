import Coordination
import DSLBase
import SweepFolders
import Testing

/// What is done with whole directories: each packs, puts in place or fills the tree `coordination`, beside which lie
/// `packed.tar.gz`, a backup of it from before its last item came, and `swarm`, state of SwarmSH.
enum TreeScenario: String, CaseIterable, Sendable {
  case backup, restoreOver, restoreAnew, importing

  static let tree = "coordination"

  /// The directory that it changes.
  var target: String { self == .restoreAnew ? "elsewhere" : Self.tree }

  /// Does it, telling when it is done.
  func perform(_ path: String, _ time: ManualTime, _ files: any FileSystem, _ tell: (String) -> Void) throws {
    let directory = CoordinationDirectory(path: "\(path)/\(Self.tree)", files: files)
    switch self {
    case .backup:
      let folder = directory.state + "/backups"
      _ = try Backup.create(directory, to: .directory(folder), time: time, seed: 7)
    case .restoreOver, .restoreAnew:
      _ = try Restore.run(
        "\(path)/packed.tar.gz", to: "\(path)/\(target)", .init(replace: self == .restoreOver), files: files,
        time: time, seed: 5)
    case .importing:
      let swarm = SwarmImport("\(path)/swarm", into: directory, heartbeatLimit: 30, now: SwarmFixture.now)
      _ = try swarm.write(try swarm.read(), dryRun: false)
    }
    tell("done")
  }

  /// Brings a directory to where it begins.
  func prepare(_ path: String, _ time: ManualTime) throws {
    let files = PosixFileSystem()
    let directory = CoordinationDirectory(path: "\(path)/\(Self.tree)", files: files)
    try files.makeDirectory(directory.path)
    let queue = try WorkQueue(directory: directory, time: time, seed: 1, access: .readWrite)
    _ = try queue.add((1...3).map { NewWorkItem(id: "i\($0)", fields: ["n": 1.5]) })
    let claim = try #require(queue.claim(agent: "a", leaseSeconds: 60, count: 1).first)
    _ = try queue.complete([Completion(claim: claim.reference, result: "r")])
    _ = try queue.quarantine(["i3"], reason: "odd")
    try queue.flush()
    _ = try Journal(directory: directory, access: .readWrite)
    func write(_ name: String, _ text: String) throws {
      try files.write("\(directory.path)/\(name)", Array(text.utf8), exclusive: true)
    }
    try write("agent_a.json", #"{"id": "a", "status":"active", "mine": 1.50}"#)
    try write("notes.txt", "leave me\n")
    guard self != .importing else { return try SwarmFixture.write(to: path + "/swarm", files) }
    guard self != .backup else { return }
    // One in the tree too, so that a restore has a backup to carry along.
    _ = try Backup.create(directory, to: .directory(directory.state + "/backups"), time: time, seed: 3)
    _ = try Backup.create(directory, to: .file(path + "/packed.tar.gz"), time: time, seed: 4)
    try write("work_late.json", #"{"id": "late"}"#)
  }
}

/// A prepared beginning, and what an undisturbed run makes of it.
struct TreeBeginning: Sendable {
  let scenario: TreeScenario
  let image: DiskImage
  let after: DiskImage

  init(_ scenario: TreeScenario) throws {
    let first = try SweepFolder()
    try scenario.prepare(first.path, ManualTime())
    self.scenario = scenario
    image = try DiskImage(reading: first.path, PosixFileSystem())
    let other = try folder(holding: image)
    try scenario.perform(other.path, ManualTime(), PosixFileSystem()) { _ in }
    after = try DiskImage(reading: other.path, PosixFileSystem())
  }
}

/// A new folder that holds what an image does.
func folder(holding image: DiskImage) throws -> SweepFolder {
  let folder = try SweepFolder()
  try image.write(to: folder.path, PosixFileSystem())
  return folder
}

extension DiskImage {
  /// The files of one directory, without what the program keeps for itself unless `all`, and without temps and locks.
  func tree(_ name: String, all: Bool = false) -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for (path, bytes) in files where path.hasPrefix(name + "/") {
      let below = String(path.dropFirst(name.count + 1))
      guard !below.hasSuffix(".tmp"), !below.hasSuffix(".lock"), all || !below.hasPrefix(".dsl/") else {
        continue
      }
      found[below] = bytes
    }
    return found
  }
}
