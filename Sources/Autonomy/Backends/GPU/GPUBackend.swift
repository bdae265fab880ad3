import Coordination
package import DSLBase
import DecisionEngine
import GPUScheduling

/// The backend over a fleet of GPUs: agents are replicas of pools, and each has its GPUs before it starts.
///
/// Work, records and processes are those of `FilesBackend`, and so are most steps. What this one adds is the question where:
/// a plan that starts an agent names its GPUs, the agent's record keeps them, and they are free again when the record says
/// that the agent has stopped. Who has what is thus as durable as the records are, and recovery and rollback need nothing of
/// their own.
package struct GPUBackend: Backend {
  package let name = "gpu"
  package var supports: [DecisionType] { files.supports }
  package let files: FilesBackend
  private let source: GPUFleetSource

  package init(_ files: FilesBackend, _ source: GPUFleetSource) {
    self.files = files
    self.source = source
  }

  // MARK: Looking

  package func observe() async throws -> Observation { described(try files.observeFiles().observation) }

  /// What was seen of the directory, with what is known of the fleet.
  package func described(_ seen: Observation) -> Observation {
    var seen = seen
    seen.backend = name
    var evidence = SourceEvidence(source: "gpus", status: .fresh)
    do {
      let fleet = try source.fleet()
      evidence.records = fleet.cluster.gpuCount
      let problems = try GPUStanding(fleet, holders()).problems
      evidence.unreadable = problems.count
      evidence.notes = Array(problems.prefix(10))
      if !problems.isEmpty { evidence.status = .corrupt }
    } catch {
      let error = error as? DSLError ?? DSLError(.internalError, "\(error)")
      evidence.status = error.code == .notFound ? .missing : .corrupt
      evidence.notes = [error.message]
    }
    seen.evidence.append(evidence)
    return seen
  }

  /// The agents that have GPUs, by id.
  ///
  /// - Throws: `corrupt` when an agent's record cannot be read: what it has is unknown, which is not nothing.
  package func holders() throws -> [GPUHolder] {
    var ids: [String] = []
    try files.directory.files.walk(files.directory.path) { entry in
      if case .record(.agent) = RecordName(entry.name) { ids.append(RecordName.id(.agent, entry.name)) }
    }
    var holders: [GPUHolder] = []
    for id in ids.sorted() {
      let entry: AgentStore.Entry?
      do throws(DSLError) { entry = try files.agents.read(id) } catch {
        throw DSLError(
          .corrupt, "which GPUs agent \(id) has is unknown: \(error.message)",
          fix: "mend or remove its record: dsl doctor")
      }
      guard let entry, !hasStopped(entry.record), let placement = entry[ReplicaPlanner.placement] else {
        continue
      }
      holders.append(GPUHolder(agent: id, placement: placement))
    }
    return holders
  }

  /// Whether an agent needs its GPUs no more: its record says so, or it was to drain and its process is gone before it could.
  private func hasStopped(_ record: AgentRecord) -> Bool {
    record.status == .stopped || (record.isDraining && files.isRunning(record) == false)
  }

  /// What is free now.
  package func standing() throws -> GPUStanding { try GPUStanding(try source.fleet(), try holders()) }

  // MARK: Planning

  package func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    let plan = try await files.plan(decision, observation)
    guard decision.type == .scaleDown, case .steps(let steps) = plan else {
      return try placing(plan, observation)
    }
    return try planner(observation).draining(steps.count, of: observation.agents)
  }

  /// A plan with a place for each agent that it starts.
  package func placing(_ plan: EffectPlan, _ observation: Observation) throws -> EffectPlan {
    guard case .steps(let steps) = plan, steps.contains(where: { $0.action == "start_agent" }) else {
      return plan
    }
    var planner: ReplicaPlanner
    do { planner = try self.planner(observation) } catch let error as DSLError where error.code == .corrupt {
      return .refused(reason: error.message)
    }
    return planner.placing(plan)
  }

  private func planner(_ observation: Observation) throws -> ReplicaPlanner {
    let fleet = try source.fleet()
    return ReplicaPlanner(fleet, try GPUStanding(fleet, holders()), now: observation.at)
  }

  // MARK: Performing

  package func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    if step.action == "start_agent", try files.agents.read(step.target) == nil {
      guard let placement = step.parameters[ReplicaPlanner.placement] else {
        throw DSLError(
          .conflict, "agent \(step.target) has no GPUs chosen, and the backend gpu starts none without")
      }
      let holder = GPUHolder(agent: step.target, placement: placement)
      if let objection = try standing().objection(to: holder) { throw DSLError(.conflict, objection) }
    }
    return try await files.perform(step, for: decision)
  }

  package func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    if let reason = try lost(step) { return .refused(reason) }
    return try await files.revert(step, receipt: receipt)
  }

  package func withdraw(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    if let reason = try lost(step) { return .refused(reason) }
    return try await files.withdraw(step, receipt: receipt)
  }

  /// Why an agent that has stopped cannot come back: what it had is somebody else's; `nil` when it can, or has not stopped.
  private func lost(_ step: EffectStep) throws -> String? {
    guard ["drain_agent", "retire_agent"].contains(step.action),
      let entry = try files.agents.read(step.target), hasStopped(entry.record),
      let placement = entry[ReplicaPlanner.placement],
      let objection = try standing().objection(to: GPUHolder(agent: step.target, placement: placement))
    else { return nil }
    return "agent \(step.target) has stopped, and its GPUs are not free any more: \(objection)"
  }

  package func inspect(_ step: EffectStep) async throws -> StepTrace { try await files.inspect(step) }
  package func mark(of step: EffectStep) async -> String? { await files.mark(of: step) }
}
