package import Tracing

/// The name of a span that this program emits; what each carries is declared in
/// `docs/semconv/spans.yaml`.
package struct SpanName: Sendable, Hashable, RawRepresentable {
  /// The name.
  package let rawValue: String
  /// A name.
  package init(rawValue: String) { self.rawValue = rawValue }

  /// One look at the system: `completionRate`, `activeAgents`, `workQueueSize`, `healthScore`, `healthState`.
  package static let systemAnalysis = SpanName(rawValue: "swarmsh.autonomous.system_analysis")
  /// Deciding: `decisionCount`; with decisions also `highestPriority` and `decisionTypes`.
  package static let decisionGeneration = SpanName(rawValue: "swarmsh.autonomous.decision_generation")
  /// Carrying out one decision: `decisionID`, `decisionType`, `executionResult`, `confidence`.
  package static let decisionExecution = SpanName(rawValue: "swarmsh.autonomous.decision_execution")
  /// Changing the number of agents: `scalingDirection` (`up` or `down`), `currentAgents`, `targetAgents`,
  /// `triggerReason`.
  package static let scalingDecision = SpanName(rawValue: "swarmsh.autonomous.scaling_decision")
  /// Improving the coordination: `improvementType`, `queueSizeBefore`, `queueSizeAfter`.
  package static let coordinationImprovement = SpanName(
    rawValue: "swarmsh.autonomous.coordination_improvement")
  /// One whole cycle: `cycleDurationMs`, `decisionsExecuted`, `decisionsFailed`, `systemImprovement`.
  package static let cycleComplete = SpanName(rawValue: "swarmsh.autonomous.cycle_complete")
  /// What spans made the engine do: `detail`.
  package static let spanDrivesCode = SpanName(rawValue: "swarmsh.thesis.span_drives_code")
  /// What telemetry the engine rested on: `detail`.
  package static let telemetryAsSystem = SpanName(rawValue: "swarmsh.thesis.telemetry_as_system")
  /// One attempt at one work item by an agent, kind consumer: `genAIAgentID`, `workID`, `workAttempt`,
  /// `workOutcome`.
  package static let workItem = SpanName(rawValue: "dsl.agent.work_item")
  /// One question to a program of the user's: `programName`, `programRole`; an error has `errorType`.
  package static let programCall = SpanName(rawValue: "dsl.program.call")
}

extension SpanRecorder {
  /// Runs an operation within a span, ending it whatever happens and noting a thrown error.
  ///
  /// - Parameters:
  ///   - name: the span.
  ///   - parent: where in a trace to continue; by default where the task is, or else the recorder's own
  ///     parent.
  ///   - kind: its kind.
  ///   - operation: what the span covers; spans that it begins are children.
  /// - Throws: what the operation throws.
  package func withSpan<T>(
    _ name: SpanName, below parent: TraceContext? = nil, ofKind kind: SpanKind = .internal,
    _ operation: (RecordedSpan) throws -> T
  ) rethrows -> T {
    try withSpan(name.rawValue, context: .below(parent), ofKind: kind, operation)
  }

  /// Runs an asynchronous operation within a span, ending it whatever happens and noting a thrown error.
  ///
  /// - Throws: what the operation throws.
  package func withSpan<T>(
    _ name: SpanName, below parent: TraceContext? = nil, ofKind kind: SpanKind = .internal,
    isolation: isolated (any Actor)? = #isolation, _ operation: (RecordedSpan) async throws -> T
  ) async rethrows -> T {
    try await withSpan(name.rawValue, context: .below(parent), ofKind: kind, operation)
  }
}

extension SpanRecorder {
  /// Begins a span that is ended by hand, for what does not fit into one function.
  ///
  /// - Parameters:
  ///   - name: the span.
  ///   - parent: where in a trace to continue; `nil` begins a trace of its own, also in a process that was
  ///     started within one.
  ///   - kind: its kind.
  package func startSpan(
    _ name: SpanName, below parent: TraceContext?, ofKind kind: SpanKind = .internal
  ) -> RecordedSpan {
    var context = ServiceContext.topLevel
    context.traceContext = parent
    context[NewTraceKey.self] = parent == nil
    return startSpan(name.rawValue, context: context, ofKind: kind)
  }
}

extension ServiceContext {
  fileprivate static func below(_ parent: TraceContext?) -> ServiceContext {
    var context = ServiceContext.current ?? .topLevel
    if let parent { context.traceContext = parent }
    return context
  }
}

extension RecordedSpan {
  /// Notes that a gate refused a decision: the event `decision.refused`.
  ///
  /// - Parameters:
  ///   - gate: the gate.
  ///   - reason: why, and by how much.
  ///   - decisionID: the decision.
  ///   - decisionType: its type.
  package func refused(gate: String, reason: String, decisionID: String, decisionType: String) {
    event("decision.refused") { values in
      values.set(SpanAttributeKey<String>.gate.name, value: .string(gate))
      values.set(SpanAttributeKey<String>.reason.name, value: .string(reason))
      values.set(SpanAttributeKey<String>.decisionID.name, value: .string(decisionID))
      values.set(SpanAttributeKey<String>.decisionType.name, value: .string(decisionType))
    }
  }

  /// Links to the trace of the agent that an effect is about.
  package func link(to place: TraceContext, agent: String) {
    link(to: place) { $0.set(SpanAttributeKey<String>.genAIAgentID.name, value: .string(agent)) }
  }

  /// Links to the trace of the work item that an effect is about.
  package func link(to place: TraceContext, work: String) {
    link(to: place) { $0.set(SpanAttributeKey<String>.workID.name, value: .string(work)) }
  }
}
