import Autonomy
import Coordination
import DSLBase
import Foundation
import SweepFolders
import Testing

/// The power fails at every point of a whole turn of the loop: recovery, looking, verdicts, undoing, deciding, carrying out.
///
/// One state in `share` is looked at, by the seed; with `DSL_CRASH_FULL` every one, and more of them at each point.
@Suite struct CrashCycleTests {
  private static let isFull = ProcessInfo.processInfo.environment["DSL_CRASH_FULL"] != nil
  private static let limit = isFull ? 48 : 4
  private static let share = isFull ? 1 : 8

  @Test func everyTurnIsFinishedOrTakenBack() async throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    let total = try await withThrowingTaskGroup(of: CrashSweep.Counts.self) { group in
      for scenario in CycleScenario.allCases {
        group.addTask { try await Self.sweep(scenario, seed) }
      }
      return try await group.reduce(CrashSweep.Counts(), +)
    }
    print(
      "crash sweep of whole turns: \(CycleScenario.allCases.count) scenarios, \(total.prefixes) prefixes,",
      "\(total.choices) choices, \(total.states) states, seed \(seed)")
    #expect(total.states > 50)
  }

  private static func sweep(_ scenario: CycleScenario, _ seed: UInt64) async throws -> CrashSweep.Counts {
    let beginning = try await CycleBeginning(scenario)
    let folder = try SweepFolder()
    try beginning.image.write(to: folder.path, PosixFileSystem())
    let files = RecordingFileSystem(PosixFileSystem(), root: folder.path)
    try await scenario.perform(
      try EffectEngine(scenario.effect, folder.path, beginning.time(), files, seed: 2), files.tell)
    let told = files.operations.compactMap { if case .tell(let what) = $0 { what } else { nil } }
    #expect(told.last == "turn" && (told.count > 1 || scenario == .undoing), "\(scenario): \(told)")
    var (number, looked) = (Int(seed % UInt64(share)), 0)
    var counts = try await CrashSweep(beginning.image, files, limit: limit, seed: seed).forEach { point in
      number += 1
      guard number % share == 0 else { return }
      looked += 1
      let folder = try SweepFolder()
      try point.image.write(to: folder.path, PosixFileSystem())
      let what = "\(scenario), seed \(seed), after \(point.prefix) operations"
      do {
        try await CycleAccount(beginning: beginning, told: point.told, path: folder.path, what: what).check()
      } catch {
        Issue.record("\(what): \(error)")
      }
    }
    counts.states = looked
    return counts
  }
}

/// What has to hold of a directory after a crash in a turn, once the next engine has cleared up, and once it has gone on.
private struct CycleAccount {
  let beginning: CycleBeginning
  let told: [String]
  let path: String
  let what: String

  func check() async throws {
    let engine = try EffectEngine(
      beginning.scenario.effect, path, beginning.time(rebooted: true), PosixFileSystem(), seed: 99)
    _ = try await Recovery(engine.executor).run()
    _ = try await Rollback(engine.executor).resume()
    let image = try engine.settled(path)
    let neighbours = NeighbourAccount(untouched: beginning.untouched, before: beginning.image, what: what)
    neighbours.check(image)
    let entries = try engine.journal.decisions(DecisionFilter(limit: 100))
    try await expectOutcomes(engine, entries)
    try expectNothingUnintended(entries, image)
    #expect(try await Recovery(engine.executor).run().isEmpty, "\(what): nothing is left to recover")
    #expect(try engine.settled(path).files == image.files, "\(what): clearing up again changes nothing")
    // The next turn goes on from there.
    engine.time.advance(seconds: 1)
    let next = try await engine.turn("c-next")
    #expect(next.observation.blind == nil && next.failed.isEmpty, "\(what): \(next.failed)")
    neighbours.check(try engine.settled(path))
    try expectSoundness(engine.journal)
  }

  /// Every decision is done, undone or reported, and what was told is true.
  private func expectOutcomes(_ engine: EffectEngine, _ entries: [JournaledDecision]) async throws {
    for id in told where id != "turn" {
      #expect(entries.contains { $0.id == id && $0.outcome == .executed }, "\(what): \(id) was told")
    }
    if told.contains("turn") { #expect(try engine.journal.cycle("c-swept").result != nil, "\(what)") }
    for entry in entries {
      #expect(entry.outcome != nil, "\(what): \(entry.id) has no outcome")
      if entry.verdict?["verdict"] == "worse" { #expect(entry.isUndone, "\(what): \(entry.id) did harm") }
      guard entry.cycle == "c-swept" else { continue }
      for step in try entry.steps.map({ try EffectStep(json: $0.step) }) {
        let trace = try await engine.backend.inspect(step)
        let leavesTrace = ["probe_agent", "reclaim_item"].contains(step.action)
        // An undoing that is not possible is reported, and nothing else stays.
        let isReported = entry.message.contains("\(step.action) \(step.target) stays: the hung process of")
        let isRight =
          entry.outcome == .executed ? trace != .absent : trace == .absent || leavesTrace || isReported
        #expect(
          isRight, "\(what): \(entry.id) is \(entry.message), \(step.action) \(step.target) is \(trace)")
      }
    }
    #expect(try engine.journal.state(Journal.undoMark) == nil, "\(what): no undo is left half done")
  }

  /// Records that differ from before are those that a journaled decision is about.
  private func expectNothingUnintended(_ entries: [JournaledDecision], _ image: DiskImage) throws {
    let targets = try Set(entries.flatMap { try $0.steps.map { try EffectStep(json: $0.step).target } })
    for (name, bytes) in image.files where name.hasPrefix("agent_") && bytes != beginning.image.files[name] {
      #expect(targets.contains(String(name.dropFirst(6).dropLast(5))), "\(what): \(name) without an intent")
    }
  }

  private func expectSoundness(_ journal: Journal) throws {
    #expect(try journal.unfinished().isEmpty, "\(what)")
    #expect(try journal.check() == [], "\(what)")
    #expect(try journal.verifyChain()?.faults == [], "\(what)")
  }
}
