/// Every way to lay wanted instances beside those that stay.
struct MIGSearch {
  private let geometry: MIGGeometry
  private let running: [(instance: MIGInstance, cost: Double)]
  private let idle: [MIGInstance]
  private let want: [Int]

  /// A way to do it.
  struct Outcome {
    var drained: [MIGInstance]
    var cost: Double
    /// For what is wanted, and after them the replacements.
    var laid: [MIGInstance]
    var wanted: Int
    var displaced: [MIGInstance]
    /// Idle instances that have to go.
    var destroyed: [MIGInstance]
    /// Idle instances that serve.
    var reused: [MIGInstance]
    var displacedSlots: Int

    /// What is less is better.
    var rank: [Double] {
      [
        cost, Double(displacedSlots), Double(drained.count),
        Double(destroyed.count + laid.count - reused.count),
      ]
        + laid.map { Double($0.start) }
    }
  }

  init(_ geometry: MIGGeometry, have: [MIGTenant], want: [Int]) {
    self.geometry = geometry
    running = have.compactMap { tenant in tenant.drainCost.map { (tenant.instance, $0) } }
    idle = have.filter { $0.drainCost == nil }.map(\.instance).sorted()
    self.want = want.sorted { geometry.profiles[$0].memorySlots > geometry.profiles[$1].memorySlots }
  }

  /// The best way; nil when not even an empty GPU holds what is wanted.
  func best() -> Outcome? {
    let sets = (0..<1 << running.count).map { set in
      (set: set, cost: running.indices.reduce(0) { set >> $1 & 1 == 1 ? $0 + running[$1].cost : $0 })
    }
    var best: Outcome?
    for (set, cost) in sets.sorted(by: { ($0.cost, $0.set) < ($1.cost, $1.set) }) {
      if let found = best, cost > found.cost { break }
      let drained = running.indices.filter { set >> $0 & 1 == 1 }.map { running[$0].instance }
      for back in 0..<1 << drained.count {
        let returning = drained.indices.filter { back >> $0 & 1 == 1 }.map { drained[$0] }
        let displaced = drained.indices.filter { back >> $0 & 1 == 0 }.map { drained[$0] }
        var base = Outcome(
          drained: drained, cost: cost, laid: [], wanted: want.count, displaced: displaced, destroyed: [],
          reused: [], displacedSlots: displaced.reduce(0) { $0 + geometry.profiles[$1.profile].memorySlots })
        var layout = MIGLayout(geometry)
        for tenant in running where !drained.contains(tenant.instance) { _ = layout.create(tenant.instance) }
        lay(want + returning.map(\.profile), on: layout, &base, &best)
      }
    }
    return best
  }

  /// Tries every start for what is left to lay.
  private func lay(_ profiles: [Int], on layout: MIGLayout, _ way: inout Outcome, _ best: inout Outcome?) {
    guard way.laid.count < profiles.count else {
      var done = way
      keep(on: layout, &done)
      if best.map({ done.rank.lexicographicallyPrecedes($0.rank) }) ?? true { best = done }
      return
    }
    let index = way.laid.count
    let profile = profiles[index]
    // Equal ones in ascending order only: swapping them changes nothing.
    let isAgain = index > 0 && index != way.wanted && profiles[index - 1] == profile
    let least = isAgain ? (way.laid.last?.start ?? -1) + 1 : 0
    for start in layout.starts(profile) where start >= least {
      var next = layout
      let instance = MIGInstance(profile: profile, start: start)
      guard next.create(instance) else { continue }
      way.laid.append(instance)
      lay(profiles, on: next, &way, &best)
      way.laid.removeLast()
    }
  }

  /// Keeps as many idle instances as there is still room for.
  private func keep(on layout: MIGLayout, _ way: inout Outcome) {
    way.reused = idle.filter { way.laid.contains($0) }
    let others = idle.filter { !way.laid.contains($0) }
    var kept = 0
    var bestSet = 0
    for set in 0..<1 << others.count where set.nonzeroBitCount > kept {
      var trial = layout
      guard others.indices.allSatisfy({ set >> $0 & 1 == 0 || trial.create(others[$0]) }) else { continue }
      (kept, bestSet) = (set.nonzeroBitCount, set)
    }
    way.destroyed = others.indices.filter { bestSet >> $0 & 1 == 0 }.map { others[$0] }
  }
}

extension MIGSearch.Outcome {
  /// The steps, in an order that creates each instance as early as there is room: replacements stand before what they
  /// replace is drained wherever that is possible.
  func plan(from start: MIGLayout) -> MIGPlan {
    var layout = start
    var plan = MIGPlan()
    var left = laid.filter { !reused.contains($0) }
    func createWhatFits() {
      left.removeAll { instance in
        guard layout.create(instance) else { return false }
        plan.steps.append(.create(instance))
        return true
      }
    }
    for instance in destroyed where layout.destroy(instance) { plan.steps.append(.destroy(instance)) }
    createWhatFits()
    for instance in drained.sorted() where layout.destroy(instance) {
      plan.steps.append(.drain(instance))
      createWhatFits()
    }
    plan.reused = reused
    plan.replacements = Array(laid[wanted...])
    plan.displaced = displaced
    plan.drainCost = cost
    plan.result = layout.instances
    return plan
  }
}
