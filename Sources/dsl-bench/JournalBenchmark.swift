import Coordination
import DSLBase
import Glibc

/// `dsl-bench journal DIR CYCLES`: journals cycles as the loop does, idle ones and ones with a decision of two steps, and
/// checks the chain; prints microseconds a cycle, which disk and chain share. Give it a directory on a tmpfs.
enum JournalBenchmark {
  private static let observation: JSONValue = [
    "metrics": [
      "active_agents": 4, "work_queue_size": 12, "completed_count": 96, "telemetry_volume": 20,
      "health_score": 0.71,
    ], "evidence": .array((0..<4).map { ["source": .string("source \($0)"), "records": .int($0)] }),
    "agents": .array(
      (0..<8).map { ["id": .string("agent_\($0)"), "state": "busy", "heartbeat_age_s": .int($0)] }),
  ]

  static func run(path: String, cycles: Int) throws {
    let directory = CoordinationDirectory(path: path, files: PosixFileSystem())
    try directory.files.makeDirectory(directory.state)
    let journal = try Journal(directory: directory, access: .readWrite)
    let time = SystemTime()
    for (part, decides) in [("warm", true), ("idle", false), ("deciding", true)] {
      let start = time.monotonicSeconds
      for number in 0..<cycles { try turn(journal, "\(part)-\(number)", decides, time) }
      let seconds = time.monotonicSeconds - start
      puts("part=\(part) cycles=\(cycles) us_per_cycle=\(seconds * 1e6 / Double(cycles))")
    }
    let start = time.monotonicSeconds
    guard let report = try journal.verifyChain(), report.faults.isEmpty else {
      throw DSLError(.corrupt, "the chain does not hold")
    }
    puts("part=verify entries=\(report.entries) seconds=\(time.monotonicSeconds - start)")
  }

  private static func turn(_ journal: Journal, _ id: String, _ decides: Bool, _ time: SystemTime) throws {
    try journal.begin(
      CycleRecord(
        id: "c-\(id)", startedAt: time.now, backend: "files", engineVersion: DSLVersion.current,
        policyName: "default", policyHash: "0123456789abcdef", seed: 1, settings: ["policy": "default"],
        observation: observation, metrics: observation["metrics"] ?? .null,
        traceID: "4bf92f3577b34da6a3ce929d0e0e4736", dryRun: false, epoch: journal.epoch),
      policyText: "rules: []")
    if decides {
      let step: JSONValue = ["action": "start_agent", "target": "fleet"]
      try journal.intend(
        ["id": .string("d-\(id)"), "type": "scale_up"], id: "d-\(id)", cycle: "c-\(id)", type: "scale_up",
        target: "fleet", direction: "up", steps: [step, step], at: time.now)
      for number in 0..<2 {
        try journal.performed(decision: "d-\(id)", step: number, receipt: ["pid": 4], at: time.now)
      }
      try journal.finish(
        decision: "d-\(id)", outcome: .executed, message: "done", durationMs: 1.5, at: time.now)
    }
    try journal.finishCycle(
      id: "c-\(id)", executed: decides ? 1 : 0, failed: 0, skipped: 0, durationMs: 2, healthAfter: 0.7,
      notes: [])
  }
}
