/// How good a place is: the highest score wins, the first node among equals.
package struct PlacementScore: Sendable, Hashable {
  package var score: Int32
  /// Which GPU, for a pod that takes a part of one.
  package var gpu: UInt8

  package init(_ score: Int32, gpu: UInt8 = 0) {
    self.score = score
    self.gpu = gpu
  }
}

/// A rule that rates nodes for pods.
///
/// The score of a node may depend on that node and the shape alone: then it needs to be found again only when the
/// node changes, and the cost of a decision does not grow with the pods that run.
package protocol PlacementPolicy: Sendable {
  /// Rates a node that the shape fits on. What it remembers may change the speed of the next call, never its result.
  mutating func score(_ shape: PodShape, on node: Int, of state: FleetState) -> PlacementScore

  /// Picks a node.
  ///
  /// - Parameter scores: one a node, in the order in which ties are broken; `PlacementScore.impossible` where the pod
  ///   does not fit.
  /// - Returns: `nil` exactly when it fits nowhere.
  mutating func pick(_ scores: ContiguousArray<Int32>) -> Int?
}

extension PlacementScore {
  /// Marks nodes that a pod does not fit on.
  package static var impossible: Int32 { .min }
}

extension PlacementPolicy {
  /// The first node with the highest score.
  package func pick(_ scores: ContiguousArray<Int32>) -> Int? {
    scores.withUnsafeBufferPointer { scores in
      var highest = PlacementScore.impossible
      for score in scores where score > highest { highest = score }
      return highest == PlacementScore.impossible ? nil : scores.firstIndex(of: highest)
    }
  }
}
