import DSLBase
import GPUScheduling

/// Gives the agents that a plan starts their GPUs, and says which agents a scale-down drains. Pure: the same fleet, records
/// and plan give the same steps.
struct ReplicaPlanner {
  /// The parameter of a start that says where; also the member of the agent's record.
  static let placement = "gpu_placement"
  /// The parameter of a plan's last step that says for how many agents there was no place, and why.
  static let unplaced = "unplaced"

  private let pools: [ManifestSet.Pool]
  private var standing: GPUStanding
  private let now: Double
  /// Replicas by pool: all that hold GPUs, draining ones too.
  private var counts: [String: Int] = [:]

  init(_ fleet: GPUFleet, _ standing: GPUStanding, now: Timestamp) {
    pools = fleet.pools
    self.standing = standing
    self.now = now.seconds
    for holder in standing.holders { counts[holder.pool ?? "", default: 0] += 1 }
  }

  // MARK: Starting

  /// A plan with a place for each agent that it starts. Starts without a place are left out; a plan that then changes
  /// nothing, or would drain agents without starting those in their stead, is refused.
  mutating func placing(_ plan: EffectPlan) -> EffectPlan {
    guard case .steps(let steps) = plan else { return plan }
    var (kept, missing, reason): ([EffectStep], Int, String) = ([], 0, "")
    for var step in steps {
      if step.action == "retire_agent" { standing.release(step.target) }
      guard step.action == "start_agent" else {
        kept.append(step)
        continue
      }
      guard missing == 0 else {
        missing += 1
        continue
      }
      switch nextReplica() {
      case .success(let placement):
        step.parameters[Self.placement] = placement
        kept.append(step)
      case .failure(let refusal): (missing, reason) = (1, refusal.reason)
      }
    }
    guard missing > 0 else { return .steps(kept) }
    if kept.isEmpty || kept.contains(where: { $0.action == "drain_agent" }) {
      return .refused(reason: reason)
    }
    kept[kept.count - 1].parameters[Self.unplaced] = ["agents": .int(missing), "reason": .string(reason)]
    return .steps(kept)
  }

  private struct Refusal: Error { let reason: String }

  /// The next replica and its place. Pools below their minimum come first, then the highest priority, then the pool that is
  /// least full; a pool without a place leaves the turn to the next.
  private mutating func nextReplica() -> Result<JSONValue, Refusal> {
    let open = pools.enumerated().filter { counts[$0.element.name] ?? 0 < $0.element.maxReplicas }
    guard !open.isEmpty else {
      let full = pools.map { "\($0.name) has \(counts[$0.name] ?? 0) of at most \($0.maxReplicas) replicas" }
      return .failure(
        Refusal(reason: full.isEmpty ? "the manifests hold no agent pool" : full.joined(separator: ", ")))
    }
    func rank(_ entry: (offset: Int, element: ManifestSet.Pool)) -> (Int, Int, Double, Int) {
      let (pool, count) = (entry.element, counts[entry.element.name] ?? 0)
      return (
        count < pool.minReplicas ? 0 : 1, -pool.priority, Double(count) / Double(max(1, pool.maxReplicas)),
        entry.offset
      )
    }
    var reasons: [String] = []
    for (_, pool) in open.sorted(by: { rank($0) < rank($1) }) {
      let replica = replica(of: pool)
      if let placement = standing.take(replica) {
        counts[pool.name, default: 0] += 1
        return .success(placement)
      }
      reasons.append("\(replica.name) (\(replica.demand.gpu.text)): \(standing.scheduler.refusal(replica))")
    }
    return .failure(Refusal(reason: "no place for " + reasons.joined(separator: "; nor for ")))
  }

  /// The replica of the lowest number that does not run.
  private func replica(of pool: ManifestSet.Pool) -> Workload {
    var number = 0
    while standing.scheduler.state.members[pool.replica(number).name] != nil { number += 1 }
    var replica = pool.replica(number)
    replica.maxCostPerHour = pool.maxCostPerHour.map {
      max(0, $0 - standing.scheduler.hourlyCost(of: pool.name))
    }
    replica.startedAt = now
    return replica
  }

  // MARK: Draining

  /// The agents that go when so many are to go: idle ones alone, those without GPUs first, then of the pool with the lowest
  /// priority, then the longest idle; no pool falls below its minimum.
  func draining(_ count: Int, of agents: [AgentView]) -> EffectPlan {
    let pool = Dictionary(
      standing.holders.map { ($0.agent, $0.pool ?? "") }, uniquingKeysWith: { first, _ in first })
    let known = Dictionary(pools.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var left: [String: Int] = [:]
    for agent in agents where [.busy, .idle, .starting].contains(agent.state) {
      if let name = pool[agent.id] { left[name, default: 0] += 1 }
    }
    func rank(_ agent: AgentView) -> (Int, Int, Double, String) {
      guard let name = pool[agent.id] else { return (0, 0, -(agent.idleSeconds ?? -1), agent.id) }
      return (1, known[name]?.priority ?? 0, -(agent.idleSeconds ?? -1), agent.id)
    }
    var (steps, spared): ([EffectStep], [String]) = ([], [])
    let idle = agents.filter { $0.state == .idle }.sorted { rank($0) < rank($1) }
    for agent in idle where steps.count < count {
      if let name = pool[agent.id] {
        guard (left[name] ?? 0) > (known[name]?.minReplicas ?? 0) else {
          if !spared.contains(name) { spared.append(name) }
          continue
        }
        left[name, default: 0] -= 1
      }
      steps.append(EffectStep(action: "drain_agent", target: agent.id, before: ["draining": false]))
    }
    if !steps.isEmpty { return .steps(steps) }
    let minima = spared.map {
      "\($0) has no more than its minimum of \(known[$0]?.minReplicas ?? 0) replicas"
    }
    return .nothing(reason: minima.joined(separator: ", "))
  }
}

extension ManifestSet.Pool {
  fileprivate var priority: Int { pool.spec["scheduling"]?["priority"]?.int ?? 0 }
}
