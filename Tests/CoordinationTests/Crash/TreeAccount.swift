import Coordination
import DSLBase
import Testing
import SweepFolders

/// What has to hold of directories after a crash of what packs, replaces or fills them.
struct TreeAccount {
  let beginning: TreeBeginning
  let image: DiskImage
  let isDone: Bool
  let what: String
  /// Whether it is done again after that.
  var again = true

  private static let tree = TreeScenario.tree
  private var scenario: TreeScenario { beginning.scenario }
  private var posix: PosixFileSystem { PosixFileSystem() }
  let time = ManualTime(ManualTime().now.adding(seconds: 5), origin: "after")

  func check() throws {
    let place = try folder(holding: image)
    switch scenario {
    case .backup: try checkBackup(place.path)
    case .restoreOver: try checkReplacement(place.path)
    case .restoreAnew: try checkRestored(place.path)
    case .importing: try checkImport(place.path)
    }
  }

  // MARK: Backup

  private func checkBackup(_ path: String) throws {
    let (was, now) = (beginning.image.tree(Self.tree, all: true), image.tree(Self.tree, all: true))
    for (name, bytes) in was { #expect(now[name] == bytes, "\(what): \(name)") }
    let new = Set(now.keys).subtracting(was.keys)
    let archives = new.filter { $0.hasPrefix(".dsl/backups/") && $0.hasSuffix(".tar.gz") }.sorted()
    #expect(new.subtracting(archives).isSubset(of: [".dsl/identity"]), "\(what): \(new.sorted())")
    #expect(archives.count == 1 || (archives.isEmpty && !isDone), "\(what): \(archives)")
    for name in archives { try verify("\(path)/\(Self.tree)/\(name)", path) }
    guard again else { return }
    let directory = CoordinationDirectory(path: "\(path)/\(Self.tree)", files: posix)
    let report = try Backup.create(directory, to: .file(path + "/next.tar.gz"), time: time, seed: 8)
    #expect(report.warnings.isEmpty, "\(what): \(report.warnings)")
    try verify(path + "/next.tar.gz", path)
    try expectWork(directory.path, ["i2", "i3"])
  }

  private func verify(_ archive: String, _ scratch: String) throws {
    let found = try Backup.verify(archive, scratch: scratch, files: posix)
    #expect(found.warnings.isEmpty && found.counts.work == 1, "\(what): \(archive) \(found.warnings)")
    #expect(found.counts.completed == 1 && found.counts.agents == 1, "\(what): \(archive) \(found.counts)")
  }

  // MARK: Restore

  private func checkReplacement(_ path: String) throws {
    let old = beginning.image.tree(Self.tree, all: true)
    let new = beginning.after.tree(Self.tree)
    let target = "\(path)/\(Self.tree)"
    if image.tree(Self.tree) == new {
      let kept = asides(image).filter { image.tree($0, all: true) == old }
      #expect(kept.count == 1, "\(what): the old tree is kept aside, whole: \(asides(image))")
      guard again else { return }
      try expectWork(target, ["i2", "i3"])
      return
    }
    #expect(!isDone, "\(what): the restore was told and is not there")
    #expect(image.tree(Self.tree, all: true) == old, "\(what): the target is the old tree, whole")
    let store = "\(Self.tree)/.dsl/queue.sqlite"
    if image.databases[store] != beginning.image.databases[store] {
      try expectWork(target, ["i2", "i3", "late"])
    }
    guard again else { return }
    try scenario.perform(path, time, posix) { _ in }
    let now = try DiskImage(reading: path, posix)
    #expect(now.tree(Self.tree) == new, "\(what): doing it again does it")
    try expectWork(target, ["i2", "i3"])
    let kept = asides(now).filter { now.tree($0, all: true) == old }
    #expect(kept.count == 1, "\(what): done again, the old tree is kept aside: \(asides(now))")
    _ = try Restore.undo(target, files: posix, time: time)
    try expectWork(target, ["i2", "i3", "late"])
  }

  /// Names of whole trees beside the target.
  private func asides(_ image: DiskImage) -> [String] {
    image.directories.filter { !$0.contains("/") && $0.hasPrefix("coordination.re") }.sorted()
  }

  private func checkRestored(_ path: String) throws {
    let (old, now) = (beginning.image.tree(Self.tree, all: true), image.tree(Self.tree, all: true))
    #expect(now == old, "\(what): the tree that was packed is not touched")
    let target = "\(path)/\(scenario.target)"
    if image.directories.contains(scenario.target) {
      #expect(image.tree(scenario.target) == beginning.after.tree(scenario.target), "\(what): whole")
    } else {
      #expect(!isDone, "\(what): the restore was told and is not there")
      guard again else { return }
      try scenario.perform(path, time, posix) { _ in }
    }
    if again { try expectWork(target, ["i2", "i3"]) }
  }

  // MARK: Import

  private func checkImport(_ path: String) throws {
    let (before, after) = (beginning.image.tree(Self.tree), beginning.after.tree(Self.tree))
    for (name, bytes) in image.tree(Self.tree) {
      #expect(after[name] == bytes, "\(what): \(name) is whole")
    }
    for (name, bytes) in before { #expect(image.tree(Self.tree)[name] == bytes, "\(what): \(name)") }
    if isDone { expectImported(image) }
    #expect(image.tree("swarm") == beginning.image.tree("swarm"), "\(what): the source is left alone")
    guard again else { return }
    for _ in 1...2 {
      try scenario.perform(path, time, posix) { _ in }
      expectImported(try DiskImage(reading: path, posix))
    }
  }

  private func expectImported(_ image: DiskImage) {
    let whole = beginning.after.tree(Self.tree, all: true)
    #expect(image.tree(Self.tree, all: true) == whole, "\(what): as an undisturbed import leaves it")
  }

  // MARK: Work

  /// The queue of a directory holds these and takes work: nothing is doubled, and no fence is left.
  private func expectWork(_ path: String, _ open: [String]) throws {
    let directory = CoordinationDirectory(path: path, files: posix)
    let queue = try WorkQueue(directory: directory, time: time, seed: 99, access: .readWrite)
    let views = try queue.list(WorkFilter(limit: 100))
    let left = views.filter { $0.state != .completed }.map(\.id).sorted()
    #expect(left == open && views.count == open.count + 1, "\(what): \(views.map(\.id))")
    // Claimed and given back, so that the tree stays what it is.
    let claims = try queue.claim(agent: "next", leaseSeconds: 10, count: 100)
    #expect(claims.map(\.id).sorted() == open.filter { $0 != "i3" }, "\(what): can be worked on")
    try queue.release(claims.map(\.reference))
  }
}
