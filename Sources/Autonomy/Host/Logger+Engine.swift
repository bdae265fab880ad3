import Coordination
import DSLBase
import DecisionEngine
package import Logging

extension Logger {
  /// What a look found, at level debug; files that could not be read at level info, as reports name them anyway.
  package func describe(_ status: EngineStatus) {
    let metrics = status.observation.metrics
    debug(
      "observed",
      metadata: [
        "health": "\(metrics.healthScore.map { String($0) } ?? "unknown")",
        "state": "\(metrics.healthState.rawValue)",
        "agents": "\(metrics.activeAgents)", "queue": "\(metrics.workQueueSize)",
        "files_read": "\(status.snapshot.filesRead)", "index": "\(status.snapshot.usedIndex)",
      ])
    for problem in status.snapshot.problems {
      info("passed over", metadata: ["file": "\(problem.file)", "reason": "\(problem.reason)"])
    }
  }

  /// What a turn came to: its decisions at level info, the rules it weighed at level debug.
  package func describe(_ report: CycleReport) {
    for rule in report.considered {
      debug("considered", metadata: ["rule": "\(rule.rule)", "outcome": "\(rule.outcome)"])
    }
    for decision in report.decisions {
      info(
        "decision",
        metadata: [
          "id": "\(decision.decision.id)", "type": "\(decision.decision.type)", "outcome": "\(decision.word)",
          "ms": "\(decision.durationMs)",
        ])
    }
    info(
      "cycle",
      metadata: [
        "id": "\(report.id)", "state": "\(report.observation.metrics.healthState.rawValue)",
        "executed": "\(report.executed.count)", "failed": "\(report.failed.count)",
        "ms": "\(report.durationMs)",
      ])
  }
}
