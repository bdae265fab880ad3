import DSLBase
import Foundation
import Testing

@testable import Coordination

/// Putting backups in place.
@Suite struct RestoreTests {
  private let posix = PosixFileSystem()

  private func restore(
    _ archive: String, _ world: BackupWorld, to target: String? = nil, replace: Bool = false,
    _ files: any FileSystem = PosixFileSystem()
  ) throws -> Restore.Report {
    try Restore.run(
      archive, to: target ?? world.path, .init(replace: replace), files: files, time: world.time, seed: 5)
  }

  private func beside(_ world: BackupWorld) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: world.root).sorted()
  }

  @Test func aRestoredDirectoryHasEverythingAndNoClaims() throws {
    let world = try BackupWorld()
    try world.fill()
    let before = try world.content(of: world.path)
    let archive = try #require(try world.backup().path)
    let target = world.root + "/elsewhere"
    let report = try restore(archive, world, to: target)
    #expect(report.releasedClaims == 1 && report.replaced == nil && report.warnings == [])
    let after = try world.content(of: target)
    for (name, content) in before where !name.hasPrefix(".dsl/") && name != "agent_a.json" {
      #expect(after[name] == content, "\(name)")
    }
    // What is known of the process is gone, every other byte is as it was.
    #expect(after["agent_a.json"] == Data(#"{ "id": "a", "status": "active", "odd": 1.50 }"#.utf8))
    #expect(
      try world.places(at: target)
        == world.places(at: world.path).mapValues { $0.map { $0 == .claimed ? .pending : $0 } })
    let journal = try #require(try Journal.openForReading(world.directory(at: target)))
    #expect(try journal.decision("d-1").outcome == .executed)
    #expect(try beside(world) == ["coordination", "elsewhere"])
    let modified = try #require(try posix.status(target + "/work_i5.json")).modified
    #expect(
      try modified / 1_000_000_000 == #require(try posix.status(world.path + "/work_i5.json")).modified
        / 1_000_000_000)
  }

  @Test func workersOfBeforeAreRefused() throws {
    let world = try BackupWorld()
    _ = try world.queue().add([NewWorkItem(id: "x", fields: [:])])
    let old = try world.queue(2)
    let claim = try old.one("old", lease: 5)
    let archive = try #require(try world.backup().path)
    world.time.advance(seconds: 10)
    let report = try restore(archive, world, replace: true)
    #expect(report.releasedClaims == 1)
    // On the tree that was moved aside, which it still has open.
    let late = #expect(throws: DSLError.self) { try old.complete(claim) }
    #expect(late?.code == .gone)
    // On the restored one.
    let new = try world.queue(3)
    let again = try new.one("new")
    #expect(again.epoch > claim.epoch + 1_000_000)
    #expect(try new.complete(claim)?.code == .conflict)
    #expect(try new.complete(again) == nil)
    // Restored once more, epochs grow further.
    world.time.advance(seconds: 60)
    _ = try restore(archive, world, replace: true)
    #expect(try world.queue(4).one("third").epoch > again.epoch)
  }

  /// For who has looked whether the store is still in its place just before the exchange.
  @Test func theFenceRefusesEveryChangeUntilItIsLowered() throws {
    let world = try BackupWorld()
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: [:])])
    let claim = try queue.one()
    let fence = try #require(try QueueFence(world.directory()))
    try fence.raise {}
    let refused = #expect(throws: DSLError.self) { try queue.complete(claim) }
    #expect(refused?.code == .invalidState && refused?.message.contains("replaced by a restore") == true)
    try fence.lower()
    #expect(try queue.complete(claim) == nil)
  }

  @Test func aTargetIsReplacedOnlyOnDemandAndTheRestoreCanBeUndone() throws {
    let world = try BackupWorld()
    try world.fill()
    world.time.advance(seconds: 60)
    let archive = try #require(try world.backup().path)
    try world.write("work_later.json", #"{"id": "later"}"#)
    let before = try world.content(of: world.path)
    let refused = #expect(throws: DSLError.self) { try restore(archive, world) }
    #expect(refused?.code == .conflict && refused?.fix?.contains("--replace") == true)
    #expect(try world.content(of: world.path) == before && beside(world) == ["coordination"])
    let report = try restore(archive, world, replace: true)
    let aside = try #require(report.replaced)
    #expect(try posix.status(world.path + "/work_later.json") == nil)
    #expect(try posix.status(aside + "/work_later.json") != nil)
    #expect(try BackupCatalog(folder: world.path + "/.dsl/backups", files: posix).entries().count == 1)
    let undone = try Restore.undo(world.path, files: posix, time: world.time)
    #expect(undone.aside == aside && undone.warnings == [])
    #expect(try posix.status(world.path + "/work_later.json") != nil)
    #expect(try world.queue(8).one("after").epoch < 10, "the tree of before takes work again")
    let nothing = #expect(throws: DSLError.self) {
      try Restore.undo(world.path, files: posix, time: world.time)
    }
    #expect(nothing?.code == .invalidState)
  }

  /// The note names the replaced tree by its whole path: in a copy of both that is the original's.
  @Test func undoingInACopyLeavesTheOriginalAlone() throws {
    let world = try BackupWorld()
    try world.fill()
    world.time.advance(seconds: 60)
    let archive = try #require(try world.backup().path)
    try world.write("work_later.json", #"{"id": "later"}"#)
    let aside = try #require(try restore(archive, world, replace: true).replaced)
    let copy = try BackupWorld()
    try FileManager.default.removeItem(atPath: copy.path)
    for name in try beside(world) {
      try FileManager.default.copyItem(atPath: "\(world.root)/\(name)", toPath: "\(copy.root)/\(name)")
    }
    let before = (try world.content(of: world.path), try world.content(of: aside))
    let undone = try Restore.undo(copy.path, files: posix, time: world.time)
    #expect(undone.aside.hasPrefix(copy.root))
    #expect(try posix.status(copy.path + "/work_later.json") != nil)
    #expect(try world.content(of: world.path) == before.0 && world.content(of: aside) == before.1)
    try FileManager.default.removeItem(atPath: undone.aside)
    let gone = #expect(throws: DSLError.self) {
      try Restore.undo(copy.path, files: posix, time: world.time)
    }
    #expect(gone?.code == .invalidState)
  }

  @Test func nobodyWhoWorksIsOverrun() throws {
    let world = try BackupWorld()
    try world.fill()
    let archive = try #require(try world.backup().path)
    let claims = #expect(throws: DSLError.self) { try restore(archive, world, replace: true) }
    #expect(claims?.code == .locked && claims?.message.contains("a hold 1 items") == true)
    world.time.advance(seconds: 60)
    let engine = try #require(try posix.lock(world.directory().engineLock, exclusive: true, wait: false))
    let locked = #expect(throws: DSLError.self) { try restore(archive, world, replace: true) }
    #expect(locked?.code == .locked && locked?.message.contains("an engine acts on") == true)
    engine.unlock()
    #expect(try restore(archive, world, replace: true).replaced != nil)
  }

  @Test func aPlainTarIsRestoredWithWhatItCannotPromise() throws {
    let world = try BackupWorld()
    try world.fill()
    // As a walk that races with a completion packs it: the item is there as work and as completed.
    try world.write("work_i1.json", #"{"id": "i1"}"#)
    let plain = world.root + "/plain.tgz"
    #expect(
      try BackupWorld.run(BackupWorld.tar, ["-czf", plain, "-C", world.root, "coordination"]).status == 0)
    let found = try Backup.verify(plain, scratch: world.root, files: posix)
    #expect(found.summary == nil && found.warnings.count == 2)
    let target = world.root + "/new"
    let report = try restore(plain, world, to: target)
    #expect(report.warnings.contains("item i1 is completed_i1.json and work_i1.json; the first counts"))
    #expect(report.warnings.contains { $0.hasPrefix("packed by another program") })
    #expect(try posix.status(target + "/work_i1.json") == nil)
    #expect(try posix.status(target + "/.dsl/quarantine/work_i1.json.doubled") != nil)
    let places = try world.places(at: target)
    #expect(places.count == 8 && places.allSatisfy { $0.value.count == 1 }, "\(places)")
    #expect(try Journal.openForReading(world.directory(at: target))?.decision("d-1") != nil)
  }

  @Test func aTornDatabaseOfAPlainTarIsBegunAnew() throws {
    let world = try BackupWorld()
    try world.fill()
    let copy = world.root + "/copy"
    try FileManager.default.copyItem(atPath: world.path, toPath: copy)
    for name in ["journal.sqlite", "queue.sqlite"] {
      for suffix in ["-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: "\(copy)/.dsl/\(name)\(suffix)")
      }
      var bytes = try posix.read("\(copy)/.dsl/\(name)", limit: 1 << 24)
      for position in bytes.indices where position > 100 { bytes[position] = 0xAA }
      try posix.write("\(copy)/.dsl/\(name)", bytes, exclusive: false)
    }
    let plain = world.root + "/plain.tgz"
    #expect(try BackupWorld.run(BackupWorld.tar, ["-czf", plain, "-C", copy, "."]).status == 0)
    let report = try restore(plain, world, to: world.root + "/new")
    #expect(report.warnings.count { $0.contains("torn or damaged") } == 2, "\(report.warnings)")
    #expect(try world.places(at: world.root + "/new").count == 8)
    #expect(try posix.status(world.root + "/new/.dsl/journal.sqlite.damaged") != nil)
  }

  /// Fails, and stops, at every operation of a restore over a directory: what is at the target is always whole.
  @Test func everyFailureLeavesTheOldTreeOrTheNew() throws {
    let template = try BackupWorld()
    try {
      let queue = try template.queue()
      _ = try queue.add((1...2).map { NewWorkItem(id: "i\($0)", fields: [:]) })
      try queue.complete(try queue.one())
      try queue.flush()
    }()
    let packed = try #require(try template.backup().path)
    try template.write("work_new.json", #"{"id": "new"}"#)
    func prepared() throws -> (BackupWorld, String, [String: Data]) {
      let world = try BackupWorld()
      try FileManager.default.removeItem(atPath: world.path)
      try FileManager.default.copyItem(atPath: template.path, toPath: world.path)
      let archive = world.path + packed.dropFirst(template.path.count)
      return (world, archive, try world.content(of: world.path).filter { !$0.key.hasPrefix(".dsl/") })
    }
    let counting = FaultyFileSystem(posix)
    let (sample, archive, _) = try prepared()
    _ = try restore(archive, sample, replace: true, counting)
    let total = counting.operations.count
    #expect(total > 80)
    for number in 1...total {
      for fault in [
        FaultyFileSystem.Fault.failing(operation: number, errno: EIO), .crashing(operation: number),
      ] {
        let (world, archive, old) = try prepared()
        let result = Result { try restore(archive, world, replace: true, FaultyFileSystem(posix, fault)) }
        let now = try world.content(of: world.path).filter { !$0.key.hasPrefix(".dsl/") }
        var new = old
        new["work_new.json"] = nil
        #expect(now == old || now == new, "\(fault): \(now.keys.sorted())")
        if case .success = result { #expect(now == new, "\(fault)") }
        if case .failing = fault, case .failure = result, now == old {
          #expect(
            try beside(world).allSatisfy { !$0.contains("restoring") && !$0.contains("replaced") }, "\(fault)"
          )
        }
        let state = try world.places(at: world.path)
        #expect(state.values.allSatisfy { $0.count == 1 }, "\(fault): \(state)")
      }
    }
  }
}
