package import Telemetry

/// The metrics that tell of a fleet and of the engine that tends it. Each is declared again, with the rest of the
/// vocabulary, in `docs/semconv/metrics.yaml`; a test holds the two together.
package enum EngineMetric {
  // MARK: The fleet, as it was observed

  package static let build = MetricDeclaration(
    "dsl.build.info", .gauge, unit: "1", "The version of the program that wrote these metrics; always 1.",
    labels: ["version"])
  package static let observed = MetricDeclaration(
    "dsl.auto.observation.timestamp", .gauge, unit: "s", "When the fleet was looked at, seconds since 1970.")
  package static let blind = MetricDeclaration(
    "dsl.auto.blind", .gauge, unit: "1", "Whether the engine cannot see the fleet: 1 or 0.")
  package static let healthScore = MetricDeclaration(
    "dsl.auto.health.score", .gauge, unit: "1", "The health score, 0 to 1; absent while the state is unknown."
  )
  package static let healthState = MetricDeclaration(
    "dsl.auto.health.state", .gauge, unit: "1",
    "The health state: 1 for the one that holds, 0 for the others.",
    labels: ["state"])
  package static let activeAgents = MetricDeclaration(
    "dsl.auto.active_agents", .gauge, unit: "{agent}", "Agents that are up and fresh.")
  package static let agents = MetricDeclaration(
    "dsl.auto.agents", .gauge, unit: "{agent}", "Agents by what they are doing.", labels: ["state"])
  package static let slots = MetricDeclaration(
    "dsl.auto.agent.slots", .gauge, unit: "{item}", "Items that the active agents can work on at once.")
  package static let queue = MetricDeclaration(
    "dsl.auto.work.queue_items", .gauge, unit: "{item}", "Work items that are not finished.")
  package static let work = MetricDeclaration(
    "dsl.auto.work.items", .gauge, unit: "{item}",
    "Work items by where they stand; expired are claims whose lease ran out, failed were given up.",
    labels: ["state"])
  package static let overdue = MetricDeclaration(
    "dsl.auto.work.overdue_items", .gauge, unit: "{item}", "Pending work items past their age limit.")
  package static let oldestPending = MetricDeclaration(
    "dsl.auto.work.oldest_pending", .gauge, unit: "s", "Age of the oldest pending work item.")
  package static let completion = MetricDeclaration(
    "dsl.auto.completion_ratio", .gauge, unit: "1", "Completed share of all work items, 0 to 1.")
  package static let throughput = MetricDeclaration(
    "dsl.auto.work.completion_rate", .gauge, unit: "{item}/s", "Work items completed a second, lately.")
  package static let errorRatio = MetricDeclaration(
    "dsl.auto.error_ratio", .gauge, unit: "1", "Share of failures in telemetry records, 0 to 1.")
  package static let response = MetricDeclaration(
    "dsl.auto.response_time", .gauge, unit: "s", "Mean response time in telemetry records.")
  package static let telemetryRecords = MetricDeclaration(
    "dsl.auto.telemetry_records", .gauge, unit: "{record}", "Telemetry records in the directory.")
  package static let evidenceAge = MetricDeclaration(
    "dsl.auto.evidence.age", .gauge, unit: "s", "Age of the newest record of a source.", labels: ["source"])
  package static let evidenceStatus = MetricDeclaration(
    "dsl.auto.evidence.status", .gauge, unit: "1",
    "How far a source can be relied on: 1 for the status that holds, 0 for the others.",
    labels: ["source", "status"])
  package static let unreadable = MetricDeclaration(
    "dsl.auto.evidence.unreadable_records", .gauge, unit: "{record}", "Records that cannot be read.",
    labels: ["source"])

  // MARK: The engine

  package static let leader = MetricDeclaration(
    "dsl.auto.leader", .gauge, unit: "1", "Whether an engine leads: 1 or 0.")
  package static let epoch = MetricDeclaration(
    "dsl.auto.leader.epoch", .gauge, unit: "1", "The number of the latest term of a leader.")
  package static let paused = MetricDeclaration(
    "dsl.auto.paused", .gauge, unit: "1", "Whether somebody paused the engine: 1 or 0.")
  package static let stopped = MetricDeclaration(
    "dsl.auto.kill_switch", .gauge, unit: "1", "Whether the kill switch is thrown: 1 or 0.")
  package static let approvals = MetricDeclaration(
    "dsl.auto.approvals", .gauge, unit: "{decision}",
    "Decisions that wait for approval, or to be carried out with one.",
    labels: ["status"])
  package static let lastCycle = MetricDeclaration(
    "dsl.auto.last_cycle.timestamp", .gauge, unit: "s",
    "When the latest journaled cycle began, seconds since 1970.")
  package static let cycles = MetricDeclaration(
    "dsl.auto.cycles", .counter, unit: "{cycle}", "Cycles that were journaled to their end.")
  package static let decisions = MetricDeclaration(
    "dsl.auto.decisions", .counter, unit: "{decision}", "Decisions by type and by what became of them.",
    labels: ["type", "outcome"])
  package static let cycleDuration = MetricDeclaration(
    "dsl.auto.cycle.duration", .histogram, unit: "s", "How long cycles took.")

  // MARK: The names of the mission document

  package static let documentScore = MetricDeclaration(
    "autonomous.health_score", .gauge, unit: "1", "As dsl_auto_health_score, under the documented name.")
  package static let documentAgents = MetricDeclaration(
    "autonomous.active_agents", .gauge, unit: "{agent}",
    "As dsl_auto_active_agents, under the documented name.")
  package static let documentQueue = MetricDeclaration(
    "autonomous.work_queue_size", .gauge, unit: "{item}",
    "As dsl_auto_work_queue_items, under the documented name.")
  package static let documentExecuted = MetricDeclaration(
    "autonomous.decisions_executed", .gauge, unit: "{decision}",
    "Decisions that were carried out, of the latest 10; dsl_auto_decisions_total counts all of them.")
  package static let documentFailures = MetricDeclaration(
    "autonomous.decisions_failed_rate", .gauge, unit: "1",
    "Share of failures in the decisions that were attempted, of the latest 10; absent when there was none.")

  /// All of them, in the order of a page.
  package static let all = [
    build, observed, blind, healthScore, healthState, activeAgents, agents, slots, queue, work, overdue,
    oldestPending, completion, throughput, errorRatio, response, telemetryRecords, evidenceAge,
    evidenceStatus,
    unreadable, leader, epoch, paused, stopped, approvals, lastCycle, cycles, decisions, cycleDuration,
    documentScore, documentAgents, documentQueue, documentExecuted, documentFailures,
  ]
}
