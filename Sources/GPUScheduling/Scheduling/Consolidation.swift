/// Pods that go elsewhere so that a workload fits, none of which is lost.
package struct Consolidation: Sendable, Hashable {
  package var moves: [Move]
  package var placement: WorkloadPlacement

  package struct Move: Sendable, Hashable {
    package var from: Binding
    package var to: Binding
  }

  /// Thousandths of GPU that move.
  package var movedMilli: Int { moves.reduce(0) { $0 + $1.from.workload.demand.gpu.milli } }
}

extension ClusterScheduler {
  /// Room for a workload by moving others, tried out move by move: of all ways within the profile's `mostMoves` on the nodes
  /// that lack least, the one that moves the least GPU. Members of gangs and pods that may not be preempted stay.
  /// Nothing is changed.
  package func consolidation(for workload: Workload) -> Consolidation? {
    guard workload.members == 1, profile.mostMoves > 0 else { return nil }
    var best: Consolidation?
    var trial = self
    for node in nearestNodes(workload).prefix(Self.triedNodes) {
      let movable = state.pods[node].compactMap { state.bindings[$0] }.filter {
        $0.workload.members == 1 && $0.workload.preemptible && $0.workload.demand.gpu != .none
      }.sorted { ($0.workload.demand.gpu.milli, $0.pod) < ($1.workload.demand.gpu.milli, $1.pod) }
      for set in Self.choices(Array(movable.prefix(Self.triedPods)), most: profile.mostMoves) {
        let milli = set.reduce(0) { $0 + $1.workload.demand.gpu.milli }
        if let best, milli >= best.movedMilli { continue }
        if let found = trial.moving(set, from: node, for: workload) { best = found }
      }
    }
    return best
  }

  /// Moves the pods and binds the workload, or does nothing.
  package mutating func commit(_ consolidation: Consolidation) -> Bool {
    let checkpoint = state.checkpoint()
    for move in consolidation.moves { state.unbind(move.from.pod) }
    var done = (try? commit(consolidation.placement)) != nil
    for move in consolidation.moves where done { done = (try? state.bind(move.to)) != nil }
    if done { state.commit(checkpoint) } else { state.rollBack(to: checkpoint) }
    return done
  }

  private static var triedNodes: Int { 32 }
  private static var triedPods: Int { 12 }

  /// Nodes where only room is lacking, those with the most GPU free first.
  private func nearestNodes(_ workload: Workload) -> [Int] {
    let free = state.cluster.nodes.indices.filter { node in
      state.obstacle(workload, node: node).map { $0.isOfUse && $0.filter != .avoids } ?? false
    }
    return free.sorted { (state.idle[$1].total, $0) < (state.idle[$0].total, $1) }
  }

  private mutating func moving(_ set: [Binding], from node: Int, for workload: Workload) -> Consolidation? {
    let checkpoint = state.checkpoint()
    defer { state.rollBack(to: checkpoint) }
    for binding in set { state.unbind(binding.pod) }
    guard let placement = choice(workload, in: [node]), (try? commit(placement)) != nil else { return nil }
    var moves: [Consolidation.Move] = []
    for binding in set.reversed() {
      // What a running pod asked for beyond its size may not be known: it stays on GPUs of its model.
      let alike = state.cluster.nodes.indices.filter {
        state.cluster.nodes[$0].model == state.cluster.nodes[node].model
      }
      guard let place = choice(binding.workload, in: alike, except: node), (try? commit(place)) != nil else {
        return nil
      }
      moves.append(Consolidation.Move(from: binding, to: place.bindings[0]))
    }
    return Consolidation(moves: moves, placement: placement)
  }

  /// All sets of at most so many, the smaller first.
  private static func choices(_ bindings: [Binding], most: Int) -> [[Binding]] {
    var (all, last): ([[Binding]], [[Int]]) = ([], bindings.indices.map { [$0] })
    for _ in 0..<most {
      all += last.map { $0.map { bindings[$0] } }
      last = last.flatMap { set in
        ((set.last ?? 0) + 1..<max(bindings.count, (set.last ?? 0) + 1)).map { set + [$0] }
      }
    }
    return all
  }
}
