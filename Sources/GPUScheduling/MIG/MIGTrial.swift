/// What a fleet accepts of a demand that comes and goes.
package struct MIGTrial: Sendable, Equatable {
  /// Requests after the fleet has filled up, and those of them that found room.
  package private(set) var offered = 0
  package private(set) var accepted = 0
  /// Memory slots in use, over time.
  package private(set) var used = 0.0
  /// Memory slots that would be in use with room for everything.
  package private(set) var wanted = 0.0
  /// What of it a fleet without any fragmentation could have in use at most: no policy, online or not, is above it.
  package private(set) var ceiling = 0.0
  /// Memory slots of running instances that were moved.
  package private(set) var movedSlots = 0
  /// Memory slots of accepted requests.
  package private(set) var acceptedSlots = 0

  /// Runs a demand through a fleet.
  ///
  /// - Parameters:
  ///   - moves: how many running instances may move to make room for a request that has none.
  ///   - warmUp: the share of requests that come before anything is counted.
  package init(_ fleet: MIGFleet, _ demand: MIGDemand, moves: Int = 0, warmUp: Double = 0.25) {
    var run = Run(fleet: fleet, spots: demand.requests.map { _ in nil })
    let first = Int(Double(demand.requests.count) * warmUp)
    let profiles = fleet.states.geometry.profiles
    let capacity = fleet.layouts.count * MIGGeometry.slots
    guard demand.requests.indices.contains(first), let end = demand.requests.last?.arrives else { return }
    let begin = demand.requests[first].arrives
    var (time, inUse, asked) = (0.0, 0, 0)
    for event in Self.events(demand, until: end) {
      let span = max(0, event.time - max(time, begin))
      used += span * Double(inUse)
      wanted += span * Double(asked)
      ceiling += span * Double(min(capacity, asked))
      time = event.time
      let slots = profiles[demand.requests[event.request].profile].memorySlots
      asked += event.isEnd ? -slots : slots
      if event.isEnd {
        if run.end(event.request) { inUse -= slots }
        continue
      }
      let moved = run.begin(event.request, demand.requests[event.request].profile, moves: moves)
      if moved != nil { inUse += slots }
      guard event.request >= first else { continue }
      offered += 1
      guard let moved else { continue }
      accepted += 1
      acceptedSlots += slots
      movedSlots += moved
    }
  }

  private struct Event {
    var time: Double
    var request: Int
    var isEnd: Bool
  }

  private static func events(_ demand: MIGDemand, until end: Double) -> [Event] {
    let all = demand.requests.enumerated().flatMap { index, request in
      [
        Event(time: request.arrives, request: index, isEnd: false),
        Event(time: request.ends, request: index, isEnd: true),
      ]
    }
    return all.filter { $0.time <= end }.sorted { ($0.time, $0.request) < ($1.time, $1.request) }
  }

  /// The fleet, and which request lies where.
  private struct Run {
    var fleet: MIGFleet
    var spots: [MIGSpot?]
    var owners: [MIGSpot: Int] = [:]

    /// - Returns: the memory slots that moved; nil when there is no room.
    mutating func begin(_ request: Int, _ profile: Int, moves: Int) -> Int? {
      if let spot = fleet.place(profile) {
        settle(request, spot)
        return 0
      }
      guard moves > 0, let done = fleet.consolidate(profile, most: moves) else { return nil }
      let movers = done.moves.map { owners.removeValue(forKey: $0.from) }
      for (mover, move) in zip(movers, done.moves) {
        if let mover { settle(mover, move.to) }
      }
      settle(request, done.placed)
      return done.cost
    }

    /// - Returns: whether the request had found room.
    mutating func end(_ request: Int) -> Bool {
      guard let spot = spots[request] else { return false }
      fleet.release(spot)
      owners[spot] = nil
      spots[request] = nil
      return true
    }

    private mutating func settle(_ request: Int, _ spot: MIGSpot) {
      spots[request] = spot
      owners[spot] = request
    }
  }
}
