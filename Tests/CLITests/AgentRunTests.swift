import Foundation
import Glibc
import Testing

/// `dsl agent run` as a process: what its command gets, how it stops, what becomes of failures.
@Suite(.serialized) final class AgentRunTests {
  private let shell: Shell

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  @Test func theCommandGetsTheItemAndSaysTheResult() throws {
    try shell.makeQueue()
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    let item =
      #"{"id":"x","n":9007199254740993,"traceparent":"00-\#(trace)-00f067aa0ba902b7-01","of":{"a":[1.50]}}"#
    #expect(try shell("dsl work add '\(item)'").status == 0)
    let command = #"""
      printf '{"work":"%s","agent":"%s","attempt":%s,"epoch":%s,"directory":"%s","trace":"%s","item":%s}' \
        "$DSL_WORK_ID" "$DSL_AGENT_ID" "$DSL_WORK_ATTEMPT" "$DSL_WORK_EPOCH" "$DSL_COORDINATION_DIR" \
        "$TRACEPARENT" "$(cat)"
      """#
    let outcome = try shell(
      "dsl --json agent run --id me --until-idle 0.1s --exec \"$COMMAND\"", ["COMMAND": command])
    #expect(outcome.status == 0, "\(outcome.err)")
    let report = try #require(try outcome.json()["data"] as? [String: Any])
    #expect(report["reason"] as? String == "idle")
    #expect(report["completed"] as? Int == 1)

    let record = try shell.record("completed_x")
    let result = try #require(record["result"] as? [String: Any])
    #expect(result["work"] as? String == "x")
    #expect(result["agent"] as? String == "me")
    #expect(result["attempt"] as? Int == 1)
    #expect(result["epoch"] as? Int == record["epoch"] as? Int)
    #expect((result["directory"] as? String)?.hasSuffix("coordination") == true)
    #expect((result["item"] as? [String: Any])?["n"] as? Int == 9_007_199_254_740_993)
    #expect(try shell("grep -c 1.50 coordination/completed_x.json").out > "0")
    // The item's own trace goes on, under a span of the agent's.
    let parts = (result["trace"] as? String ?? "").split(separator: "-")
    try #require(parts.count == 4)
    #expect(parts[1] == trace)
    #expect(parts[2] != "00f067aa0ba902b7")
    #expect(record["trace_id"] as? String == trace)
    #expect(record["work_id"] as? String == "x")
    #expect(try shell.record("agent_me")["status"] as? String == "stopped")
  }

  /// Starts an agent whose items take a while, and waits until it has two in hand.
  private func busyAgent(seconds: Double) throws -> Program {
    try shell.makeQueue(items: 6)
    let agent = try Program(
      shell,
      """
      exec dsl --json agent run --id me --concurrency 2 \
        --exec 'echo $DSL_WORK_ID >> started; sleep \(seconds); echo $DSL_WORK_ID >> ended'
      """)
    try #require(Moment.wait { shell.lines("started").count == 2 }, "\(agent.err)")
    return agent
  }

  private func report(_ agent: Program) throws -> [String: Any] {
    try #require(try agent.json()["data"] as? [String: Any])
  }

  @Test func theFirstSignalDrains() throws {
    let agent = try busyAgent(seconds: 3)
    agent.signal(SIGTERM)
    #expect(try agent.end() == 0)
    #expect(shell.lines("started").count == 2)
    #expect(shell.lines("ended").count == 2)
    let report = try report(agent)
    #expect(report["reason"] as? String == "drained")
    #expect(report["completed"] as? Int == 2)
    #expect(try shell.records("completed_").count == 2)
    #expect(try shell.records("work_").count == 4)
    #expect(try shell.record("agent_me")["status"] as? String == "stopped")
  }

  @Test func theSecondSignalStopsAtOnceAndGivesBack() throws {
    let agent = try busyAgent(seconds: 60)
    agent.signal(SIGTERM)
    #expect(!Moment.wait(0.3) { !agent.isRunning })
    let began = Moment.now
    agent.signal(SIGTERM)
    #expect(try agent.end() == 0)
    #expect(Moment.now - began < 50, "the commands take a minute")
    let report = try report(agent)
    #expect(report["reason"] as? String == "stopped")
    #expect(report["released"] as? Int == 2)
    #expect(shell.lines("ended").isEmpty)
    let items = try #require(
      (try shell("dsl --json work list").json()["data"] as? [String: Any])?["items"] as? [[String: Any]])
    #expect(items.count == 6)
    #expect(items.allSatisfy { $0["state"] as? String == "pending" && $0["attempts"] as? Int == 0 })
    #expect(try shell.record("agent_me")["status"] as? String == "stopped")
    #expect(shell.processes.isEmpty, "the commands are gone, too")
  }

  @Test func drainingByRecord() throws {
    let agent = try busyAgent(seconds: 3)
    #expect(try shell("dsl agent drain me").status == 0)
    #expect(try agent.end() == 0)
    #expect(try report(agent)["reason"] as? String == "drained")
    let started = shell.lines("started").count
    #expect(try shell.records("completed_").count == started)
    #expect(started < 6)
    #expect(try shell.record("agent_me")["status"] as? String == "stopped")
  }

  @Test func aDirectoryThatVanishesIsWaitedForAndItsItemNotLost() throws {
    try shell.makeQueue(items: 3)
    let agent = try Program(
      shell,
      """
      exec dsl agent run --id me --heartbeat 0.1s \
        --exec 'echo $DSL_WORK_ID >> "$HOME/started"; until test -e "$HOME/go"; do sleep 0.05; done; echo 7'
      """)
    try #require(Moment.wait { shell.lines("started").count == 1 }, "\(agent.err)")
    // Renamed, and an empty directory in its place, as a mount point before the mount.
    try shell("mv coordination away && mkdir coordination")
    try #require(Moment.wait { agent.err.contains("waits until it is back") }, "\(agent.err)")
    let sums = "cd away && find . -type f | sort | xargs sha256sum"
    let before = try shell(sums).out
    // The item's command ends meanwhile, and several signs of life are due.
    try shell("touch go")
    #expect(!Moment.wait(1) { !agent.isRunning }, "\(agent.err)")
    #expect(try shell(sums).out == before, "nothing is written where the directory is now")
    #expect(try shell("ls -A coordination").out.isEmpty, "nor into what is in its place")
    try shell("rmdir coordination && mv away coordination")
    try #require(
      try Moment.wait { try shell.records("completed_").count == 3 }, "\(agent.err)")
    #expect(agent.err.contains("is back"))
    #expect(shell.lines("started").compactMap(\.first).sorted() == ["i1", "i2", "i3"], "each once")
    let first = try #require(shell.lines("started").first?.first)
    #expect(try shell.record("completed_\(first)")["result"] as? Int == 7, "the end that came meanwhile")
    agent.signal(SIGTERM)
    #expect(try agent.end() == 0)
    #expect(try shell.record("agent_me")["status"] as? String == "stopped")
  }

  @Test func failuresAreTriedAgainWithBackOffAndThenParked() throws {
    try shell.makeQueue("work: {max_attempts: 3, retry_base: 0.3s}\n", items: 1)
    let outcome = try shell(
      """
      dsl --json agent run --id me --until-idle 3s --exec '
        read -r up _ < /proc/uptime; echo $DSL_WORK_ATTEMPT $up >> tries; echo no luck >&2; exit 3'
      """)
    #expect(outcome.status == 0, "\(outcome.err)")
    let tries = shell.lines("tries")
    #expect(tries.map(\.first) == ["1", "2", "3"])
    let times = tries.compactMap { $0.last.flatMap(Double.init) }
    try #require(times.count == 3)
    // The clock of /proc/uptime has steps of 10 ms.
    #expect(times[1] - times[0] >= 0.28)
    #expect(times[2] - times[1] >= 0.58)
    #expect(try shell.records("work_").isEmpty)
    let record = try shell.record("failed_i1")
    #expect(record["status"] as? String == "failed")
    #expect(record["work_id"] as? String == "i1")
    #expect(record["attempts"] as? Int == 3)
    #expect(record["error"] as? String == "exit status 3: no luck")
    let report = try #require(try outcome.json()["data"] as? [String: Any])
    #expect(report["retried"] as? Int == 2)
    #expect(report["parked"] as? Int == 1)
  }
}
