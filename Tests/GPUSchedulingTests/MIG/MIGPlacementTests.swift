import DSLBase
import GPUScheduling
import Testing

@Suite struct MIGPlacementTests {
  static let geometry = MIGSweep.geometry(MIGGeometry.known[1])
  static let states = MIGStates(geometry)
  static let uniform = MIGValues(states, shares: [1, 1, 1, 1, 1, 1], steps: 4)

  /// Looked-up moves are those of the layouts, both ways.
  @Test func movesAreThoseOfLayouts() {
    for (number, layout) in Self.states.layouts.enumerated() {
      for (place, instance) in Self.states.instances.enumerated() {
        var (larger, smaller) = (layout, layout)
        let (canCreate, canDestroy) = (larger.create(instance), smaller.destroy(instance))
        let created = Self.states.creating(place, in: number).map { Self.states.layouts[$0] }
        let destroyed = Self.states.destroying(place, in: number).map { Self.states.layouts[$0] }
        #expect(created == (canCreate ? larger : nil) && destroyed == (canDestroy ? smaller : nil))
      }
      #expect(Self.states.held[number].map { Self.states.instances[$0] }.sorted() == layout.instances)
    }
  }

  private func profile(_ name: String) throws -> Int { try #require(Self.geometry.profile(named: name)) }

  /// Three small instances leave room for a third of a GPU, which starts 0, 1 and 5 do not (dra-driver issue 933).
  @Test func smallInstancesStrandNothing() throws {
    var fleet = MIGFleet(Self.states, gpus: 1, .values(Self.uniform))
    let small = try profile("1g.10gb")
    let large = try profile("3g.40gb")
    let spots = (0..<3).compactMap { _ in fleet.place(small) }
    #expect(spots.count == 3 && fleet.choice(large) != nil)
  }

  /// Where whole GPUs and halves that start at 0 are asked for, a small one joins others, in the upper half.
  @Test func aSmallInstanceKeepsWhatIsAskedFor() throws {
    var shares = Self.geometry.profiles.map { _ in 0.0 }
    for name in ["1g.10gb", "4g.40gb", "7g.80gb"] { shares[try profile(name)] = 1 }
    let values = MIGValues(Self.states, shares: shares, steps: 4)
    var fleet = MIGFleet(Self.states, gpus: 2, .values(values))
    let small = try profile("1g.10gb")
    let spots = (0..<2).compactMap { _ in fleet.place(small) }
    try #require(spots.count == 2 && Set(spots.map(\.gpu)).count == 1)
    #expect(spots.allSatisfy { Self.states.instances[$0.instance].start >= 4 })
    let half = try profile("4g.40gb")
    #expect(fleet.choice(half)?.gpu == spots[0].gpu, "the empty GPU stays whole")
  }

  @Test func firstAndBestFitAreWhatTheirNamesSay() throws {
    let (small, half) = (try profile("1g.10gb"), try profile("3g.40gb"))
    for (policy, expected) in [(MIGPolicy.firstFit, 0), (.bestFit, 1)] {
      var fleet = MIGFleet(Self.states, gpus: 2, policy)
      let fillers = [fleet.place(half), fleet.place(half), fleet.place(half)].compactMap { $0 }
      try #require(fillers.map(\.gpu) == [0, 0, 1])
      // GPU 0 is empty again, and GPU 1 half full.
      for filler in fillers.prefix(2) { fleet.release(filler) }
      let placed = fleet.place(small)
      let spot = try #require(placed)
      #expect(spot.gpu == expected)
      #expect(Self.states.instances[spot.instance].start == (expected == 0 ? 0 : 4))
    }
  }

  /// Whatever comes, goes and moves: what the fleet holds is what was placed and not released, one owner a spot.
  @Test(arguments: [UInt64(1), 2, 3]) func movesLoseNothing(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var fleet = MIGFleet(Self.states, gpus: 4, .values(Self.uniform))
    var live: [MIGSpot] = []
    var consolidations = 0
    for _ in 0..<400 {
      if Int.random(in: 0..<5, using: &random) < 2, let index = live.indices.randomElement(using: &random) {
        fleet.release(live.remove(at: index))
      } else {
        let wanted = Int.random(in: 0..<Self.geometry.profiles.count, using: &random)
        if let spot = fleet.place(wanted) {
          live.append(spot)
        } else {
          let before = fleet.layouts
          if let done = fleet.consolidate(wanted, most: 2) {
            consolidations += 1
            #expect((1...2).contains(done.moves.count))
            #expect(done.cost == done.moves.reduce(0) { $0 + slots($1.from) })
            for move in done.moves {
              #expect(profile(of: move.from) == profile(of: move.to) && move.from.gpu != move.to.gpu)
              live.remove(at: try #require(live.firstIndex(of: move.from)))
            }
            live += done.moves.map(\.to) + [done.placed]
            #expect(profile(of: done.placed) == wanted)
          } else {
            #expect(fleet.layouts == before)
          }
        }
      }
      for (gpu, layout) in fleet.layouts.enumerated() {
        #expect(Self.states.held[layout] == live.filter { $0.gpu == gpu }.map(\.instance).sorted())
      }
    }
    #expect(consolidations > 5)
  }

  private func profile(of spot: MIGSpot) -> Int { Self.states.instances[spot.instance].profile }
  private func slots(_ spot: MIGSpot) -> Int { Self.geometry.profiles[profile(of: spot)].memorySlots }
}
