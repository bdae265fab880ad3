import DSLBase

/// Whether sources that know of the same thing say the same. Of several comparisons the worst counts.
///
/// | compared | value |
/// |---|---|
/// | claims in the queue's database, and claims of agents that have a record | the smaller by the larger |
/// | claims in the queue's database, and live items among the files | items / claims, where there are fewer items |
/// | agents silent by their heartbeat, and their processes | 1 − silent but running / (up + silent) |
///
/// The last one is what a clock that was set looks like: every heartbeat is old, and every process runs.
enum Agreement {
  private static let best = (value: 1.0, why: "the sources agree")

  static func term(_ observation: Observation, weight: Double) -> ConfidenceAssessment.Term {
    var worst = best
    for found in [holders(observation), items(observation), heartbeats(observation)] {
      if let found, found.value < worst.value { worst = found }
    }
    return ConfidenceAssessment.Term(name: "agreement", value: worst.value, weight: weight, why: worst.why)
  }

  private static func holders(_ observation: Observation) -> (value: Double, why: String)? {
    guard let claimed = observation.metrics[.claimedWork] else { return nil }
    // Numbers without a list of the agents behind them have nothing to be compared with.
    if observation.agents.isEmpty, observation.metrics[.activeAgents] ?? 1 > 0 { return nil }
    let known = Double(observation.agents.reduce(0) { $0 + $1.claims })
    guard known != claimed else { return nil }
    let (queue, records) = (NumberText.short(claimed), NumberText.short(known))
    return (
      min(known, claimed) / max(known, claimed),
      "the queue knows \(queue) claims, and agents with a record hold \(records)"
    )
  }

  private static func items(_ observation: Observation) -> (value: Double, why: String)? {
    let metrics = observation.metrics
    guard let live = metrics[.workQueueSize], let claimed = metrics[.claimedWork] else { return nil }
    let held = claimed + (metrics[.expiredClaims] ?? 0)
    guard held > live else { return nil }
    let (claims, files) = (NumberText.short(held), NumberText.short(live))
    return (live / held, "the queue knows \(claims) claims, and there are files of \(files) live items")
  }

  private static func heartbeats(_ observation: Observation) -> (value: Double, why: String)? {
    let torn = observation.agents.count { $0.state == .stale && $0.running == true }
    guard torn > 0 else { return nil }
    let all = observation.agents.count { [.busy, .idle, .stale].contains($0.state) }
    return (
      1 - Double(torn) / Double(all),
      "\(torn) of \(all) agents are silent although their processes run"
    )
  }
}
