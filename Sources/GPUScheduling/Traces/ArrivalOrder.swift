import DSLBase

/// In which order the pods of a trace arrive, and in which order equal nodes are preferred.
package struct ArrivalOrder: Sendable, Equatable {
  /// Rows of the pod file; a row may occur more than once.
  package var pods: [Int]
  /// Rows of the node file, the preferred first.
  package var nodes: [Int]

  package init(pods: [Int], nodes: [Int]) {
    self.pods = pods
    self.nodes = nodes
  }

  /// Shuffles pods and nodes, and brings the demand to a share of the fleet's GPUs: copies of random pods are appended
  /// as long as the demand stays within it, or random pods are removed until it does.
  ///
  /// This is how the published experiments made their arrivals (Weng et al., ATC 2023, artifact), with a generator of
  /// our own: so the orders differ, and what is tuned on them has not seen the published ones.
  package init(of trace: OpenbTrace, load: Double, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var order = Array(trace.pods.indices).shuffled(using: &random)
    let limit = Int(load * Double(trace.nodes.reduce(0) { $0 + Int($1.gpuCount) * 1000 }))
    var demand = trace.pods.reduce(0) { $0 + $1.shape.totalGPUMilli }
    while demand > limit, !order.isEmpty {
      let gone = order.remove(at: Int.random(in: 0..<order.count, using: &random))
      demand -= trace.pods[gone].shape.totalGPUMilli
    }
    while let next = trace.pods.indices.randomElement(using: &random) {
      demand += trace.pods[next].shape.totalGPUMilli
      guard demand <= limit else { break }
      order.append(next)
      if order.count > 100 * trace.pods.count { break }
    }
    pods = order
    nodes = Array(trace.nodes.indices).shuffled(using: &random)
  }

  /// Reads one seed's line, `seed row row …`, of each of two files.
  ///
  /// - Throws: `notFound` when a file has no line of that seed, `invalidInput` naming what is no row.
  package init(pods podText: String, nodes nodeText: String, seed: Int, of trace: OpenbTrace) throws {
    pods = try Self.rows(podText, "the arrival order", seed, trace.pods.count)
    nodes = try Self.rows(nodeText, "the node order", seed, trace.nodes.count)
    guard Set(nodes).count == trace.nodes.count, nodes.count == trace.nodes.count else {
      throw DSLError(.invalidInput, "the node order of seed \(seed) does not name every node once")
    }
  }

  private static func rows(_ text: String, _ what: String, _ seed: Int, _ count: Int) throws -> [Int] {
    for line in text.split(whereSeparator: \.isNewline) {
      let cells = line.split(separator: " ")
      guard cells.first == "\(seed)" else { continue }
      return try cells.dropFirst().map { cell in
        guard let row = Int(cell), row >= 0, row < count else {
          throw DSLError(.invalidInput, "\(what) of seed \(seed): \"\(cell)\" is no row, there are \(count)")
        }
        return row
      }
    }
    throw DSLError(.notFound, "\(what) has no line of seed \(seed)")
  }
}
