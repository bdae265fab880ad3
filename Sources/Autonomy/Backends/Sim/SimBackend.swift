import ClusterSim
import Coordination
package import DSLBase
import DecisionEngine

/// The backend over a simulated cluster under entropy.
///
/// A cycle is one step of the cluster: the action of the decision that was carried out, else a step of waiting; the cycle after
/// an episode's end begins the next episode. The cluster is one file, replaced whole with each step. A step names the state that
/// it was planned for, and is refused in any other: so it is made once, however often it is performed, and only the cluster's
/// latest step can be undone.
package struct SimBackend: Backend {
  /// As in `--backend` and in the journal.
  package static let word = "sim"

  package let name = SimBackend.word
  package let supports = ClusterChoice.types
  package let store: ClusterStore
  private let policy: ActingPolicy
  private let time: any TimeSource

  /// - Parameter policy: the engine's, as ``PolicySource`` takes it.
  package init(_ store: ClusterStore, policy: String, time: any TimeSource) {
    (self.store, self.time) = (store, time)
    self.policy = ActingPolicy(store, engine: policy)
  }

  // MARK: Looking

  package func observe() async throws -> Observation { look() }

  /// What can be seen of the cluster now; blind where that is nothing.
  package func look() -> Observation {
    let now = time.now
    do throws(DSLError) {
      try expectDirectory()
      let cluster = try store.load()
      return ClusterObservation.make(
        cluster.episode.gauges, episode: cluster.number, at: now, notes: cluster.notes)
    } catch {
      let evidence = SourceEvidence(
        source: "cluster", status: error.code == .notFound ? .missing : .corrupt, notes: [error.description])
      return Observation(
        at: now, backend: name, metrics: SystemMetrics(), evidence: [evidence], blind: error.message)
    }
  }

  private func expectDirectory() throws(DSLError) {
    let status: FileStatus?
    do throws(FileError) { status = try store.directory.files.status(store.directory.path + "/.") } catch {
      throw error.asDSLError
    }
    guard status?.kind == .directory else {
      throw DSLError(.notFound, "there is no directory \(store.directory.path)")
    }
  }

  // MARK: Planning

  package func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    let cluster = try store.load()
    let choice = try ClusterChoice(decision, cluster.episode.gauges)
    guard Self.saw(observation, cluster) else {
      return .refused(reason: "the cluster takes one action a cycle, and has gone on since it was seen")
    }
    guard !cluster.episode.isOver else {
      let end = cluster.episode.cause
      let how = end.isFailure ? "the cluster failed: \(end.name)" : "the episode is over: \(end.name)"
      return .refused(reason: how + "; this cycle begins the next episode")
    }
    switch choice {
    case .nothing(let reason): return .nothing(reason: reason)
    case .act(let action):
      let target = action == .scale ? "cluster" : cluster.episode.gauges.own.id
      return .steps([EffectStep(action: action.name, target: target, before: cluster.place.json)])
    }
  }

  /// Action, cell and episode. The state is another in each cycle, and the step that is carried out names the one that it is
  /// planned for; how far the cluster may have gone on meanwhile is said by the numbers that the rule compares.
  package func bound(_ step: EffectStep) -> EffectStep {
    guard let place = ClusterPlace(json: step.before) else { return step }
    var step = step
    step.before = ["episode": .int(place.episode)]
    return step
  }

  /// Whether an observation is of the cluster as it is.
  private static func saw(_ observation: Observation, _ cluster: SavedCluster) -> Bool {
    observation.metrics[.clusterEpisode] == Double(cluster.number)
      && observation.metrics[.clusterStep] == Double(cluster.episode.step)
  }

  // MARK: Performing

  package func perform(_ step: EffectStep, for decision: Decision) async throws -> JSONValue {
    let (place, action) = try Self.read(step)
    let cluster = try store.load()
    if let before = try Self.before(cluster, place, action) { return receipt(before, cluster) }
    guard cluster.place == place else {
      throw DSLError(
        .conflict, "the cluster is at \(cluster.place.text), and \(action.name) was meant for \(place.text)")
    }
    let next = try cluster.stepping(action)
    try store.commit(next)
    // What cannot be written now is written before the next episode begins.
    if next.episode.cause.isFailure || next.episode.gauges.ooms > cluster.episode.gauges.ooms {
      _ = try? store.keepBox(next, policy)
    }
    return receipt(cluster, next)
  }

  private static func read(_ step: EffectStep) throws(DSLError) -> (ClusterPlace, Action) {
    guard let place = ClusterPlace(json: step.before), let action = Action(name: step.action) else {
      throw DSLError(.unsupported, "\(step.action) is no step of a simulated cluster")
    }
    return (place, action)
  }

  /// The cluster before its latest step, where that was this action in this place; `nil` where it was not.
  private static func before(
    _ cluster: SavedCluster, _ place: ClusterPlace, _ action: Action
  ) throws(DSLError) -> SavedCluster? {
    guard cluster.number == place.episode, cluster.episode.step == place.step + 1,
      cluster.episode.actions.last == action.rawValue, let before = try cluster.rewound(),
      before.place == place
    else { return nil }
    return before
  }

  private func receipt(_ before: SavedCluster, _ after: SavedCluster) -> JSONValue {
    let cause = after.episode.cause
    return [
      "episode": .int(after.number), "key": .string(BlackBox.text(after.episode.key)),
      "step_before": .int(before.episode.step), "digest_before": .string(before.place.digest),
      "step_after": .int(after.episode.step), "digest_after": .string(after.place.digest),
      "reward": .double(after.episode.reward - before.episode.reward),
      "ended": cause == .none ? .null : .string(cause.name),
    ]
  }

  package func inspect(_ step: EffectStep) async throws -> StepTrace {
    // One of another backend's, from before the settings were changed.
    guard let (place, action) = try? Self.read(step) else { return .unclear("unknown step \(step.action)") }
    let cluster = try store.load()
    if cluster.place == place { return .absent }
    if let before = try Self.before(cluster, place, action) {
      return .performed(receipt: receipt(before, cluster))
    }
    return .unclear("the cluster is at \(cluster.place.text)")
  }

  // MARK: Undoing

  package func revert(_ step: EffectStep, receipt: JSONValue) async throws -> Reversal {
    guard let (place, action) = try? Self.read(step) else {
      return .refused("\(step.action) is no step of a simulated cluster")
    }
    let cluster = try store.load()
    guard let before = try Self.before(cluster, place, action) else {
      return .refused(
        cluster.place == place
          ? "nothing of it is there: the cluster is at \(place.text)"
          : "only the latest step of the cluster can be undone: it was made in \(place.text), and the cluster is at "
            + "\(cluster.place.text); what came later rests on it")
    }
    try store.commit(before)
    return .reverted("the cluster is at \(place.text) again")
  }

  // MARK: Time

  /// Makes the step of a cycle in which no decision made one, or begins the next episode.
  package func passTime(_ observation: Observation) async throws -> [String]? {
    guard observation.blind == nil else { return [] }
    var cluster = try store.load()
    if Self.saw(observation, cluster) {
      guard !cluster.episode.isOver else { return [try succeed(cluster)] }
      cluster = try cluster.stepping(.waiting(step: cluster.episode.step))
      try store.commit(cluster)
    }
    return try record(cluster, since: observation)
  }

  /// Records a failure, or that cells ran out of memory since the cluster was observed, and says so.
  private func record(_ cluster: SavedCluster, since observation: Observation) throws(DSLError) -> [String] {
    let (cause, ooms) = (cluster.episode.cause, Double(cluster.episode.gauges.ooms))
    let isSameEpisode = observation.metrics[.clusterEpisode] == Double(cluster.number)
    let lost = isSameEpisode ? ooms - (observation.metrics[.clusterOOMs] ?? 0) : 0
    guard cause.isFailure || lost > 0 else { return [] }
    let box = try store.keepBox(cluster, policy)
    let what =
      cause.isFailure
      ? "the cluster failed in \(cluster.place.text): \(cause.name)"
      : "\(Int(lost)) cell\(lost == 1 ? "" : "s") ran out of memory by \(cluster.place.text)"
    return ["\(what); recorded in \(box)"]
  }

  private func succeed(_ cluster: SavedCluster) throws(DSLError) -> String {
    if cluster.episode.cause.isFailure || cluster.episode.gauges.ooms > 0 {
      try store.keepBox(cluster, policy)
    }
    let next = try cluster.succeeding()
    try store.commit(next)
    let (steps, cause) = (cluster.episode.step, cluster.episode.cause.name)
    return "episode \(cluster.number) ended after \(steps) steps: \(cause); episode \(next.number) begins"
  }
}
