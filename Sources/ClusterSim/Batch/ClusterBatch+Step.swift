import CClusterSim
package import DSLBase

extension ClusterBatch {
  /// Does a step of every environment.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` for a buffer of another length or an action outside 0 to 7, naming
  ///   its place, and `invalid_state` before the first reset. Then nothing has changed.
  package func step(_ actions: UnsafeBufferPointer<UInt8>, into out: Outputs) throws(DSLError) {
    try check(actions, out)
    let ahead = Int(dslsim_ahead)
    let last = dslsim_looks_ahead(Int64(count), Int64(stride)) != 0 ? count - ahead : 0
    for i in 0..<count {
      if i < last, let observations = out.observations.baseAddress {
        let next = i &+ ahead
        dslsim_fetch(
          states + next, slab + next &* stride, Int64(stride), observations + next &* ObservationLayout.count)
      }
      let cause = states[i].cause
      if cause == .none {
        let reward = world.step(&states[i], cells(i), actions[i])
        out.rewards[i] = Float(reward) / 1000
        flag(i, states[i].cause, out)
        if states[i].cause != .none, autoreset == .sameStep {
          if let final = out.finalObservations { look(i, final) }
          succeed(i)
        }
      } else {
        out.rewards[i] = 0
        flag(i, autoreset == .disabled ? cause : .none, out)
        if autoreset != .disabled { succeed(i) }
      }
      look(i, out.observations)
    }
  }

  @inline(__always)
  private func flag(_ i: Int, _ cause: EndCause, _ out: Outputs) {
    out.terminated[i] = cause.isFailure
    out.truncated[i] = cause == .timeLimit
  }

  /// Starts the episode after one that is over.
  private func succeed(_ i: Int) {
    let (level, survivals) = world.nextDifficulty(after: states[i])
    world.start(
      &states[i], cells(i), key: Philox.successor(of: states[i].key), level: level, survivals: survivals)
  }

  private func check(_ actions: UnsafeBufferPointer<UInt8>, _ out: Outputs) throws(DSLError) {
    try expectStarted()
    try expect(actions.count, count, "actions")
    try expect(out.observations.count, count * ObservationLayout.count, "observations")
    try expect(out.rewards.count, count, "rewards")
    try expect(out.terminated.count, count, "terminated")
    try expect(out.truncated.count, count, "truncated")
    if let final = out.finalObservations {
      try expect(final.count, count * ObservationLayout.count, "finalObservations")
    }
    var all: UInt8 = 0
    for i in 0..<count { all |= actions[i] }
    guard all >= UInt8(Action.count), let i = actions.firstIndex(where: { $0 >= UInt8(Action.count) }) else {
      return
    }
    throw DSLError(.invalidInput, "actions[\(i)] is \(actions[i])", fix: "give 0 to \(Action.count - 1)")
  }
}
