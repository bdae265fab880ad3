/// Nodes that differ in nothing but name, labels and where they stand: what holds of one of them before anything runs holds of
/// all. A fleet of machines bought in lots has few.
struct NodeClasses: Sendable {
  /// By node: the number of its class.
  let ofNode: ContiguousArray<Int32>
  /// By class: its first node.
  let first: ContiguousArray<Int>
  /// By class: the number of its GPUs' topology; alike maps have one number.
  let topology: ContiguousArray<Int32>

  init(_ cluster: Cluster) {
    var (ofNode, first, topology): (ContiguousArray<Int32>, ContiguousArray<Int>, ContiguousArray<Int32>) = (
      [], [], []
    )
    var (classes, maps): ([ClusterNode: Int32], [GPUTopology: Int32]) = ([:], [:])
    ofNode.reserveCapacity(cluster.nodes.count)
    for (number, node) in cluster.nodes.enumerated() {
      var kind = node
      (kind.name, kind.rack, kind.nvlinkDomain, kind.labels) = ("", nil, nil, [:])
      if let known = classes[kind] {
        ofNode.append(known)
        continue
      }
      classes[kind] = Int32(first.count)
      ofNode.append(Int32(first.count))
      first.append(number)
      topology.append(maps[node.topology] ?? Int32(maps.count))
      maps[node.topology] = topology.last
    }
    (self.ofNode, self.first, self.topology) = (ofNode, first, topology)
  }
}
