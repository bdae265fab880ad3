import Coordination
import DSLBase

/// What people ask of the time of a simulated cluster: the loop over one makes no turn while it is to stand still.
extension LoopRun {
  /// Whether there is a cluster whose time this loop makes.
  var hasPace: Bool { acts && host?.sim != nil }

  /// Whether the cluster is to stand still, as far as can be told: a turn looks again, and says what is wrong.
  var isHeld: Bool {
    guard hasPace, let host, let sim = host.sim, let status = try? PaceStatus(sim.store, host.journal) else {
      return false
    }
    return status.standing == .still
  }

  /// Waits while the cluster is to stand still.
  ///
  /// The lead is kept, and the loop counts as alive. What is told from outside, another leader and another directory end the
  /// wait.
  ///
  /// - Returns: whether it waited: everything may be another than before.
  func stoodStill(_ host: EngineHost) async throws -> Bool {
    guard hasPace, let sim = host.sim, let journal = host.journal else { return false }
    var waited = false
    while true {
      let status = try PaceStatus(sim.store, journal)
      var hold = status.hold
      do throws(DSLError) { try status.settle(journal) } catch {
        // The steps are made, so it stands still; that is noted as soon as it can be.
        hold =
          "the simulated cluster stands still: its steps are made, which could not be noted: \(error.message)"
      }
      guard let hold else {
        if self.hold != nil, status.standing == .running { try tell(.goesOn) }
        self.hold = nil
        return waited
      }
      if !waited {
        // Whoever looks at a cluster that stands still, or undoes its last step, finds no step half noted.
        for note in try await host.recover(loop.extensions) { try tell(.warning(note)) }
      }
      waited = true
      if self.hold != hold { try tell(.standsStill(hold)) }
      self.hold = hold
      control.progressed(until: time.monotonicSeconds + Self.watchSeconds.poll + loop.patienceSeconds)
      if await control.sleep(seconds: Self.watchSeconds.poll, time) { return true }
      if control.isStopping || Task.isCancelled || here != place { return true }
      if let seat, seat.candidate.term == nil {
        try stepDown(seat.otherLeader ?? "the lease could not be renewed")
        return true
      }
    }
  }
}
