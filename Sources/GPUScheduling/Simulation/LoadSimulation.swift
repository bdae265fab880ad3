/// Offers pods one by one, as the published experiments do: none departs, one that fits somewhere is placed, one that
/// fits nowhere is dropped.
package struct LoadSimulation: Sendable {
  private let trace: OpenbTrace
  private let fragmentation: Fragmentation
  private let power: PowerModel

  package init(_ trace: OpenbTrace) {
    self.trace = trace
    fragmentation = Fragmentation(TypicalPods(trace.pods.map(\.shape)), models: trace.models.count)
    power = PowerModel(models: trace.models)
  }

  /// Runs one order under one policy.
  ///
  /// - Parameter seed: of policies that draw lots.
  package func run(_ policy: PolicyName, _ order: ArrivalOrder, seed: UInt64) -> LoadCurve {
    let fleet = order.nodes.map { trace.nodes[$0] }
    let facts = PolicyName.Facts(
      past: trace.pods.map(\.shape), fleet: fleet, models: trace.models, seed: seed)
    return policy.with(facts) { policy in run(policy, fleet, order) }
  }

  package func run(_ policy: some PlacementPolicy, _ fleet: [NodeCapacity], _ order: ArrivalOrder)
    -> LoadCurve
  {
    var placer = Placer(FleetState(fleet), policy)
    var amounts = fleet.indices.map { fragmentation.amount(of: placer.state, on: $0) }
    var total = amounts.reduce(0, +)
    var nodeWatts = fleet.indices.map { power.watts(of: placer.state, on: $0) }
    var watts = nodeWatts.reduce(0, +)
    var curve = LoadCurve(capacityMilli: placer.state.totalGPUMilli)
    for pod in order.pods {
      let shape = trace.pods[pod].shape
      let place = placer.place(shape)
      if let node = place.map({ Int($0.node) }) {
        let amount = fragmentation.amount(of: placer.state, on: node)
        total += amount - amounts[node]
        amounts[node] = amount
        let after = power.watts(of: placer.state, on: node)
        watts += after - nodeWatts[node]
        nodeWatts[node] = after
      }
      curve.arrive(
        shape, placed: place != nil, usedMilli: placer.state.usedGPUMilli, fragmentedMilli: total,
        watts: watts)
    }
    return curve
  }
}
