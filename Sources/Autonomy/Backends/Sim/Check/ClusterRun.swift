import ClusterSim
import DSLBase
import DecisionEngine

/// Where a loop over a cluster begins: a state of an episode, by what leads to it.
package struct ClusterStart: Sendable, Hashable {
  /// The number of the episode.
  package var number: Int
  package var key: UInt64
  package var level: Int
  /// That lead there from the episode's beginning.
  package var actions: [UInt8]

  /// The episode there, done again from its key.
  func open(_ configuration: ClusterConfiguration) throws(DSLError) -> OpenEpisode {
    let walk = try EpisodeWalk(OpenEpisode(configuration, key: key, level: level))
    for action in actions { walk.act(action) }
    guard walk.step == actions.count else {
      throw DSLError(.corrupt, "the actions of the start go on after the end of its episode")
    }
    return try walk.open()
  }

  /// After so many steps more.
  func later(_ more: some Sequence<UInt8>) -> ClusterStart {
    var later = self
    later.actions += more
    return later
  }

  /// "step 12 of episode 3"
  package var text: String { "step \(actions.count) of episode \(number)" }
}

/// A policy's loop over a cluster, turn by turn: the engine and the gates that act, a cycle of the configured interval each,
/// on the history that they themselves make.
struct ClusterRun {
  struct Step: Sendable {
    var turn: ClusterMind.Turn
    /// Before the step.
    var gauges: ClusterGauges
    var digest: UInt64
  }

  let start: ClusterStart
  private(set) var steps: [Step] = []
  private(set) var track: ClusterTrack
  /// Of the state after the last step.
  private(set) var endDigest: UInt64
  var cause: EndCause { track.cause }

  /// - Parameters:
  ///   - interval: seconds between cycles.
  ///   - limit: steps at most.
  init(
    _ mind: ClusterMind, _ configuration: ClusterConfiguration, _ start: ClusterStart, interval: Double,
    limit: Int = .max
  ) throws(DSLError) {
    self.start = start
    let opened = try start.open(configuration)
    let walk = try EpisodeWalk(opened)
    var past: [PastActionFact] = []
    while steps.count < limit, !walk.isOver {
      let time = Timestamp(seconds: Double(steps.count) * interval)
      let turn = mind.turn(
        walk.gauges, episode: start.number, at: time, cycle: "check-\(steps.count)", past: past)
      if let decision = turn.decision {
        past.removeAll { time.seconds(since: $0.at) > mind.gates.historySeconds }
        past.append(PastActionFact(type: decision.type, target: decision.target, at: time))
      }
      steps.append(Step(turn: turn, gauges: walk.gauges, digest: walk.digest))
      walk.act(turn.action.rawValue)
    }
    endDigest = walk.digest
    let isDecided = steps.map { $0.turn.decision != nil }
    track = try ClusterTrack(
      opened, actions: steps.map(\.turn.action.rawValue), isDecided: isDecided)
  }

  /// Decisions that a gate held back, by gate, the most first.
  var held: [(gate: String, count: Int)] {
    var counts: [(gate: String, count: Int)] = []
    for refusal in steps.flatMap({ $0.turn.verdicts.compactMap(\.refusal) })
    where refusal.gate != .maxDecisions {
      if let place = counts.firstIndex(where: { $0.gate == refusal.gate.rawValue }) {
        counts[place].count += 1
      } else {
        counts.append((refusal.gate.rawValue, 1))
      }
    }
    return counts.sorted { $0.count == $1.count ? $0.gate < $1.gate : $0.count > $1.count }
  }
}
