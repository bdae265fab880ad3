import Coordination
import DSLBase
import Glibc
import SweepFolders
import Testing

/// The power fails, and operations fail, at every point of a backup, of restores and of an import.
///
/// It has found backups and imported spans in directories whose own names no `fsync` covered.
@Suite struct CrashTreeTests {
  private static let limit = 3

  @Test func everyTreeIsWholeInAnyState() async throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    let total = try await withThrowingTaskGroup(of: CrashSweep.Counts.self) { group in
      for scenario in TreeScenario.allCases {
        group.addTask { try await Self.sweep(scenario, seed) }
      }
      return try await group.reduce(CrashSweep.Counts(), +)
    }
    print(
      "crash sweep of backup, restore and import: \(TreeScenario.allCases.count) scenarios,",
      "\(total.prefixes) prefixes, \(total.choices) choices, \(total.states) states, seed \(seed)")
    #expect(total.states > 200)
  }

  private static func sweep(_ scenario: TreeScenario, _ seed: UInt64) async throws -> CrashSweep.Counts {
    let beginning = try TreeBeginning(scenario)
    let start = try folder(holding: beginning.image)
    let files = RecordingFileSystem(PosixFileSystem(), root: start.path)
    try scenario.perform(start.path, ManualTime(), files, files.tell)
    return await CrashSweep(beginning.image, files, limit: limit, seed: seed).forEach { point in
      let what = "\(scenario), seed \(seed), after \(point.prefix) operations"
      do {
        try TreeAccount(
          beginning: beginning, image: point.image, isDone: !point.told.isEmpty, what: what,
          again: point.prefix % 6 == 0
        ).check()
      } catch {
        Issue.record("\(what): \(error)")
      }
    }
  }

  @Test func everyOperationFailsOnce() async throws {
    let faults = try await withThrowingTaskGroup(of: Int.self) { group in
      for scenario in TreeScenario.allCases {
        for number in [EIO, ENOSPC, EACCES] { group.addTask { try Self.loop(scenario, number) } }
      }
      return try await group.reduce(0, +)
    }
    print(
      "fault loop of backup, restore and import: \(TreeScenario.allCases.count) scenarios, EIO, ENOSPC,",
      "EACCES, \(faults) faults")
    #expect(faults > 300)
  }

  private static func loop(_ scenario: TreeScenario, _ number: Int32) throws -> Int {
    let beginning = try TreeBeginning(scenario)
    let counting = FaultyFileSystem(PosixFileSystem())
    let place = try folder(holding: beginning.image)
    try scenario.perform(place.path, ManualTime(), counting) { _ in }
    var faults = 0
    for (position, operation) in counting.operations.enumerated()
    where CrashFaultTests.concerns(number, String(operation.prefix { $0 != " " })) {
      try run(beginning, .failing(operation: position + 1, errno: number), again: position % 8 == 0)
      faults += 1
    }
    return faults
  }

  private static func run(_ beginning: TreeBeginning, _ fault: FaultyFileSystem.Fault, again: Bool) throws {
    let scenario = beginning.scenario
    let place = try folder(holding: beginning.image)
    let what = "\(scenario), \(fault)"
    var isDone = false
    do {
      let files = FaultyFileSystem(PosixFileSystem(), fault)
      try scenario.perform(place.path, ManualTime(), files) { _ in isDone = true }
    } catch let error as DSLError {
      #expect(error.code == .io && error.fix != nil, "\(what): \(error)")
    }
    let image = try DiskImage(reading: place.path, PosixFileSystem())
    try TreeAccount(beginning: beginning, image: image, isDone: isDone, what: what, again: again).check()
  }
}
