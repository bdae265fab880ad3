import ArgumentParser
import Autonomy
import DSLBase

/// `dsl agent list`: who works here, as the engine sees it.
struct AgentListCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List agents as the engine sees them.")
  static let reportName = "agent-list"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let engine = try context.engine(loaded.settings, .look)
    defer { engine.close() }
    let status = try engine.status()
    let (observation, agents) = (status.observation, status.observation.agents)
    var report = Report(Self.reportName, status.agentsJSON) { paint in table(agents, paint) }
    report.warnings = loaded.warnings + engine.warnings
    if let blind = observation.blind {
      report.errors = ["the state is unknown: \(blind)"]
      report.status = .unknownState
    }
    return report
  }

  private func table(_ agents: [AgentView], _ paint: Paint) -> String {
    var table = TextTable(header: [
      "id", "state", "claims", "slots", "pid", "heartbeat", "idle", "started by",
    ])
    table.rightAligned = [2, 3, 4, 5, 6]
    for agent in agents {
      let style: Paint.Style =
        switch agent.state {
        case .busy, .idle: .good
        case .starting, .draining: .warning
        case .stale: .bad
        case .stopped: .quiet
        }
      table.rows.append([
        Shown.safe(agent.id), paint(agent.state.rawValue, style),
        String(agent.claims), String(agent.concurrency), agent.pid.map { String($0) } ?? "-",
        Shown.age(agent.heartbeatAgeSeconds), Shown.age(agent.idleSeconds),
        agent.managed ? "engine" : "others",
      ])
    }
    return table.text(paint)
  }
}
