import Coordination
import DSLBase
import SweepFolders
import Testing

/// The power fails at every point of everything the queue does, with everything that POSIX lets a disk lose.
///
/// Tried by hand: without the `fsync` of the temps in `AtomicFile.commitAll`, with that after the rename, without that of the
/// directory, or with commits that need not outlive a power failure, this fails.
@Suite struct CrashSweepTests {
  private static let limit = 96

  @Test func nothingIsLostInAnyState() async throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    let total = try await withThrowingTaskGroup(of: CrashSweep.Counts.self) { group in
      for scenario in CrashScenario.allCases {
        group.addTask { try await Self.sweep(scenario, seed) }
      }
      return try await group.reduce(CrashSweep.Counts(), +)
    }
    print(
      "crash sweep of the queue: \(CrashScenario.allCases.count) scenarios, \(total.prefixes) prefixes,",
      "\(total.choices) choices, \(total.states) states, seed \(seed)")
    #expect(total.states > 300)
  }

  private static func sweep(_ scenario: CrashScenario, _ seed: UInt64) async throws -> CrashSweep.Counts {
    let beginning = try CrashBeginning(scenario)
    let folder = try SweepFolder()
    try beginning.image.write(to: folder.path, PosixFileSystem())
    let files = RecordingFileSystem(PosixFileSystem(), root: folder.path)
    let queue = try CrashBeginning.queue(folder.path, beginning.time, files: files, seed: 2)
    try scenario.perform(queue, beginning.claims, files.tell)
    let told = files.operations.filter { if case .tell = $0 { true } else { false } }
    #expect(!told.isEmpty || [.renew, .release, .reclaim, .refresh].contains(scenario), "\(scenario)")
    return try await CrashSweep(beginning.image, files, limit: limit, seed: seed).forEach { point in
      let folder = try SweepFolder()
      try point.image.write(to: folder.path, PosixFileSystem())
      let what =
        "\(scenario), seed \(seed), after \(point.prefix) operations: \(point.image.files.keys.sorted())"
      do {
        try CrashAccount(beginning: beginning, told: point.told, path: folder.path, what: what).check()
      } catch {
        Issue.record("\(what): \(error)")
      }
    }
  }
}
