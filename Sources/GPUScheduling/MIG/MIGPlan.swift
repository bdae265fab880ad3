package import DSLBase

/// An instance that a GPU has now.
package struct MIGTenant: Sendable, Hashable {
  package var instance: MIGInstance
  /// What draining it costs, in any unit; nil when nothing runs on it.
  package var drainCost: Double?

  package init(_ instance: MIGInstance, drainCost: Double? = nil) {
    self.instance = instance
    self.drainCost = drainCost
  }
}

/// How a GPU gets the instances that are wanted beside those that run: a list of steps, each of which leaves a legal layout.
package struct MIGPlan: Sendable, Equatable {
  /// One change of the GPU.
  package enum Step: Sendable, Hashable {
    /// Removes an idle instance that is in the way.
    case destroy(MIGInstance)
    /// Ends what runs on an instance, and removes it.
    case drain(MIGInstance)
    /// Cuts an instance.
    case create(MIGInstance)
  }

  package var steps: [Step] = []
  /// Idle instances that serve what is wanted as they are.
  package var reused: [MIGInstance] = []
  /// Created for what was drained.
  package var replacements: [MIGInstance] = []
  /// Drained, with no room to come back.
  package var displaced: [MIGInstance] = []
  /// What all drains cost.
  package var drainCost = 0.0
  /// The instances at the end, by start.
  package var result: [MIGInstance] = []

  /// What is drained.
  package var drained: [MIGInstance] {
    steps.compactMap { if case .drain(let instance) = $0 { instance } else { nil } }
  }
}

extension MIGPlan {
  /// Plans for the least drain cost; then the fewest memory slots displaced, the fewest changes, the lowest starts.
  ///
  /// - Parameters:
  ///   - have: the instances of the GPU; together a legal layout.
  ///   - want: profiles that shall be there idle, each as often as it is named.
  ///   - mayDrain: whether running instances may be touched at all.
  /// - Throws: `DSLError` `invalid_input` when `have` is no legal layout, or no GPU can hold what is wanted; `conflict`
  ///   when running instances are in the way and may not be drained.
  /// - Complexity: exponential in the instances of one GPU, which are at most 7.
  package init(_ geometry: MIGGeometry, have: [MIGTenant], want: [Int], mayDrain: Bool) throws(DSLError) {
    var layout = MIGLayout(geometry)
    for tenant in have where !layout.create(tenant.instance) {
      throw DSLError(
        .invalidInput,
        "\(geometry.text(tenant.instance)) cannot lie there beside the others on \(geometry.model)",
        fix: "`dsl gpu mig layouts` prints the legal starts")
    }
    guard want.count <= MIGGeometry.computeSlices,
      let best = MIGSearch(geometry, have: have, want: want).best()
    else {
      throw DSLError(
        .invalidInput,
        "\(want.map { geometry.profiles[$0].name }.joined(separator: ", ")): no \(geometry.model) can hold them together",
        fix: "`dsl gpu mig layouts` prints what a GPU can hold")
    }
    guard mayDrain || best.drained.isEmpty else {
      throw DSLError(
        .conflict,
        "no room without draining \(best.drained.map { geometry.text($0) }.joined(separator: ", "))",
        fix: "allow it with --drain, or choose another GPU")
    }
    self = best.plan(from: layout)
  }
}

extension MIGGeometry {
  /// An instance as people write it: "3g.40gb@4".
  package func text(_ instance: MIGInstance) -> String {
    "\(profiles[instance.profile].name)@\(instance.start)"
  }
}
