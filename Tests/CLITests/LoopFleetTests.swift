import Foundation
import Glibc
import Testing

/// `dsl auto loop` with agents that are processes: started for a backlog, replaced when they die, drained when idle.
@Suite(.serialized) final class LoopFleetTests {
  private let shell: Shell

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  private func settings(_ exec: String) -> String {
    """
    limits: {min_agents: 1, max_agents: 3}
    gates:
      max_decisions_per_cycle: 10
      cooldown: {up: 0s, down: 0s, other: 0s}
      budget: {count: 100000, window: 1s}
    agents:
      command: exec dsl agent run --heartbeat 0.25s --lease 1s --exec '\(exec)'

    """
  }

  private func startLoop() throws -> Program {
    try Program(shell, "exec dsl auto loop --interval 0.3 --format json")
  }

  /// Decisions of a type that were carried out in any of the cycles printed so far.
  private func executed(_ type: String, _ cycles: [[String: Any]]) -> Int {
    cycles.flatMap { ($0["execution_results"] as? [String: Any])?["executed"] as? [[String: Any]] ?? [] }
      .count { $0["type"] as? String == type }
  }

  private func processes() throws -> [String: pid_t] {
    let data = try shell("dsl --json agent list").json()["data"] as? [String: Any]
    let agents = try #require(data?["agents"] as? [[String: Any]])
    return agents.reduce(into: [:]) { found, agent in
      guard let id = agent["id"] as? String, let pid = agent["pid"] as? Int,
        ["idle", "busy", "starting"].contains(agent["state"] as? String ?? "")
      else { return }
      found[id] = pid_t(pid)
    }
  }

  @Test func aBacklogIsWorkedOffByAgentsThatComeAndGo() throws {
    try shell.makeQueue(settings("sleep 0.05"), items: 60)
    let loop = try startLoop()
    try #require(
      try Moment.wait { try processes().count == 3 }, "three agents are up: \(loop.err)")
    // They are processes, in the record and in the kernel.
    for (id, pid) in try processes() {
      #expect(try shell.record("agent_\(id)")["pid"] as? Int == Int(pid))
      let command = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
      #expect(String(decoding: command, as: UTF8.self).contains("agent\0run"))
    }
    try #require(try Moment.wait { try shell.records("completed_").count == 60 })
    try #require(try Moment.wait { try processes().count == 1 }, "\(loop.err)")
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
    #expect(executed("scale_up", loop.objects) > 0)
    #expect(executed("scale_down", loop.objects) > 0)
    let largest = loop.objects.compactMap { ($0["metrics"] as? [String: Any])?["active_agents"] as? Int }
      .max()
    #expect(largest == 3, "the maximum is reached and never passed")
    // The one that is left outlives the engine; the others' records say that they stopped.
    let stopped = {
      try self.shell.records("agent_").filter { try self.shell.record($0)["status"] as? String == "stopped" }
        .count
    }
    #expect(try Moment.wait { try stopped() == shell.records("agent_").count - 1 })
    // The live record goes a moment after its outcome has come.
    #expect(try Moment.wait { try shell.records("work_").isEmpty })
  }

  @Test func aKilledAgentIsReplaced() throws {
    try shell.makeQueue(settings("sleep 0.2"), items: 40)
    let loop = try startLoop()
    try #require(try Moment.wait { try processes().count == 3 }, "\(loop.err)")
    let (id, pid) = try #require(try processes().min { $0.key < $1.key })
    kill(pid, SIGKILL)
    try #require(
      try Moment.wait {
        let now = try processes()
        return now[id] == nil && now.count == 3
      }, "there are three again: \(loop.err)")
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
    #expect(executed("restart", loop.objects) == 1)
    #expect(try shell.record("agent_\(id)")["status"] as? String == "stopped")
    // What it held passed on, once its lease had ended.
    try #require(try Moment.wait { try shell.records("completed_").count == 40 })
    // The live record goes a moment after its outcome has come.
    #expect(try Moment.wait { try shell.records("work_").isEmpty })
  }
}
