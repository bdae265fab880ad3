import ClusterSim
import DSLBase
import DecisionEngine

/// Counts what a policy does in the states that are looked at.
struct ClusterCensus {
  /// States in which something holds, with the one that the fewest steps lead to.
  struct Tally {
    var count = 0
    var first: ClusterStart?

    mutating func add(_ start: @autoclosure () -> ClusterStart, step: Int) {
      count += 1
      if let first, first.actions.count <= step { return }
      first = start()
    }
  }

  /// By health state.
  private(set) var shares: [PolicyReport.Share]
  private(set) var looks = 0
  /// By rule.
  private(set) var matched: [Int]
  private(set) var chosen: [Int]
  /// How often a rule was kept back, and by which.
  private(set) var superseded: [(count: Int, by: String)?]
  /// States with neither a decision nor a reason, critical and degraded.
  private(set) var silent: [HealthState: Tally] = [:]
  /// Decisions that cannot be carried out, by rule.
  private(set) var unusable: [String: (tally: Tally, reason: String)] = [:]
  private let engine: DecisionEngine

  init(_ engine: DecisionEngine) {
    self.engine = engine
    let rules = engine.policy.ruleNames.count
    (matched, chosen) = (.init(repeating: 0, count: rules), .init(repeating: 0, count: rules))
    superseded = .init(repeating: nil, count: rules)
    shares = HealthState.allCases.map {
      PolicyReport.Share(health: $0, states: 0, undecided: 0, silent: 0)
    }
  }

  /// Takes in a turn.
  ///
  /// - Parameter start: what leads to the state.
  mutating func note(_ turn: ClusterMind.Turn, step: Int, _ start: @autoclosure () -> ClusterStart) {
    looks += 1
    let health = turn.observation.metrics.healthState
    for (rule, entry) in turn.set.considered.enumerated() where rule < matched.count {
      switch entry.outcome {
      case .matched:
        matched[rule] += 1
        chosen[rule] += 1
      case .superseded(let winner):
        matched[rule] += 1
        superseded[rule] = ((superseded[rule]?.count ?? 0) + 1, winner)
      case .unusable(let reason):
        matched[rule] += 1
        note(unusable: entry.rule, reason, step: step, start())
      case .failed: break
      }
    }
    if let problem = turn.problem, let rule = turn.verdicts.first(where: { $0.refusal == nil })?.decision.rule
    {
      note(unusable: rule, problem, step: step, start())
    }
    guard let place = shares.firstIndex(where: { $0.health == health }) else { return }
    shares[place].states += 1
    guard turn.set.decisions.isEmpty else { return }
    shares[place].undecided += 1
    guard health != .unknown, !engine.hasReason(turn.observation) else { return }
    shares[place].silent += 1
    if health == .critical || health == .degraded {
      silent[health, default: Tally()].add(start(), step: step)
    }
  }

  private mutating func note(
    unusable rule: String, _ reason: String, step: Int, _ start: @autoclosure () -> ClusterStart
  ) {
    var entry = unusable[rule] ?? (Tally(), reason)
    entry.tally.add(start(), step: step)
    unusable[rule] = entry
  }
}
