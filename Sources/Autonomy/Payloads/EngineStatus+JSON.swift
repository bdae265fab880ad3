package import Coordination
package import DSLBase

extension EngineStatus {
  /// The payload of `dsl auto status`: the members of the original, filled in, and what it left out.
  ///
  /// - Parameter directory: the coordination directory, as it was named.
  package func json(directory: String) -> JSONValue {
    let metrics = observation.metrics
    func measured(_ name: MetricName) -> JSONValue {
      metrics[name].map { value in Int(exactly: value).map { .int($0) } ?? .double(value) } ?? .null
    }
    let state: JSONValue = .string(metrics.healthState.rawValue)
    return [
      "coordination_dir": .string(directory),
      "status": [
        "health_score": .optional(metrics.healthScore), "health_state": state,
        "active_agents": measured(.activeAgents), "work_queue_size": measured(.workQueueSize),
        "completion_rate": measured(.completionRate), "telemetry_volume": measured(.telemetryVolume),
        "uptime_seconds": .null, "last_updated": observation.at.json,
      ],
      "health_state": state,
      "leader": leader.json,
      "recent_decisions": .array(recentDecisions.map(\.summary)),
      "metrics": metrics.json, "evidence": .array(observation.evidence.map(\.json)),
      "agents": .array(observation.agents.map(\.json)), "blind": .optional(observation.blind),
      "problems": snapshot.problemsJSON, "problem_count": .int(snapshot.problemCount),
      "journal_head": .optional(journalHead), "control": control.json,
    ]
  }

  /// The payload of `dsl agent list`.
  package var agentsJSON: JSONValue {
    let agents = observation.agents
    return ["agents": .array(agents.map(\.json)), "count": .int(agents.count)]
  }
}

extension DirectorySnapshot {
  /// The files that could not be read, with the reason.
  package var problemsJSON: JSONValue {
    .array(problems.map { ["file": .string($0.file), "reason": .string($0.reason)] })
  }
}
