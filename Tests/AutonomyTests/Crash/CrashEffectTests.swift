import Coordination
import DSLBase
import Glibc
import SweepFolders
import Testing

/// The power fails at every point of every effect, of its undoing and of the recovery from an earlier crash.
///
/// Tried by hand: with the first step done before the intent is noted, with commits that need not outlive a power failure, or
/// without any of the `fsync`s in `AtomicFile.commitAll`, this fails.
@Suite struct CrashEffectTests {
  private static let limit = 48

  @Test func everyIntentEndsInEveryState() async throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    let total = try await withThrowingTaskGroup(of: CrashSweep.Counts.self) { group in
      for scenario in EffectScenario.all {
        group.addTask { try await Self.sweep(scenario, seed) }
      }
      return try await group.reduce(CrashSweep.Counts(), +)
    }
    print(
      "crash sweep of the engine: \(EffectScenario.all.count) scenarios, \(total.prefixes) prefixes,",
      "\(total.choices) choices, \(total.states) states, seed \(seed)")
    #expect(total.states > 500)
  }

  private static func sweep(_ scenario: EffectScenario, _ seed: UInt64) async throws -> CrashSweep.Counts {
    let beginning = try await EffectBeginning(scenario)
    let folder = try SweepFolder()
    try beginning.image.write(to: folder.path, PosixFileSystem())
    let files = RecordingFileSystem(PosixFileSystem(), root: folder.path)
    try await scenario.perform(
      try EffectEngine(scenario, folder.path, beginning.time, files, seed: 2), files.tell)
    #expect(files.operations.contains { if case .tell = $0 { true } else { false } }, "\(scenario)")
    return try await CrashSweep(beginning.image, files, limit: limit, seed: seed).forEach { point in
      let folder = try SweepFolder()
      try point.image.write(to: folder.path, PosixFileSystem())
      let what = "\(scenario), seed \(seed), after \(point.prefix) operations"
      do {
        try await EffectAccount(beginning: beginning, told: point.told, path: folder.path, what: what).check()
      } catch {
        Issue.record("\(what): \(error)")
      }
    }
  }

  @Test func everyOperationFailsInEveryWay() async throws {
    let faults = try await withThrowingTaskGroup(of: Int.self) { group in
      for scenario in EffectScenario.all {
        for number in [EIO, ENOSPC, EACCES] { group.addTask { try await Self.loop(scenario, number) } }
      }
      return try await group.reduce(0, +)
    }
    print("fault loop of the engine: \(EffectScenario.all.count) scenarios, \(faults) faults")
    #expect(faults > 1500)
  }

  /// Fails every operation that changes something, one in each run.
  private static func loop(_ scenario: EffectScenario, _ number: Int32) async throws -> Int {
    let beginning = try await EffectBeginning(scenario)
    let names = try await run(scenario, beginning, .none).operations
    let changing: Set = [
      "create", "write", "fsync", "rename", "renameat2", "unlink", "mkdir", "commit", "flock",
    ]
    var faults = 0
    for operation in 1...names.count
    where changing.contains(String(names[operation - 1].prefix { $0 != " " })) {
      try await run(scenario, beginning, .failing(operation: operation, errno: number))
      faults += 1
    }
    return faults
  }

  @discardableResult private static func run(
    _ scenario: EffectScenario, _ beginning: EffectBeginning, _ fault: FaultyFileSystem.Fault
  ) async throws -> FaultyFileSystem {
    let folder = try SweepFolder()
    try beginning.image.write(to: folder.path, PosixFileSystem())
    let files = FaultyFileSystem(PosixFileSystem(), fault)
    let what = "\(scenario), \(fault)"
    var told: [String] = []
    do {
      let engine = try EffectEngine(scenario, folder.path, beginning.time, files, seed: 2)
      try await scenario.perform(engine) { told.append($0) }
    } catch let error as DSLError {
      #expect(error.code == .io && error.fix != nil, "\(what): \(error)")
    } catch let error as FileError {
      #expect(error.path.hasPrefix(folder.path), "\(what): \(error)")
    }
    do {
      try await EffectAccount(
        beginning: beginning, told: told, path: folder.path, what: what, rebooted: false
      ).check()
    } catch {
      Issue.record("\(what): \(error)")
    }
    return files
  }
}
