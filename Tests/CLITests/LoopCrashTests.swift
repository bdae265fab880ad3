import Foundation
import Glibc
import Testing

/// The engine is killed in the middle of cycles: whatever it had begun is finished or undone by the next one.
@Suite(.serialized) final class LoopCrashTests {
  private let shell: Shell

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  private static let settings = """
    limits: {min_agents: 0, max_agents: 4}
    gates: {max_decisions_per_cycle: 10, cooldown: {up: 0s, down: 0s, other: 0s}, budget: {count: 100000, window: 1s}}
    agents:
      start_timeout: 1s
      command: 'echo "$DSL_AGENT_ID" $$ >> starts; exec dsl agent run --heartbeat 0.25s --until-idle 5s --exec "sleep 0.02"'

    """

  /// With the seed that once had an agent started twice, and with a new one.
  @Test(arguments: [1_076_820_677, UInt64.random(in: 0..<1 << 32)])
  func noIntentStaysWithoutAnOutcome(seed: UInt64) throws {
    print("LoopCrashTests: seed \(seed)")
    var random = Seeded(state: seed)
    try shell.makeQueue(Self.settings, items: 30)
    var longest = 0.3
    var killed = 0
    for round in 0..<24 {
      let engine = try Program(shell, "exec dsl auto execute --format json")
      let delay = longest * Double(random.next() % 1000) / 1000
      if round > 0, !Moment.wait(delay, until: { !engine.isRunning }) {
        engine.signal(SIGKILL)
        killed += 1
      }
      let began = Moment.now
      let status = try engine.end()
      #expect([0, 128 + SIGKILL].contains(status), "seed \(seed), round \(round): \(engine.err)")
      if round == 0 { longest = max(0.1, Moment.now - began) }
      // Something to decide on in the next round: agents die, items come.
      if round % 3 == 1 {
        for pid in shell.lines("starts").suffix(2).compactMap({ $0.last.flatMap(pid_t.init) })
        where shell.processes.contains(pid) { kill(pid, SIGKILL) }
      }
      try shell.addItems((100 * (round + 1))...(100 * (round + 1) + 5))
    }
    #expect(killed > 0, "seed \(seed)")
    try expectOrder(seed)
  }

  /// What has to hold after one more cycle that nobody interrupts.
  private func expectOrder(_ seed: UInt64) throws {
    let unfinished = try shell.history().filter { $0["outcome"] is NSNull }.compactMap { $0["id"] as? String }
    let last = try Program(shell, "exec dsl auto execute --format json")
    #expect(try last.end() == 0)
    let warnings = try #require(try last.json()["warnings"] as? [String])
    for id in unfinished {
      #expect(warnings.contains { $0.contains(id) }, "seed \(seed): the recovery of \(id) is reported")
    }
    let history = try shell.history()
    #expect(!history.isEmpty)
    #expect(
      history.allSatisfy { $0["outcome"] is String }, "seed \(seed): every intent has an outcome: \(history)")
    // One start a step: ids derive from decisions, and no id was ever started twice.
    let starts = shell.lines("starts").compactMap(\.first)
    #expect(!starts.isEmpty)
    #expect(Set(starts).count == starts.count, "seed \(seed): an agent was started twice: \(starts)")
    // Every process that runs has a record which knows it, at the latest when it has come up.
    #expect(
      try Moment.wait {
        try shell.lines("starts").allSatisfy { line in
          guard let pid = pid_t(line[1]), shell.processes.contains(pid) else { return true }
          return try shell.record("agent_\(line[0])")["pid"] as? Int == Int(pid)
        }
      }, "seed \(seed)")
    let database = shell.directory.appendingPathComponent("coordination/.dsl/journal.sqlite").path
    if Shell.has("python3") {
      let check =
        "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])"
      #expect(try shell("python3 -c \"\(check)\" '\(database)'").out == "ok\n")
    }
  }

  /// The engine dies at a known place: when it syncs the journal for the n-th time, for every n there is.
  @Test(.enabled(if: Shell.has("strace"), "needs strace(1)"))
  func deathAtEverySync() throws {
    try shell.makeQueue(
      "gates: {max_decisions_per_cycle: 10, cooldown: {up: 0s, down: 0s, other: 0s}}\n", items: 20)
    var deaths = 0
    for number in 1...60 {
      let engine = try Program(
        shell,
        """
        exec strace -f -qq -o /dev/null -e trace=fsync,fdatasync -e inject=fsync,fdatasync:signal=KILL:when=\(number) \
          dsl auto execute --format json
        """)
      let status = try engine.end()
      let unfinished = try shell.history().filter { $0["outcome"] is NSNull }.compactMap {
        $0["id"] as? String
      }
      if status == 0 {
        // The count is each thread's own: so many syncs as this no thread makes.
        #expect(unfinished.isEmpty)
        break
      }
      deaths += 1
      let next = try shell("dsl auto execute --format json")
      #expect(next.status == 0, "after the death at sync \(number): \(next.err)")
      let warnings = try #require(try next.json()["warnings"] as? [String])
      #expect(unfinished.allSatisfy { id in warnings.contains { $0.contains(id) } }, "sync \(number)")
      #expect(try shell.history().allSatisfy { $0["outcome"] is String }, "sync \(number)")
      // The next death is to find as much to do as this one.
      try shell("rm -f coordination/agent_*.json")
    }
    #expect(deaths > 3)
    #expect(try shell.records("work_").count == 20)
  }
}

/// SplitMix64.
private struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
