import Foundation
import Glibc
import Testing

/// Starting, stopping, undoing and only looking.
@Suite(.serialized) final class LoopControlTests {
  private let shell: Shell

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  private static let open = """
    gates: {max_decisions_per_cycle: 10, cooldown: {up: 0s, down: 0s, other: 0s}, budget: {count: 1000, window: 1s}}

    """

  @Test func theSecondLoopIsTurnedAway() throws {
    try shell.makeQueue(Self.open, items: 1)
    let loop = try Program(shell, "exec dsl auto loop --interval 60 --format json")
    try #require(Moment.wait { !loop.objects.isEmpty }, "\(loop.err)")
    for command in ["loop --max-cycles 1", "execute", "rollback --last 1"] {
      let second = try shell("dsl --json auto \(command)")
      #expect(second.status == 75, "\(command)")
      #expect(try second.json()["success"] as? Bool == false)
    }
    // Looking needs no lock.
    #expect(try shell("dsl auto status").status == 0)
    #expect(try shell("dsl auto execute --dry-run").status == 0)
    loop.signal(SIGKILL)
    #expect(try loop.end() == 128 + SIGKILL)
    #expect(try shell("dsl auto loop --max-cycles 1").status == 0, "the lock ends with its process")
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func aSignalEndsTheLoop(signal: Int32) throws {
    try shell.makeQueue(Self.open, items: 1)
    let loop = try Program(shell, "exec dsl auto loop --interval 60 --format json")
    try #require(Moment.wait { !loop.objects.isEmpty }, "\(loop.err)")
    loop.signal(signal)
    #expect(try loop.end() == 0)
    #expect(loop.objects.count == 1)
  }

  @Test func watchingReactsWithinASecond() throws {
    try shell.makeQueue(Self.open)
    let loop = try Program(shell, "exec dsl auto loop --watch --interval 600 --format json")
    try #require(Moment.wait { !loop.objects.isEmpty }, "\(loop.err)")
    var times: [Double] = []
    // On a machine that is busy with other tests one reaction may be late; none is when it is the loop's fault.
    while times.min() ?? 9 >= 1, times.count < 8 {
      try #require(!Moment.wait(0.7) { !loop.isRunning })
      let cycles = loop.objects.count
      let began = Moment.now
      try shell.write("coordination/work_w\(times.count).json", Data(#"{"id":"w\#(times.count)"}"#.utf8))
      try #require(Moment.wait { loop.objects.count > cycles }, "\(loop.err)")
      times.append(Moment.now - began)
      let metrics = try #require(loop.objects.last?["metrics"] as? [String: Any])
      #expect(metrics["work_queue_size"] as? Int == times.count)
    }
    #expect(times.min() ?? 9 < 1, "reactions took \(times) s")
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
  }

  @Test func lookingLeavesEveryByteAsItIs() throws {
    try shell.makeQueue(Self.open, items: 20)
    try #require(try shell("dsl auto execute").status == 0)
    try #require(try shell("dsl work claim --agent me > claim").status == 0)
    // Settled: whoever opened a database last has closed it, and the index knows all there is.
    try #require(try shell("dsl auto status").status == 0)
    let before = try tree()
    for command in [
      "auto execute --dry-run", "auto loop --max-cycles 2 --interval 0.1 --dry-run", "auto history",
      "auto history --cycles", "work list", "work show i1", "config show",
    ] {
      let outcome = try shell("dsl \(command)")
      #expect(outcome.status == 0, "\(command): \(outcome.err)")
      #expect(try tree() == before, "\(command)")
    }
    // These may bring the index and the spans up to date, below .dsl; records stay as they are.
    let records = before.filter { !$0.key.hasPrefix(".dsl/") }
    for command in ["auto status", "auto analyze", "agent list"] {
      #expect(try shell("dsl \(command)").status == 0)
      #expect(try tree().filter { !$0.key.hasPrefix(".dsl/") } == records, "\(command)")
    }
  }

  /// Content, permissions and time of change of everything in the coordination directory.
  private func tree() throws -> [String: String] {
    let listing = try shell(
      """
      cd coordination && find . ! -type d -printf '%P %m %i %T@ ' -exec sh -c 'sha256sum < "$1"' _ {} ';'
      """)
    try #require(listing.status == 0, "\(listing.err)")
    return listing.out.split(separator: "\n").reduce(into: [:]) { found, line in
      let parts = line.split(separator: " ", maxSplits: 1)
      // The shared memory of SQLite holds who reads at the moment, and is no state.
      if parts.count == 2, !parts[0].hasSuffix("-shm") { found[String(parts[0])] = String(parts[1]) }
    }
  }

  @Test func rollbackByIdByNumberAndByCycle() throws {
    try shell.makeQueue(Self.open, items: 30)
    func execute() throws -> (cycle: String, ids: [String]) {
      let cycle = try shell("dsl auto execute --format json").json()
      let results = try #require(cycle["execution_results"] as? [String: Any])
      let executed = try #require(results["executed"] as? [[String: Any]])
      try #require(!executed.isEmpty, "\(cycle)")
      return (
        try #require(cycle["cycle_id"] as? String), executed.compactMap { $0["decision_id"] as? String }
      )
    }
    func states() throws -> [String] {
      try shell.records("agent_").map { try shell.record($0)["status"] as? String ?? "" }
    }
    func undone() throws -> [String] {
      try shell.history().filter { $0["undone"] as? Bool == true }.compactMap { $0["id"] as? String }
    }
    // Without a command agents are asked for in their records; undoing withdraws that.
    let first = try execute()
    #expect(try states().contains("requested"))
    let one = try shell("dsl --json auto rollback \(first.ids[0])")
    #expect(one.status == 0, "\(one.out)")
    #expect(try undone() == [first.ids[0]])
    let repeated = try shell("dsl --json auto rollback \(first.ids[0])")
    #expect(repeated.status == 6, "nothing is undone twice: \(repeated.out)")
    #expect(try shell("dsl --json auto rollback d-ffffffffffffffff").status == 4)
    #expect(try shell("dsl auto rollback --cycle \(first.cycle)").status == (first.ids.count > 1 ? 0 : 4))
    #expect(try Set(undone()) == Set(first.ids))
    #expect(try !states().contains("requested"))

    let second = try execute()
    #expect(try shell("dsl auto rollback --last \(second.ids.count)").status == 0)
    #expect(try Set(undone()) == Set(first.ids + second.ids))
    let third = try execute()
    #expect(try shell("dsl auto rollback --cycle \(third.cycle)").status == 0)
    #expect(try Set(undone()) == Set(first.ids + second.ids + third.ids))
    #expect(try !states().contains("requested"))
    #expect(try shell.records("work_").count == 30)
  }

  @Test func rollbackLeavesAloneWhatHasMovedOn() throws {
    try shell.makeQueue(Self.open, items: 30)
    try #require(try shell("dsl auto execute").status == 0)
    let names = try shell.records("agent_")
    try #require(!names.isEmpty)
    // Somebody stopped them in the meantime.
    for name in names {
      try shell("sed -i 's/\"requested\"/\"stopped\"/' coordination/\(name).json")
    }
    let scaling = try #require(
      try shell.history().first { $0["type"] as? String == "scale_up" }?["id"] as? String)
    let outcome = try shell("dsl --json auto rollback \(scaling)")
    #expect(outcome.status == 5)
    let errors = try #require(try outcome.json()["errors"] as? [String])
    #expect(errors.contains { $0.contains("stopped already") })
  }
}
