package import Tracing

// The attributes that spans of this program carry. A key knows the type of its values, so that
// `span.set(.healthScore, "high")` does not compile. Names and types of the engine's are those of
// `docs/autonomous-operations.md`; which span carries which is declared in `docs/semconv/spans.yaml`,
// and a test holds emitted spans to it.

extension SpanAttributeKey where T == Double {
  /// Completed share of all work, 0…1.
  package static var completionRate: Self { "completion_rate" }
  /// The health score, 0…1.
  package static var healthScore: Self { "health_score" }
  /// Confidence in a decision, 0…1.
  package static var confidence: Self { "confidence" }
}

extension SpanAttributeKey where T == Int {
  /// Agents that are up and fresh.
  package static var activeAgents: Self { "active_agents" }
  /// Work items not finished.
  package static var workQueueSize: Self { "work_queue_size" }
  /// Decisions made in this cycle.
  package static var decisionCount: Self { "decision_count" }
  /// Priority of the first decision, 0…10.
  package static var highestPriority: Self { "highest_priority" }
  /// Milliseconds from the beginning of the cycle to its end.
  package static var cycleDurationMs: Self { "cycle_duration_ms" }
  /// Decisions carried out in this cycle.
  package static var decisionsExecuted: Self { "decisions_executed" }
  /// Decisions that failed in this cycle.
  package static var decisionsFailed: Self { "decisions_failed" }
  /// Agents before a scaling decision.
  package static var currentAgents: Self { "current_agents" }
  /// Agents that a scaling decision asks for.
  package static var targetAgents: Self { "target_agents" }
  /// Unfinished items before an improvement of the coordination.
  package static var queueSizeBefore: Self { "queue_size_before" }
  /// Unfinished items after it.
  package static var queueSizeAfter: Self { "queue_size_after" }
  /// The number of the attempt at a work item, from 1.
  package static var workAttempt: Self { "dsl.work.attempt" }
  /// The exit status of the command of a work item.
  package static var exitCode: Self { "process.exit.code" }
  /// Spans of this trace that were dropped because buffers were full; only on its root, only when there are
  /// some.
  package static var droppedSpans: Self { "dsl.telemetry.dropped_spans" }
}

extension SpanAttributeKey where T == Bool {
  /// Whether health was better at the end of the cycle.
  package static var systemImprovement: Self { "system_improvement" }
}

extension SpanAttributeKey where T == [String] {
  /// The types of the decisions, in the order of their rank.
  package static var decisionTypes: Self { "decision_types" }
}

extension SpanAttributeKey where T == String {
  /// The state that follows from the health score.
  package static var healthState: Self { "health_state" }
  /// The id of a decision.
  package static var decisionID: Self { "decision_id" }
  /// The type of a decision.
  package static var decisionType: Self { "decision_type" }
  /// What became of a decision: `executed`, `failed`, `nothing_to_do`, ….
  package static var executionResult: Self { "execution_result" }
  /// `up` or `down`.
  package static var scalingDirection: Self { "scaling_direction" }
  /// Why scaling was decided.
  package static var triggerReason: Self { "trigger_reason" }
  /// What was improved: `reclaim`, `spread`, `quarantine`, ….
  package static var improvementType: Self { "improvement_type" }
  /// The hash of the newest entry of the journal, 64 hexadecimal digits.
  package static var journalHead: Self { "dsl.journal.head" }
  /// What a thesis span says.
  package static var detail: Self { "detail" }
  /// The gate that refused a decision.
  package static var gate: Self { "gate" }
  /// Why it did, and by how much.
  package static var reason: Self { "reason" }
  /// The id of a work item.
  package static var workID: Self { "dsl.work.id" }
  /// What became of an attempt at a work item: `completed`, `retry`, `parked`, `lost`, `released`.
  package static var workOutcome: Self { "dsl.work.outcome" }
  /// The name of a program of the user's.
  package static var programName: Self { "dsl.program.name" }
  /// What it was asked as: `strategy`, `score`, `handler`.
  package static var programRole: Self { "dsl.program.role" }
  /// The id of an agent (GenAI semantic conventions, in development).
  package static var genAIAgentID: Self { "gen_ai.agent.id" }
  /// The kind of an error: a `DSLError` code or a type's name.
  package static var errorType: Self { "error.type" }
}
