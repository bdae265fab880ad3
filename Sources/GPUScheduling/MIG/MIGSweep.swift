import DSLBase

/// Policies under rising load, on the same arrivals.
package struct MIGSweep: Sendable {
  /// One policy of the sweep.
  package struct Contender: Sendable {
    package var name: String
    package var policy: @Sendable (MIGValues) -> MIGPolicy
    /// Running instances that may move for a request.
    package var moves = 0
  }

  /// One mix at one load, over all seeds.
  package struct Row: Sendable {
    package var mix: String
    package var load: Double
    package var policy: String
    /// Of the requests, the share accepted.
    package var accepted = 0.0
    /// Of the memory asked for over time, the share given.
    package var memory = 0.0
    /// What no policy can exceed in `memory`.
    package var ceiling = 0.0
    /// Memory slots moved for each one accepted.
    package var moved = 0.0
    /// Against an exact packer on few GPUs, of all it gives.
    package var ofExact = 0.0
  }

  package static let contenders: [Contender] = [
    Contender(name: "first-fit", policy: { _ in .firstFit }),
    Contender(name: "best-fit", policy: { _ in .bestFit }),
    Contender(name: "default", policy: { .values($0) }),
    Contender(name: "default, moving", policy: { .values($0) }, moves: 2),
  ]

  /// A model's six plain profiles, without media engines.
  package static func geometry(_ model: MIGGeometry) -> MIGGeometry {
    model.limited(to: model.profiles.map(\.name).filter { !$0.hasSuffix("+me") })
  }

  package let states: MIGStates
  package let gpus: Int
  package let requests: Int
  package let seeds: [UInt64]

  package init(_ model: MIGGeometry, gpus: Int, requests: Int, seeds: [UInt64]) {
    states = MIGStates(Self.geometry(model))
    self.gpus = gpus
    self.requests = requests
    self.seeds = seeds
  }

  /// Every contender, load by load; first-fit comes first.
  package func rows(_ mix: (name: String, shares: [Double]), loads: [Double]) -> [[Row]] {
    let values = MIGValues(states, shares: mix.shares)
    return loads.map { load in
      let demands = seeds.map {
        MIGDemand(
          states.geometry, shares: mix.shares, load: load, gpus: gpus, requests: requests, seed: $0)
      }
      return Self.contenders.map { contender in
        let fleet = MIGFleet(states, gpus: gpus, contender.policy(values))
        let trials = demands.map { MIGTrial(fleet, $0, moves: contender.moves) }
        var row = Row(mix: mix.name, load: load, policy: contender.name)
        func share(_ part: (MIGTrial) -> Double, of whole: (MIGTrial) -> Double) -> Double {
          let total = trials.reduce(0) { $0 + whole($1) }
          return total > 0 ? trials.reduce(0) { $0 + part($1) } / total : 0
        }
        row.accepted = share({ Double($0.accepted) }, of: { Double($0.offered) })
        row.memory = share(\.used, of: \.wanted)
        row.ceiling = share(\.ceiling, of: \.wanted)
        row.moved = share({ Double($0.movedSlots) }, of: { Double($0.acceptedSlots) })
        row.ofExact = ofExact(contender, values, mix.shares, load)
        return row
      }
    }
  }

  /// Against the exact packer: three GPUs that start empty, and nothing ends.
  private func ofExact(
    _ contender: Contender, _ values: MIGValues, _ shares: [Double], _ load: Double
  ) -> Double {
    let (gpus, cases) = (3, 10)
    var (given, best) = (0, 0)
    for seed in seeds.flatMap({ seed in (0..<cases).map { seed &* 1000 &+ UInt64($0) } }) {
      let geometry = states.geometry
      let demand = MIGDemand(geometry, shares: shares, load: load, gpus: gpus, requests: 60, seed: seed)
      var (fleet, counts, asked) = (
        MIGFleet(states, gpus: gpus, contender.policy(values)), geometry.profiles.map { _ in 0 }, 0
      )
      for request in demand.requests {
        let slots = geometry.profiles[request.profile].memorySlots
        guard asked + slots <= Int(load * Double(gpus * MIGGeometry.slots)) else { break }
        asked += slots
        counts[request.profile] += 1
        let isPlaced =
          fleet.place(request.profile) != nil
          || (contender.moves > 0 && fleet.consolidate(request.profile, most: contender.moves) != nil)
        if isPlaced { given += slots }
      }
      best += geometry.exactPacking(counts, gpus: gpus)
    }
    return best > 0 ? Double(given) / Double(best) : 1
  }
}
