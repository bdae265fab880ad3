import ClusterSim
import DSLBase

/// What a policy's loop over a cluster can do wrong, told by a track from its start on. Where something is no fault of the
/// policy unless it could have been avoided, the yardstick is ``HeuristicPolicy`` from the same start with the same noise: it
/// sees what the policy sees.
enum ClusterFault: CaseIterable {
  /// The cluster fails, and the yardstick brings it to the time limit.
  case fails
  /// Cells that are hot stay hot, and the yardstick relieves half of them.
  case noRecovery
  /// The same few actions again and again while cells are hot, and the yardstick relieves half of them.
  case limitCycle
  /// The budget pays for no clean in three states of four, and the yardstick's does in most.
  case budgetExhausted
  /// Interventions that are refused or relieve too little, one after another.
  case wastedActions

  /// Steps over which hot cells, and the budget, are watched.
  static let watched = 100
  /// Steps of a cycle of actions, and actions after which it begins anew at most.
  static let cycle = (steps: 64, period: 8)
  /// Wasted interventions in a row.
  static let wasted = 25
  /// Hot cells at the start, below which nobody needs relief.
  private static let fewest = 4

  /// Steps that it takes to show; `nil` where it shows when the cluster fails.
  var steps: Int? {
    switch self {
    case .fails: nil
    case .noRecovery, .budgetExhausted: Self.watched
    case .limitCycle: Self.cycle.steps
    case .wastedActions: Self.wasted
    }
  }

  /// Whether a track shows it.
  ///
  /// - Parameters:
  ///   - clean: what a clean costs, points.
  ///   - yardstick: what the heuristic does from the same start, so many steps of it.
  func isShown(
    by track: ClusterTrack, clean: Double, yardstick: (Int) throws(DSLError) -> ClusterTrack
  ) throws(DSLError) -> Bool {
    let steps = steps ?? track.count
    guard track.count >= steps else { return false }
    switch self {
    case .fails:
      guard track.cause.isFailure, track.count > 0 else { return false }
      return try yardstick(.max).cause == .timeLimit
    case .noRecovery:
      return try Self.staysHot(track, steps, yardstick)
    case .limitCycle:
      guard track.isDecided[..<steps].allSatisfy({ $0 }), Self.period(track.actions[..<steps]) != nil else {
        return false
      }
      return try Self.staysHot(track, steps, yardstick)
    case .budgetExhausted:
      let later = steps / 2...steps
      func poor(_ track: ClusterTrack) -> Int { track.budget[later].count { $0 < clean } }
      guard track.budget[0] >= clean, poor(track) * 4 >= later.count * 3 else { return false }
      let other = try yardstick(steps)
      return other.count >= steps && poor(other) * 2 < later.count
    case .wastedActions:
      return (0..<steps).allSatisfy { track.wasted[$0 + 1] > track.wasted[$0] }
    }
  }

  private static func staysHot(
    _ track: ClusterTrack, _ steps: Int, _ yardstick: (Int) throws(DSLError) -> ClusterTrack
  ) throws(DSLError) -> Bool {
    let first = Double(track.hot[0])
    guard track.hot[0] >= fewest, track.laterHot(steps) >= first else { return false }
    let other = try yardstick(steps)
    return other.count >= steps && other.laterHot(steps) <= first / 2
  }

  /// After how many actions they begin anew, two to eight; `nil` where they do not. One and the same action is no swing.
  static func period(_ actions: ArraySlice<UInt8>) -> Int? {
    guard actions.contains(where: { $0 != actions.first }) else { return nil }
    return (2...cycle.period).first { period in
      zip(actions, actions.dropFirst(period)).allSatisfy { $0 == $1 }
    }
  }
}
