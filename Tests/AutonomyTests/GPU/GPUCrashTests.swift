import Autonomy
import Coordination
import DSLBase
import Glibc
import SweepFolders
import Testing

/// The power fails, and operations fail, at every point of growing, shrinking and mending a fleet of GPUs, of undoing that and of
/// recovering from an earlier crash: no GPU is had by two or by nobody, and the journal says what became of it.
///
/// With the GPUs of an agent that died while it drained kept until its record says that it has stopped, this fails.
@Suite struct GPUCrashTests {
  private static let limit = 48

  @Test func everyGPUIsAccountedForInEveryState() async throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    let total = try await withThrowingTaskGroup(of: CrashSweep.Counts.self) { group in
      for deed in GPUDeed.all { group.addTask { try await Self.sweep(deed, seed) } }
      return try await group.reduce(CrashSweep.Counts(), +)
    }
    print(
      "crash sweep of a fleet of GPUs: \(GPUDeed.all.count) scenarios, \(total.prefixes) prefixes,",
      "\(total.choices) choices, \(total.states) states, seed \(seed)")
    #expect(total.states > 200)
  }

  private static func sweep(_ deed: GPUDeed, _ seed: UInt64) async throws -> CrashSweep.Counts {
    let beginning = try await GPUCrashBeginning(deed)
    let folder = try SweepFolder()
    try beginning.image.write(to: folder.path, PosixFileSystem())
    let files = RecordingFileSystem(PosixFileSystem(), root: folder.path)
    try await deed.perform(try GPUCrashSite(folder.path, beginning.time(), files, seed: 2), files.tell)
    #expect(files.operations.contains { if case .tell = $0 { true } else { false } }, "\(deed)")
    return try await CrashSweep(beginning.image, files, limit: limit, seed: seed).forEach { point in
      let folder = try SweepFolder()
      try point.image.write(to: folder.path, PosixFileSystem())
      let what = "\(deed), seed \(seed), after \(point.prefix) operations"
      do {
        try await GPUAccount(beginning: beginning, told: point.told, path: folder.path, what: what).check()
      } catch {
        Issue.record("\(what): \(error)")
      }
    }
  }

  @Test func everyOperationThatFailsLeavesAllAccountedFor() async throws {
    let faults = try await withThrowingTaskGroup(of: Int.self) { group in
      for deed in GPUDeed.all { group.addTask { try await Self.loop(deed) } }
      return try await group.reduce(0, +)
    }
    print("fault loop of a fleet of GPUs: \(GPUDeed.all.count) scenarios, \(faults) faults")
    #expect(faults > 150)
  }

  /// Fails every operation that changes something, one in each run, in one way after the other.
  private static func loop(_ deed: GPUDeed) async throws -> Int {
    let beginning = try await GPUCrashBeginning(deed)
    let names = try await run(deed, beginning, .none).operations
    let changing: Set = [
      "create", "write", "fsync", "rename", "renameat2", "unlink", "mkdir", "commit", "flock",
    ]
    var faults = 0
    for (number, name) in names.enumerated() where changing.contains(String(name.prefix { $0 != " " })) {
      faults += 1
      let errno = [EIO, ENOSPC, EACCES][faults % 3]
      try await run(deed, beginning, .failing(operation: number + 1, errno: errno))
    }
    return faults
  }

  @discardableResult private static func run(
    _ deed: GPUDeed, _ beginning: GPUCrashBeginning, _ fault: FaultyFileSystem.Fault
  ) async throws -> FaultyFileSystem {
    let folder = try SweepFolder()
    try beginning.image.write(to: folder.path, PosixFileSystem())
    let files = FaultyFileSystem(PosixFileSystem(), fault)
    let what = "\(deed), \(fault)"
    var told: [String] = []
    do {
      let site = try GPUCrashSite(folder.path, beginning.time(), files, seed: 2)
      try await deed.perform(site) { told.append($0) }
    } catch let error as DSLError {
      #expect([.io, .corrupt, .conflict].contains(error.code), "\(what): \(error)")
    } catch let error as FileError {
      #expect(error.path.hasPrefix(folder.path), "\(what): \(error)")
    }
    do {
      try await GPUAccount(
        beginning: beginning, told: told, path: folder.path, what: what, rebooted: false
      ).check()
    } catch {
      Issue.record("\(what): \(error)")
    }
    return files
  }
}

/// What has to hold of a fleet after a crash of its engine, once the next one has cleared up.
private struct GPUAccount {
  let beginning: GPUCrashBeginning
  let told: [String]
  let path: String
  let what: String
  /// Whether the machine came up anew: agents' processes are gone then.
  var rebooted = true

  func check() async throws {
    let time = beginning.time(rebooted: rebooted)
    let site = try GPUCrashSite(path, time, PosixFileSystem(), seed: 99)
    _ = try await Recovery(site.executor).run()
    _ = try await Rollback(site.executor).resume()
    let image = try site.settled()
    #expect(try site.journal.unfinished().isEmpty, "\(what): every intent has an outcome")
    #expect(try site.journal.state("undo_in_progress") == nil, "\(what): no undo is left half done")
    NeighbourAccount(untouched: beginning.untouched, before: beginning.image, what: what).check(image)
    let taken = try await gpusByRecords(site, image)
    try await expectOutcome(site, image, taken)
    #expect(try await Recovery(site.executor).run().isEmpty, "\(what): nothing is left to recover")
    let again = try GPUCrashSite(path, time, PosixFileSystem(), seed: 100).settled()
    #expect(again.files == image.files, "\(what): opening again changes nothing")
    try await expectTheRestIsFree(site, taken)
    try await expectTheDeadAreReplaced(site, taken)
  }

  /// Who has which GPUs by the files, of those that the engine does not see as stopped: agent to GPUs.
  private func gpusByRecords(_ site: GPUCrashSite, _ image: DiskImage) async throws -> [String: [Int]] {
    var taken: [String: [Int]] = [:]
    let stopped = try await site.gpus.observe().agents.filter { $0.state == .stopped }.map(\.id)
    for (name, bytes) in image.files where name.hasPrefix("agent_") {
      let record = try JSONParser.parse(bytes)
      let agent = String(name.dropFirst(6).dropLast(5))
      if let placement = record["gpu_placement"] {
        guard !stopped.contains(agent) else { continue }
        taken[agent] = gpus(in: placement)
        #expect(taken[agent]?.count == 2, "\(what): \(agent) has \(gpus(in: placement))")
      } else {
        #expect(!agent.hasPrefix("a-"), "\(what): \(agent) was started without GPUs")
      }
    }
    let all = taken.values.flatMap { $0 }
    #expect(Set(all).count == all.count, "\(what): a GPU is had twice: \(taken)")
    return taken
  }

  /// The journal says what became of it, and whoever has GPUs has them by a decision that stands.
  private func expectOutcome(
    _ site: GPUCrashSite, _ image: DiskImage, _ taken: [String: [Int]]
  ) async throws {
    let entries = try site.journal.decisions(DecisionFilter(limit: 10))
    let entry = entries.first { $0.id == beginning.deed.decision.id }
    if told.contains("executed") { #expect(entry?.outcome == .executed, "\(what): \(entry?.message ?? "")") }
    if told.contains("undone") { #expect(entry?.isUndone == true, "\(what): \(entry?.message ?? "")") }
    var due: [String: JSONValue] = [:]
    for entry in entries {
      #expect(entry.outcome != nil, "\(what): \(entry.id) has no outcome")
      // An agent whose process is gone is not started for an undoing; that is said, and a turn later on finds it.
      let isLeft = entry.message.contains("stays")
      let isExpected = !isLeft || entry.message.contains("has stopped; the next cycle")
      #expect(isExpected, "\(what): \(entry.message)")
      guard entry.outcome == .executed, !entry.isUndone else { continue }
      for step in try entry.steps.map({ try EffectStep(json: $0.step) }) where step.action == "start_agent" {
        due[step.target] = step.parameters["gpu_placement"]
      }
    }
    let drained = try entries.filter { $0.outcome == .executed && !$0.isUndone }.flatMap {
      try $0.steps.map { try EffectStep(json: $0.step) }
    }.filter { $0.action == "drain_agent" }.map(\.target)
    for (agent, placement) in due {
      let record = try JSONParser.parse(image.files["agent_\(agent).json"] ?? [])
      #expect(record["gpu_placement"] == placement, "\(what): \(agent) has what the journal says")
      let isLeft = entries.contains { $0.message.contains("drain_agent \(agent) stays") }
      let isDraining = record["drain"]?.bool ?? false
      let isMeantTo = drained.contains(agent) || isLeft
      #expect(isDraining == isMeantTo, "\(what): \(agent) drains: \(isDraining)")
      // Who was to drain and whose process is gone needs its GPUs no more.
      #expect(taken[agent] != nil || isDraining, "\(what): \(agent) has lost its GPUs")
    }
    #expect(Set(taken.keys).isSubset(of: due.keys), "\(what): GPUs of \(taken.keys), due to \(due.keys)")
  }

  /// The next scale-up gets exactly the GPUs that nobody has.
  private func expectTheRestIsFree(_ site: GPUCrashSite, _ taken: [String: [Int]]) async throws {
    let standing = try site.gpus.standing()
    #expect(standing.problems.isEmpty, "\(what): \(standing.problems)")
    #expect(standing.holders.count == taken.count, "\(what): \(standing.holders)")
    var decision = BackendContract.decision(.scaleUp, ["target_agents": 100])
    decision.id = "d-next"
    let room = (4 - taken.values.reduce(0) { $0 + $1.count }) / 2
    switch try await site.gpus.plan(decision, site.gpus.observe()) {
    case .refused(let reason): #expect(room == 0, "\(what): \(reason)")
    case .nothing(let reason): Issue.record("\(what): \(reason)")
    case .steps(let steps):
      let given = steps.flatMap { gpus(in: $0.parameters["gpu_placement"]) }
      let had = taken.values.flatMap { $0 }
      #expect(steps.count == room && Set(given).isDisjoint(with: had), "\(what): \(given) beside \(taken)")
    }
  }

  private func gpus(in placement: JSONValue?) -> [Int] {
    (placement?["bindings"]?.array ?? []).flatMap { $0["gpus"]?.array?.compactMap(\.int) ?? [] }
  }

  /// Agents that the crash ended are found, and their GPUs go to others.
  private func expectTheDeadAreReplaced(_ site: GPUCrashSite, _ taken: [String: [Int]]) async throws {
    site.time.advance(seconds: 3600)
    var decision = BackendContract.decision(.restart)
    decision.id = "d-later"
    let report = try await site.executor.execute(decision, site.gpus.observe(), cycle: "c-later")
    guard case .executed = report.outcome else {
      Issue.record("\(what): \(report.outcome)")
      return
    }
    let after = try await gpusByRecords(site, try site.settled())
    #expect(Set(after.keys).isDisjoint(with: taken.keys), "\(what): \(taken.keys) are dead and have GPUs")
    #expect(try site.gpus.standing().problems.isEmpty, "\(what)")
  }
}
