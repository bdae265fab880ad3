/// What scores are made of.
package enum ScoreTerm: String, Sendable, Hashable, CaseIterable {
  /// Capacity in use stays together, on nodes and in racks, so that whole nodes and racks stay free.
  case availability
  /// How near the GPUs of the workload are to each other.
  case topology
  /// Whether the model's weights are there.
  case cache
  /// The price of an hour.
  case cost
  /// Which of the vector shards that it reads are there.
  case locality
  /// Watts that it adds.
  case power
  /// Grams of CO2 for each kWh there.
  case carbon
  /// The opposite of availability: load is spread.
  case spread
}

/// How a scheduler weighs what it could do.
package struct SchedulingProfile: Sendable, Hashable {
  /// By term; a term that is not named counts nothing.
  package var weights: [ScoreTerm: Double]
  /// What places pods alone that may go anywhere, instead of the weights.
  package var policy: PolicyName?
  package var isolation = TenantIsolation.mig
  /// Pods that may be moved to make room for one workload.
  package var mostMoves = 2
  /// What one victim costs beside its lost GPU-hours, in GPU-hours: so that many short ones are not taken for one long one.
  package var victimCost = 1.0
  /// Seconds after which a gang that has lost members is released.
  package var staleAfter = 300.0

  /// Scores so near to each other are equal: what is added up in another order may differ in the last digits.
  static let tie = 1e-12

  package init(weights: [ScoreTerm: Double] = documented) { self.weights = weights }

  /// The weights that the scheduler's guide names: GPU availability 30 %, topology 25, model cache 20, cost 15, data
  /// locality 10.
  package static let documented: [ScoreTerm: Double] = [
    .availability: 0.30, .topology: 0.25, .cache: 0.20, .cost: 0.15, .locality: 0.10,
  ]

  /// Weights as shares of 1, in a fixed order.
  package var shares: [(term: ScoreTerm, share: Double)] {
    let used = ScoreTerm.allCases.map { (term: $0, share: weights[$0] ?? 0) }.filter { $0.share > 0 }
    let total = used.reduce(0) { $0 + $1.share }
    return used.map { ($0.term, total > 0 ? $0.share / total : 0) }
  }
}
