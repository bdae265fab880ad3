@testable import Autonomy
import Coordination
import DSLBase
import FoundationEssentials
import Glibc
import Synchronization
import Telemetry
import Testing

/// Real files, a real queue, real commands; the agent runs in this process.
@Suite struct AgentRunnerTests {
  private func site() throws -> Site { try Site() }

  @Test func itemsAreDone() async throws {
    let site = try site()
    try site.add([["id": "a"], ["id": "b", "payload": 9_007_199_254_740_993]])
    let report = try await site.run("cat; test \"$DSL_WORK_ID$DSL_WORK_ATTEMPT\" != ''")
    #expect(report.reason == .idle)
    #expect(report.completed == 2)
    let done = try site.json("completed_b.json")
    #expect(done["result"]?["payload"] == 9_007_199_254_740_993)
    #expect(done["work_id"] == "b")
    #expect(done["agent_id"] == "agent")
    #expect(done["trace_id"]?.string?.utf8.count == 32)
    #expect(!site.exists("work_a.json"))
    let agent = try site.json("agent_agent.json")
    #expect(agent["status"] == "stopped")
    #expect(agent["pid"] == .int(getpid()))
    #expect(agent["last_active"]?.string != nil || agent["last_heartbeat"]?.string != nil)
  }

  @Test func theCommandKnowsItsItem() async throws {
    let site = try site()
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    try site.add([["id": "a", "traceparent": .string(trace)]])
    _ = try await site.run(
      #"printf '["%s","%s","%s","%s",%s,"%s"]' "$DSL_WORK_ID" "$DSL_AGENT_ID" "$DSL_COORDINATION_DIR" "$TRACEPARENT" "$DSL_WORK_EPOCH" "$COORDINATION_DIR""#
    )
    let result = try #require(try site.json("completed_a.json")["result"]?.array)
    #expect(result.prefix(3) == ["a", "agent", .string(site.path)])
    #expect(result.suffix(2) == [1, .string(site.path)])
    let span = try #require(site.spans().first { $0.name == "dsl.agent.work_item" })
    #expect(result[3] == .string("00-4bf92f3577b34da6a3ce929d0e0e4736-\(span.spanID)-01"))
    #expect(span.parentSpanID?.description == "00f067aa0ba902b7")
    #expect(span.kind == 5)
    #expect(span.attributes["dsl.work.outcome"] == "completed")
    #expect(span.attributes["process.exit.code"] == 0)
    #expect(span.attributes["gen_ai.agent.id"] == "agent")
    #expect(try site.json("completed_a.json")["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736")
  }

  @Test func urgentItemsComeFirst() async throws {
    let site = try site()
    try site.add([
      ["id": "low", "priority": 10], ["id": "high", "priority": 90], ["id": "mid", "priority": 50],
    ])
    _ = try await site.run("echo $DSL_WORK_ID >> \(site.path)/order.txt")
    #expect(try site.text("order.txt") == "high\nmid\nlow\n")
  }

  @Test func failuresAreTriedAgainAndThenParked() async throws {
    let site = try site()
    try site.add([["id": "a"], ["id": "b"]])
    let command =
      "if [ $DSL_WORK_ID = b ]; then echo fine; else echo \"try $DSL_WORK_ATTEMPT\" >&2; exit 4; fi"
    let report = try await site.run(command) {
      $0.retry = RetryPolicy(maxAttempts: 3, baseSeconds: 0.01, maxSeconds: 0.02)
      $0.untilIdleSeconds = 1
    }
    #expect((report.completed, report.retried, report.parked) == (1, 2, 1))
    let failed = try site.json("failed_a.json")
    #expect(failed["error"] == "exit status 4: try 3")
    #expect(failed["status"] == "failed")
    #expect(!site.exists("work_a.json"))
    let span = try #require(site.spans().first { $0.attributes["dsl.work.outcome"] == "parked" })
    #expect(span.status == 2)
    #expect(span.attributes["error.type"] == "exit_status")
    #expect(span.attributes["dsl.work.attempt"] == 3)
  }

  @Test func commandsThatTakeTooLongFail() async throws {
    let site = try site()
    try site.add([["id": "a", "max_attempts": 1]])
    let report = try await site.run("sleep 1000") {
      $0.timeoutSeconds = 0.1
      $0.graceSeconds = 0.1
    }
    #expect(report.parked == 1)
    #expect(try site.json("failed_a.json")["error"] == "took longer than 0.1 s")
  }

  @Test func outputIsKeptUpToTheLimit() async throws {
    let site = try site()
    try site.add([["id": "a"]])
    _ = try await site.run("head -c 100000 /dev/zero | tr '\\0' x") { $0.outputBytes = 5 }
    #expect(
      try site.json("completed_a.json")["result"] == ["text": "xxxxx", "truncated": true, "bytes": 100_000])
  }

  @Test func severalItemsRunAtOnce() async throws {
    let site = try site()
    try site.add((0..<4).map { ["id": .string("w\($0)")] })
    // Each waits until all four have begun.
    let report = try await site.run(
      "touch started_$DSL_WORK_ID; until [ $(ls started_* | wc -l) = 4 ]; do sleep 0.01; done",
      inDirectory: true
    ) { $0.concurrency = 4 }
    #expect(report.completed == 4)
  }

  @Test func aSignalDrains() async throws {
    let site = try site()
    try site.add([["id": "a"], ["id": "b"]])
    let signals = Signals()
    async let report = site.run(
      "touch begun; until [ -e go ]; do sleep 0.01; done", signals, inDirectory: true
    ) {
      $0.untilIdleSeconds = nil
    }
    try await site.wait { site.exists("begun") }
    signals.send()
    try await site.wait { (try? site.json("agent_agent.json")["status"]) == "draining" }
    try site.files.write(site.path + "/go", [], exclusive: true)
    #expect(try await report.reason == .drained)
    #expect(try await report.completed == 1)
    #expect(try site.json("agent_agent.json")["status"] == "stopped")
    // The other one was left to others.
    #expect(["a", "b"].filter { site.exists("work_\($0).json") }.count == 1)
  }

  @Test func theRecordDrains() async throws {
    let site = try site()
    let signals = Signals()
    async let report = site.run("true", signals) { $0.untilIdleSeconds = nil }
    try await site.wait { site.exists("agent_agent.json") }
    try AgentStore(site.directory).update("agent") { (_, record, _) throws(DSLError) in record.drain = true }
    #expect(try await report.reason == .drained)
  }

  @Test func aSecondSignalStopsAtOnce() async throws {
    let site = try site()
    try site.add([["id": "a"]])
    let signals = Signals()
    async let report = site.run("echo $$ > pid; sleep 1000", signals, inDirectory: true) {
      $0.untilIdleSeconds = nil
    }
    try await site.wait { (try? site.text("pid"))?.hasSuffix("\n") ?? false }
    let pid = try #require(Int32(try site.text("pid").dropLast()))
    signals.send()
    signals.send()
    #expect(try await report.reason == .stopped)
    #expect(try await report.released == 1)
    #expect(SystemProcesses.stat(of: pid) == nil)
    // The item is there for the next one at once, and its attempt did not count.
    let next = try await site.run("echo $DSL_WORK_ATTEMPT") { $0.id = "next" }
    #expect(next.completed == 1)
    #expect(try site.json("completed_a.json")["result"] == 1)
  }

  @Test func aLostItemIsKilledAndItsResultDropped() async throws {
    let site = try site()
    try site.add([["id": "a"]])
    let signals = Signals()
    async let report = site.run("touch begun; sleep 1000; echo late", signals, inDirectory: true) {
      $0.untilIdleSeconds = nil
      $0.heartbeatSeconds = 1
    }
    defer { signals.send() }
    try await site.wait { site.exists("begun") }
    // It takes nothing more: else it would have the item again if it noticed the loss before the other's claim.
    signals.send()
    _ = try site.queue.requeue("a")
    let other = try site.queue.claim(agent: "other", leaseSeconds: 100, count: 1)
    try #require(other.map(\.id) == ["a"])
    try await site.wait { site.spans().contains { $0.attributes["dsl.work.outcome"] == "lost" } }
    #expect(try await report.lost == 1)
    #expect(try await report.completed == 0)
    let outcomes = try site.queue.complete([Completion(claim: other[0].reference, result: "mine")])
    guard case .completed = outcomes[0] else { throw DSLError(.conflict, "the new holder was refused") }
  }

  @Test func concurrencyChangesWhileRunning() async throws {
    let site = try site()
    try site.add((0..<3).map { ["id": .string("w\($0)")] })
    let signals = Signals()
    async let report = site.run(
      "touch started_$DSL_WORK_ID; until [ $(ls started_* | wc -l) = 3 ]; do sleep 0.01; done", signals,
      inDirectory: true)
    try await site.wait { try site.names().contains { $0.hasPrefix("started_") } }
    try AgentStore(site.directory).update("agent") { (_, record, _) throws(DSLError) in record.concurrency = 3
    }
    #expect(try await report.completed == 3)
  }

  @Test func telemetryIsARing() async throws {
    let site = try site()
    try site.add([["id": "a"]])
    _ = try await site.run("sleep 0.02") {
      $0.telemetrySeconds = 0.05
      $0.telemetryKeep = 3
      $0.untilIdleSeconds = 4
    }
    let names = try site.names().filter { $0.hasPrefix("telemetry_") }
    #expect(names == ["telemetry_agent-0.json", "telemetry_agent-1.json", "telemetry_agent-2.json"])
    let record = try site.json(names[0])
    #expect(record["agent_id"] == "agent")
    #expect(record["timestamp"]?.string != nil)
    #expect(record["metrics"]?["items"]?.int != nil)
  }

  @Test func aRecordMadeForTheAgentIsTakenOver() async throws {
    let site = try site()
    var record = AgentRecord(id: "agent", status: .starting, created: Timestamp(seconds: 1_700_000_000))
    record.startedBy = "dsl"
    record.concurrency = 2
    #expect(try AgentStore(site.directory).create(record, [("note", "kept")]))
    _ = try await site.run("true")
    let left = try site.json("agent_agent.json")
    #expect(left["note"] == "kept")
    #expect(left["started_by"] == "dsl")
    #expect(left["concurrency"] == 2)
    #expect(left["created"] == "2023-11-14T22:13:20.000000Z")
    #expect(left["status"] == "stopped")
  }

  @Test func twoProcessesUnderOneIDAreRefused() async throws {
    let site = try site()
    let processes = SystemProcesses(bootID: SystemTime().monotonicOrigin)
    let other = try processes.start(
      ProcessRequest(command: "exec sleep 1000", environment: [], log: "/dev/null"))
    defer { processes.signal(other, SIGKILL) }
    var record = AgentRecord(id: "agent", status: .active)
    record.pid = other.pid
    record.processStart = Int(other.startTicks)
    record.bootID = other.bootID
    #expect(try AgentStore(site.directory).create(record))
    let error = await #expect(throws: DSLError.self) { try await site.run("true") }
    #expect(error?.code == .conflict)
    // One that has ended is succeeded.
    processes.signal(other, SIGKILL)
    try await site.wait { !processes.isRunning(other) }
    #expect(try await site.run("true").reason == .idle)
  }

  @Test func anAgentWhoseIDWasTakenOverStops() async throws {
    let site = try site()
    try site.add([["id": "a"]])
    let signals = Signals()
    async let report = site.run("touch begun; sleep 1000", signals, inDirectory: true) {
      $0.untilIdleSeconds = nil
    }
    try await site.wait { site.exists("begun") }
    try AgentStore(site.directory).update("agent") { (_, record, _) throws(DSLError) in
      record.processStart = 1
    }
    #expect(try await report.reason == .superseded)
    #expect(try await report.released == 1)
    #expect(try site.json("agent_agent.json")["status"] == "active")
  }

  @Test(arguments: ["", "a/b", ".hidden", String(repeating: "x", count: 201)])
  func anImpossibleIDIsRefused(id: String) async throws {
    let site = try site()
    let error = await #expect(throws: DSLError.self) { try await site.run("true") { $0.id = id } }
    #expect(error?.code == .invalidInput)
    #expect(try site.names().isEmpty)
  }
}
