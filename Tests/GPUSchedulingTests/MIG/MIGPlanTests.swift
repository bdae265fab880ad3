import DSLBase
import GPUScheduling
import Testing

@Suite struct MIGPlanTests {
  static let geometry = MIGGeometry.known[1]
  static let layouts = geometry.everyLayout()

  private func instance(_ text: String) throws -> MIGInstance {
    let parts = text.split(separator: "@")
    return MIGInstance(
      profile: try #require(Self.geometry.profile(named: String(parts[0]))),
      start: try #require(Int(parts[1])))
  }

  private func plan(_ running: [String], idle: [String] = [], _ want: [String], mayDrain: Bool = true) throws
    -> MIGPlan
  {
    let have =
      try running.map { MIGTenant(try instance($0), drainCost: 1) } + idle.map { MIGTenant(try instance($0)) }
    let want = try want.map { try #require(Self.geometry.profile(named: $0)) }
    return try MIGPlan(Self.geometry, have: have, want: want, mayDrain: mayDrain)
  }

  private func text(_ plan: MIGPlan) -> [String] {
    plan.steps.map {
      switch $0 {
      case .destroy(let instance): "destroy " + Self.geometry.text(instance)
      case .drain(let instance): "drain " + Self.geometry.text(instance)
      case .create(let instance): "create " + Self.geometry.text(instance)
      }
    }
  }

  /// Beside a running 4g the other half is cut anew (k8s-device-plugin issue 992).
  @Test func idleInstancesMakeWayBesideRunningOnes() throws {
    let plan = try plan(["4g.40gb@0"], idle: ["1g.10gb@4", "1g.10gb@6"], ["3g.40gb"], mayDrain: false)
    #expect(text(plan) == ["destroy 1g.10gb@4", "destroy 1g.10gb@6", "create 3g.40gb@4"])
    #expect(plan.drainCost == 0 && plan.result.map { Self.geometry.text($0) } == ["4g.40gb@0", "3g.40gb@4"])
  }

  /// Small instances at 0, 1 and 5 strand five free slots: one drain is enough, and its replacement stands before it
  /// (dra-driver issue 933).
  @Test func oneDrainFreesWhatThreeStrand() throws {
    let plan = try plan(["1g.10gb@0", "1g.10gb@1", "1g.10gb@5"], ["3g.40gb"])
    #expect(text(plan) == ["create 1g.10gb@2", "drain 1g.10gb@5", "create 3g.40gb@4"])
    let replacement = try instance("1g.10gb@2")
    #expect(plan.replacements == [replacement] && plan.displaced.isEmpty && plan.drainCost == 1)
  }

  @Test func whatServesIsUsedAsItIs() throws {
    let plan = try plan([], idle: ["2g.20gb@2", "1g.10gb@6"], ["2g.20gb"])
    let reused = try instance("2g.20gb@2")
    #expect(plan.steps.isEmpty && plan.reused == [reused])
  }

  @Test func refusals() throws {
    let blocked = #expect(throws: DSLError.self) {
      try plan(["3g.40gb@0"], ["7g.80gb"], mayDrain: false)
    }
    #expect(blocked?.code == .conflict && blocked?.message.contains("3g.40gb@0") == true)
    let tooMuch = #expect(throws: DSLError.self) { try plan([], ["4g.40gb", "4g.40gb"]) }
    #expect(tooMuch?.code == .invalidInput)
    let illegal = #expect(throws: DSLError.self) { try plan(["3g.40gb@0", "2g.20gb@2"], ["1g.10gb"]) }
    #expect(illegal?.code == .invalidInput && illegal?.message.contains("2g.20gb@2") == true)
  }

  /// Random GPUs and wishes: each step is legal, running instances are touched only by drains that are the cheapest
  /// there are (against all layouts), and what was wanted is there at the end.
  @Test(arguments: [UInt64(1), 2, 3, 4]) func plansAreLegalAndCheapest(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var (solved, drained) = (0, 0)
    for _ in 0..<60 {
      let start = try #require(Self.layouts.randomElement(using: &random))
      let have = start.instances.map { instance in
        MIGTenant(
          instance,
          drainCost: Bool.random(using: &random) ? Double(Int.random(in: 1...4, using: &random)) : nil)
      }
      let want = (0..<Int.random(in: 1...3, using: &random)).map { _ in
        Int.random(in: 0..<Self.geometry.profiles.count, using: &random)
      }
      let least = leastCost(have, want)
      guard let plan = try? MIGPlan(Self.geometry, have: have, want: want, mayDrain: true) else {
        #expect(least == nil, "\(start.instances) \(want)")
        continue
      }
      #expect(plan.drainCost == least, "\(start.instances) \(want)")
      check(plan, start, have, want)
      solved += 1
      drained += plan.drained.isEmpty ? 0 : 1
    }
    #expect(solved > 30 && drained > 10)
  }

  private func check(_ plan: MIGPlan, _ start: MIGLayout, _ have: [MIGTenant], _ want: [Int]) {
    var layout = start
    let running = Set(have.filter { $0.drainCost != nil }.map(\.instance))
    for step in plan.steps {
      let isLegal =
        switch step {
        case .create(let instance): layout.create(instance)
        case .destroy(let instance): !running.contains(instance) && layout.destroy(instance)
        case .drain(let instance): running.contains(instance) && layout.destroy(instance)
        }
      #expect(isLegal, "\(step)")
    }
    #expect(layout.instances == plan.result)
    // At the end: what runs on, and beside it what is wanted and what replaces the drained.
    var beside = layout.instances.map(\.profile)
    let staying = running.subtracting(plan.drained).map(\.profile)
    for profile in staying + want + plan.replacements.map(\.profile) {
      guard let index = beside.firstIndex(of: profile) else {
        Issue.record("no \(profile) at the end of \(plan)")
        return
      }
      beside.remove(at: index)
    }
    #expect(plan.drained.count == plan.replacements.count + plan.displaced.count)
  }

  /// The cheapest set of drains, by looking at every layout that keeps the other running instances.
  private func leastCost(_ have: [MIGTenant], _ want: [Int]) -> Double? {
    let running = have.filter { $0.drainCost != nil }
    var least: Double?
    for layout in Self.layouts {
      let kept = running.filter { layout.instances.contains($0.instance) }
      // Any part of those may stay; what stays serves nobody else.
      for set in 0..<1 << kept.count {
        let stays = kept.indices.filter { set >> $0 & 1 == 1 }.map { kept[$0] }
        var rest = layout.instances.filter { instance in !stays.contains { $0.instance == instance } }
          .map(\.profile)
        let serves = want.allSatisfy { profile in
          guard let index = rest.firstIndex(of: profile) else { return false }
          rest.remove(at: index)
          return true
        }
        guard serves else { continue }
        let cost =
          running.reduce(0) { $0 + ($1.drainCost ?? 0) } - stays.reduce(0) { $0 + ($1.drainCost ?? 0) }
        least = min(least ?? cost, cost)
      }
    }
    return least
  }
}
