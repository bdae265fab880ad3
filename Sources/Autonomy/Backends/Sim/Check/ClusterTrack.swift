import ClusterSim
import DSLBase

/// A stretch of an episode in the few numbers by which faults are recognized.
struct ClusterTrack: Sendable, Hashable {
  /// One a step.
  private(set) var actions: [UInt8] = []
  /// Whether a decision made the step.
  private(set) var isDecided: [Bool] = []
  /// Of every state, the start's first: cells above `hot_line`, what is left of the budget in points, and interventions in a
  /// row that were wasted.
  private(set) var hot: [Int]
  private(set) var budget: [Double]
  private(set) var wasted: [Int]
  private(set) var cause: EndCause

  /// Steps.
  var count: Int { actions.count }

  private init(at walk: EpisodeWalk) {
    (hot, budget, wasted) = ([walk.gauges.hot], [walk.budget], [walk.wastedSteps])
    cause = walk.cause
  }

  /// Steps that were made.
  ///
  /// - Parameter isDecided: for each of them.
  init(_ start: OpenEpisode, actions: some Sequence<UInt8>, isDecided: [Bool]) throws(DSLError) {
    let walk = try EpisodeWalk(start)
    self.init(at: walk)
    for (action, isDecided) in zip(actions, isDecided) { note(action, isDecided, walk) }
  }

  /// What a policy that remembers nothing does.
  init(_ start: OpenEpisode, _ policy: some Policy, steps: Int = .max) throws(DSLError) {
    let walk = try EpisodeWalk(start)
    self.init(at: walk)
    var policy = policy
    policy.begin(0, of: 1)
    while count < steps, !walk.isOver { note(policy.act(0, walk.sight), true, walk) }
  }

  private mutating func note(_ action: UInt8, _ decided: Bool, _ walk: EpisodeWalk) {
    walk.act(action)
    actions.append(action)
    isDecided.append(decided)
    hot.append(walk.gauges.hot)
    budget.append(walk.budget)
    wasted.append(walk.wastedSteps)
    cause = walk.cause
  }

  /// The same from a step on.
  func from(_ step: Int) -> ClusterTrack {
    var track = self
    track.actions.removeFirst(step)
    track.isDecided.removeFirst(step)
    track.hot.removeFirst(step)
    track.budget.removeFirst(step)
    track.wasted.removeFirst(step)
    return track
  }

  /// Mean of the hot cells over the second half of the first `steps` steps.
  func laterHot(_ steps: Int) -> Double {
    let part = hot[(steps / 2 + 1)...steps]
    return Double(part.reduce(0, +)) / Double(part.count)
  }
}
