import Foundation
import Glibc
import Testing

/// Several engines on one directory, one of them stopped at the worst place: in the middle of an effect.
@Suite(.serialized) final class LeaderTests {
  private let shell: Shell

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  /// Each turn probes the agent; the first probe stops the engine that makes it.
  private func prepare(probe: String, _ settings: String = "") throws {
    try shell.makeQueue(
      """
      policy: probing.yaml
      gates: {min_confidence: 0, cooldown: {up: 0s, down: 0s, other: 1h}}
      leader: {lease: 1.5s, renew_deadline: 1s, retry: 0.2s}
      agents:
        health_timeout: 60s
        health_command: '\(probe)'
      \(settings)

      """)
    let policy = """
      name: probing
      description: Probe whoever is there.
      rules:
        - name: probe
          type: health_check
          priority: 5
          confidence: 1
          when: {active_agents: {gt: 0}}
          description: Probe
          rationale: always

      """
    try shell.write("coordination/probing.yaml", Data(policy.utf8))
    try #require(try shell("dsl agent register a && dsl agent heartbeat a").status == 0)
  }

  private static let stopsOnce = "[ -e stopped ] || { : > stopped; kill -STOP $PPID; }"

  private func leader() throws -> [String: Any] {
    let data = try shell("dsl --json auto status").json()["data"] as? [String: Any]
    return try #require(data?["leader"] as? [String: Any])
  }

  private func isStopped(_ program: Program) -> Bool {
    let stat = FileManager.default.contents(atPath: "/proc/\(program.pid)/stat") ?? Data()
    return String(decoding: stat, as: UTF8.self).contains(") T ")
  }

  private func outcomes(_ program: Program) -> [String] {
    program.objects.flatMap { $0["decisions"] as? [[String: Any]] ?? [] }.compactMap { decision in
      (decision["outcome"] as? String).map { $0 + ":" + (decision["gate"] as? String ?? "") }
    }
  }

  @Test func aLeaderStoppedInAnEffectIsFollowedAndItsEffectRefused() throws {
    try prepare(probe: Self.stopsOnce)
    let loop = "exec dsl auto loop --leader-election --interval 0.2 --format json"
    let first = try Program(shell, loop)
    try #require(Moment.wait { isStopped(first) }, "\(first.err)")
    #expect(try leader()["pid"] as? Int == Int(first.pid))

    let began = Moment.now
    let second = try Program(shell, loop)
    try #require(Moment.wait { outcomes(second).contains("executed:") }, "\(second.err)\(second.out)")
    print("LeaderTests: taken over and acted after \(Moment.now - began) s, the lease is 1.5 s")
    let leader = try leader()
    #expect(leader["state"] as? String == "leading" && leader["epoch"] as? Int == 2)
    #expect(leader["pid"] as? Int == Int(second.pid))
    #expect(try shell("dsl auto execute").status == 75, "nobody else acts now")
    let record = try shell.record("agent_a")
    #expect(record["last_probe"] != nil)

    first.signal(SIGCONT)
    try #require(Moment.wait { first.err.contains("standing by") }, "\(first.err)")
    #expect(outcomes(first) == ["refused:leader"], "\(first.out)")
    #expect(first.err.contains("no longer leading"))
    #expect(
      try shell.record("agent_a") as NSDictionary == record as NSDictionary, "nothing of it was written")
    let history = try shell.history()
    #expect(
      history.filter { $0["gate"] is NSNull }.compactMap { $0["outcome"] as? String }
        == ["executed", "undone_after_failure"], "\(history)")

    // And back: the second dies, the first leads again, as a later term.
    second.signal(SIGKILL)
    #expect(try second.end() == 128 + SIGKILL)
    #expect(try Moment.wait { try self.leader()["epoch"] as? Int == 3 }, "\(first.err)")
    first.signal(SIGTERM)
    #expect(try first.end() == 0)
    #expect(try self.leader()["state"] as? String == "none")
  }

  @Test func aSingleTurnWaitsForNobodyAndTakesOverWhatLapsed() throws {
    try prepare(probe: Self.stopsOnce)
    let first = try Program(shell, "exec dsl auto execute --format json")
    try #require(Moment.wait { isStopped(first) }, "\(first.err)")
    #expect(try Moment.wait { try self.leader()["state"] as? String == "expired" })
    #expect(try leader()["lock_held"] as? Bool == true)
    let second = try shell("dsl auto execute --format json")
    #expect(second.status == 0, "\(second.err)")
    #expect(try second.json()["decisions_generated"] as? Int == 1)
    first.signal(SIGCONT)
    #expect(try first.end() == 75)
    let decisions = try #require(try first.json()["decisions"] as? [[String: Any]])
    #expect(decisions.map { $0["gate"] as? String } == ["leader"])
    #expect(try shell("dsl auto execute").status == 0)
  }

  @Test func theEffectUnderWayIsFinishedBeforeTheEnd() throws {
    try prepare(probe: ": > begun; sleep 1")
    let loop = try Program(shell, "exec dsl auto loop --interval 60 --format json")
    try #require(Moment.wait { shell.exists("begun") }, "\(loop.err)")
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
    #expect(outcomes(loop) == ["executed:"])
    #expect(try shell.history().compactMap { $0["outcome"] as? String } == ["executed"])
  }

  @Test func anEffectThatDoesNotEndIsLeftToTheNextEngine() throws {
    try prepare(probe: "[ -e begun ] || { : > begun; exec sleep 30; }", "loop: {stop_timeout: 0.5s}")
    let loop = try Program(shell, "exec dsl auto loop --interval 60 --format json")
    try #require(Moment.wait { shell.exists("begun") }, "\(loop.err)")
    let began = Moment.now
    loop.signal(SIGTERM)
    #expect(try loop.end() == 124)
    #expect(Moment.now - began < 25, "the effect takes half a minute")
    #expect(try shell("dsl auto execute").status == 0)
    #expect(try shell.history().allSatisfy { $0["outcome"] is String })
  }
}

extension Shell {
  /// Whether something is at a path below the directory.
  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: directory.appendingPathComponent(path).path)
  }
}
