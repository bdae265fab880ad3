import DSLBase
import Foundation
import Testing

@testable import Coordination

/// Restores over directories that somebody still has open, and on file systems that cannot exchange names.
@Suite struct RestoreOverEnginesTests {
  private let posix = PosixFileSystem()

  private func restore(
    _ archive: String, _ world: BackupWorld, _ options: Restore.Options = .init(replace: true),
    _ files: any FileSystem = PosixFileSystem()
  ) throws -> Restore.Report {
    try Restore.run(archive, to: world.path, options, files: files, time: world.time, seed: 5)
  }

  private func lead(_ journal: Journal, _ world: BackupWorld, _ number: Int32) throws -> Int64 {
    let election = DirectoryElection(
      world.directory(), journal,
      candidate: LeaseHolder(host: "h", pid: number, startTicks: 1, bootID: world.time.monotonicOrigin),
      time: world.time)
    let epoch = try election.acquireNow(durationSeconds: 15).epoch
    // As after a lease that lapsed: it believes to lead, and has no lock.
    election.dropLock()
    world.time.advance(seconds: 16)
    return epoch
  }

  @Test func termsAreAboveThoseOfBothTrees() throws {
    let world = try BackupWorld()
    let journal = try Journal(directory: world.directory(), access: .readWrite)
    #expect(try lead(journal, world, 1) == 1)
    let archive = try #require(try world.backup().path)
    for number in 2...5 { _ = try lead(journal, world, Int32(number)) }
    #expect(journal.epoch == 5)
    let report = try restore(archive, world)
    let aside = try #require(report.replaced)
    // Where it goes on, and whatever it looks at: its own journal, by another way, knows a later term.
    let old = try Journal(directory: world.directory(at: aside), access: .readWrite)
    old.lead(5)
    #expect(throws: DSLError.self) { try journal.requireLeadership() }
    let superseded = #expect(throws: DSLError.self) { try old.requireLeadership() }
    #expect(superseded?.code == .superseded)
    let new = try Journal(directory: world.directory(), access: .readWrite)
    #expect(try new.leader()?.epoch == 7 && new.leader()?.released != nil)
    new.lead(5)
    let refused = #expect(throws: DSLError.self) { try new.setState("x", 1) }
    #expect(refused?.code == .superseded)
    #expect(try lead(new, world, 9) == 8)
    // And taken back, they are above those too.
    _ = try Restore.undo(world.path, files: posix, time: world.time)
    let back = try Journal(directory: world.directory(), access: .readWrite)
    #expect(try lead(back, world, 10) > 9)
  }

  @Test func aCommitThatIsUnderWayIsNotOverrun() throws {
    let world = try BackupWorld()
    try world.decide("d-1")
    let archive = try #require(try world.backup().path)
    let commit = try #require(try posix.lock(world.directory().fenceLock, exclusive: false, wait: false))
    let refused = #expect(throws: DSLError.self) { try restore(archive, world) }
    #expect(refused?.code == .locked && refused?.message.contains("in the middle of a change") == true)
    commit.unlock()
    #expect(try restore(archive, world).replaced != nil)
  }

  @Test func agentsThatHoldNothingCountToo() throws {
    let world = try BackupWorld()
    let archive = try #require(try world.backup().path)
    for name in ["a", "b", "c", "d"] {
      try world.write("agent_\(name).json", #"{"id": "\#(name)", "status": "active"}"#)
    }
    try world.write("agent_torn.json", "{")
    var options = Restore.Options(replace: true)
    options.runs = { _ in true }
    let refused = #expect(throws: DSLError.self) { try restore(archive, world, options) }
    #expect(refused?.code == .locked && refused?.fix?.contains("--force") == true)
    #expect(
      refused?.message.hasSuffix("agents run in \(world.path): a, b, c and 1 more") == true,
      "\(refused as Any)")
    options.runs = { $0.id == "z" }
    #expect(try restore(archive, world, options).replaced != nil)
    options.runs = { _ in true }
    try world.write("agent_a.json", #"{"id": "a"}"#)
    let undo = #expect(throws: DSLError.self) {
      try Restore.undo(world.path, options, files: posix, time: world.time)
    }
    #expect(undo?.code == .locked)
  }

  @Test func aQueueThatCannotBeFencedIsTold() throws {
    let world = try BackupWorld()
    let archive = try #require(try world.backup().path)
    // What is in its log would be taken for its content.
    for suffix in ["-wal", "-shm"] { try? posix.remove(world.directory().queue + suffix) }
    try world.write(".dsl/queue.sqlite", String(repeating: "no database ", count: 1000))
    try world.write(".dsl/journal.sqlite", String(repeating: "no database ", count: 1000))
    let report = try restore(archive, world)
    #expect(
      report.warnings.contains { $0.contains("may go on working on it: its queue cannot be opened") },
      "\(report.warnings)")
    #expect(report.warnings.contains { $0.contains("is not superseded") }, "\(report.warnings)")
  }

  /// Two renames instead of one exchange: every failure leaves the old tree or the new one in place, and a death between the
  /// two, when nothing is there, leaves what the doctor's command puts in place.
  @Test func twoRenamesWhereNamesCannotBeExchanged() throws {
    let template = try BackupWorld()
    try {
      let queue = try template.queue()
      _ = try queue.add((1...2).map { NewWorkItem(id: "i\($0)", fields: [:]) })
      try queue.complete(try queue.one())
      try queue.flush()
    }()
    let packed = try #require(try template.backup().path)
    try template.write("work_new.json", #"{"id": "new"}"#)
    func prepared() throws -> (BackupWorld, String) {
      let world = try BackupWorld()
      try FileManager.default.removeItem(atPath: world.path)
      try FileManager.default.copyItem(atPath: template.path, toPath: world.path)
      return (world, world.path + packed.dropFirst(template.path.count))
    }
    func records(_ path: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".json") }.sorted()
    }
    let old = try records(template.path)
    let new = old.filter { $0 != "work_new.json" }
    let counting = FaultyFileSystem(WithoutExchange())
    let (sample, archive) = try prepared()
    let aside = try #require(try restore(archive, sample, .init(replace: true), counting).replaced)
    #expect(try records(sample.path) == new && records(aside) == old)
    let names = counting.operations
    let refused = try #require(names.firstIndex { $0.hasPrefix("renameat2 \(aside)") })
    let first = try #require(names[refused...].firstIndex { $0.hasPrefix("rename \(aside)") })
    var gone = 0
    for number in refused...(names.count + 1) {
      for fault in [
        FaultyFileSystem.Fault.failing(operation: number, errno: EIO), .crashing(operation: number),
      ] {
        let (world, archive) = try prepared()
        let result = Result {
          try restore(archive, world, .init(replace: true), FaultyFileSystem(WithoutExchange(), fault))
        }
        if try posix.status(world.path) == nil {
          gone += 1
          #expect(fault == .crashing(operation: number) && number == first + 3, "\(fault)")
          try mendAsTold(world)
          #expect(try records(world.path) == new)
          _ = try Restore.undo(world.path, files: posix, time: world.time)
        }
        let now = try records(world.path)
        #expect(now == old || now == new, "\(fault): \(now)")
        if case .success = result { #expect(now == new, "\(fault)") }
        #expect(try world.places(at: world.path).values.allSatisfy { $0.count == 1 }, "\(fault)")
      }
    }
    #expect(gone == 1, "there is such a moment, and it is looked at")
  }

  /// Runs the command that the doctor prints for a directory that is not there.
  private func mendAsTold(_ world: BackupWorld) throws {
    let examination = DoctorExamination(
      world.directory(), limits: RecordLimits(), time: world.time, seed: 1, assumedOffset: 0)
    let findings = Diagnosis.findings(try examination.facts(engineActs: nil))
    #expect(findings.first?.id == "half-restored", "\(findings)")
    let fix = try #require(findings.first?.fix)
    #expect(try BackupWorld.run("/bin/sh", ["-c", fix]).status == 0, "\(fix)")
  }
}
