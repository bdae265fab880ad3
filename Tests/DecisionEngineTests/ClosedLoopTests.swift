import DSLBase
import DecisionEngine
import Testing

/// The engine against a tiny fleet: agents start a step after they were asked for and finish an item every other step.
@Suite struct ClosedLoopTests {
  /// Starting takes a step; a busy agent finishes its item with probability one half a step.
  struct World {
    var fleet: Fleet
    var random: SplitMix64

    mutating func step(_ decisions: [Decision]) {
      fleet.idle += fleet.starting
      fleet.starting = 0
      for decision in decisions {
        guard let target = decision.parameters["target_agents"]?.int else { continue }
        if decision.type == .scaleUp { fleet.starting = target - fleet.idle - fleet.busy }
        if decision.type == .scaleDown { fleet.idle -= fleet.idle + fleet.busy - target }
      }
      let finished = (0..<fleet.busy).count { _ in Bool.random(using: &random) }
      fleet.busy -= finished
      fleet.idle += finished
      fleet.completed += finished
      fleet.telemetry += finished
      let claimed = min(fleet.idle, fleet.pending)
      fleet.pending -= claimed
      fleet.idle -= claimed
      fleet.busy += claimed
    }
  }

  /// Runs and returns the fleet and the health state at each step.
  private func run(
    _ fleet: Fleet, _ engine: DecisionEngine, steps: Int, seed: UInt64, arrivals: (Int) -> Int = { _ in 0 }
  ) -> [(fleet: Fleet, state: HealthState, set: DecisionSet)] {
    var world = World(fleet: fleet, random: SplitMix64(seed: seed))
    var trace: [(fleet: Fleet, state: HealthState, set: DecisionSet)] = []
    for step in 0..<steps {
      let observation = engine.assess(world.fleet.observation)
      let set = engine.decide(observation, cycle: "c\(step)")
      trace.append((world.fleet, observation.metrics.healthState, set))
      world.step(set.decisions)
      world.fleet.pending += arrivals(step)
    }
    return trace
  }

  @Test(arguments: DefaultPolicyPropertyTests.seeds)
  func aBacklogIsWorkedOffAndTheFleetShrinksAgain(seed: UInt64) throws {
    let engine = DecisionEngine(policy: try Policy.default)
    let trace = run(Fleet(pending: 200, telemetry: 0), engine, steps: 120, seed: seed)
    let sizes = trace.map { $0.fleet.idle + $0.fleet.busy + $0.fleet.starting }
    #expect(trace[0].state == .critical)
    #expect(sizes.max() == 10, "seed \(seed): \(sizes)")
    let first = HealthState.allCases.dropFirst().compactMap { state in trace.firstIndex { $0.state == state }
    }
    #expect(
      first.count == 4 && first == first.sorted(), "seed \(seed): each state in turn, first at \(first)")
    #expect(trace.last?.fleet.completed == 200)
    #expect(sizes.suffix(40).allSatisfy { $0 == 1 }, "seed \(seed): \(sizes)")
    #expect(
      trace.suffix(40).allSatisfy { $0.set.decisions.isEmpty && $0.set.silence?.hasSuffix("no work") == true }
    )
    let changes = zip(sizes, sizes.dropFirst()).map { $1 - $0 }.filter { $0 != 0 }
    let turns = zip(changes, changes.dropFirst()).count { ($0 < 0) != ($1 < 0) }
    #expect(turns == 1, "seed \(seed): up once, down once: \(sizes)")
  }

  @Test(arguments: DefaultPolicyPropertyTests.seeds)
  func steadyLoadDoesNotMakeTheFleetSwing(seed: UInt64) throws {
    let engine = DecisionEngine(policy: try Policy.default)
    let trace = run(Fleet(idle: 1), engine, steps: 300, seed: seed) { _ in 2 }
    let sizes = trace.map { $0.fleet.idle + $0.fleet.busy + $0.fleet.starting }
    #expect(sizes.allSatisfy { (1...10).contains($0) }, "seed \(seed): \(sizes)")
    let queue = trace.suffix(100).map { $0.fleet.pending }
    #expect(queue.allSatisfy { $0 < 60 }, "seed \(seed): the queue does not run away: \(queue)")
    #expect(trace.last?.fleet.completed ?? 0 > 500, "seed \(seed)")
  }

  @Test func theOriginalPolicyRunsAway() throws {
    let engine = DecisionEngine(policy: try Policy.dslmodel)
    var fleet = Fleet(idle: 2, telemetry: 4)
    for step in 0..<11 {
      let set = engine.decide(engine.assess(fleet.observation), cycle: "c\(step)")
      fleet.idle = try #require(set.decisions.first?.parameters["target_agents"]?.int)
    }
    #expect(fleet.idle == 13)
  }
}
