package import DSLBase

/// A node and all that placement asks about it, before anything runs on it.
package struct ClusterNode: Sendable, Hashable {
  package var name: String
  /// Thousandths of a CPU.
  package var cpuMilli: Int
  package var memoryMiB: Int
  /// Of the cluster's models; `nil` for a node without GPU.
  package var model: Int?
  package var topology: GPUTopology
  package var rack: String?
  /// Nodes of one name share an NVLink fabric (such as NVL72); `nil` when NVLink ends at the node.
  package var nvlinkDomain: String?
  /// The only tenant that may use it; `nil` for all.
  package var tenant: String?
  /// Whether it can be taken away at short notice.
  package var spot = false
  /// Of the whole node; `nil` when only its GPUs are paid for, or nothing is known.
  package var costPerHour: Double?
  /// Grams of CO2 for each kWh where it stands.
  package var carbon: Double?
  /// Models whose weights are on its disk.
  package var cachedModels: [String] = []
  /// Vector shards that it holds.
  package var shards: [String] = []
  package var labels: [String: String] = [:]
  /// GPUs in MIG mode, one bit each.
  package var migGPUs: UInt32 = 0
  /// By GPU in MIG mode: the profile for which room is kept, as `MIGGeometry.profile(named:)` numbers it.
  package var migReserve: [Int: Int] = [:]
  /// Whether new pods are kept away from it.
  package var cordoned = false

  package init(name: String, cpuMilli: Int, memoryMiB: Int, model: Int? = nil, topology: GPUTopology? = nil) {
    self.name = name
    self.cpuMilli = cpuMilli
    self.memoryMiB = memoryMiB
    self.model = model
    self.topology = topology ?? GPUTopology(unknown: 0)
  }
}

/// What there is to place on: the facts of a cluster, and what ran on it when they were taken.
package struct Cluster: Sendable, Hashable {
  package var models: [GPUModel]
  /// In the order in which ties are broken.
  package var nodes: [ClusterNode]
  package var running: [Binding]
  package var memoryUse = MemoryUse()

  package init(models: [GPUModel] = [], nodes: [ClusterNode] = [], running: [Binding] = []) {
    self.models = models
    self.nodes = nodes
    self.running = running
  }

  /// The number of a model, added when it is new.
  package mutating func number(of model: GPUModel) -> Int {
    if let known = models.firstIndex(where: { $0.name == model.name }) {
      if models[known].memoryMiB == 0 { models[known] = model }
      return known
    }
    models.append(model)
    return models.count - 1
  }

  package var gpuCount: Int { nodes.reduce(0) { $0 + $1.topology.count } }

  /// The model of a node's GPUs.
  package func model(of node: ClusterNode) -> GPUModel? { node.model.map { models[$0] } }

  /// - Throws: `notFound` with the nearest name.
  package func node(named name: String) throws(DSLError) -> Int {
    if let index = nodes.firstIndex(where: { $0.name == name }) { return index }
    throw DSLError(
      .notFound,
      "there is no node \"\(name)\""
        + NearestSpelling.hint(for: name, among: Array(nodes.map(\.name).prefix(1000))))
  }

  /// A cluster of the nodes of a trace: racks, links and tenants are not known of them.
  package init(_ trace: OpenbNodes) {
    self.init()
    for (name, capacity) in zip(trace.names, trace.capacities) {
      let gpus = Int(capacity.gpuCount)
      var node = ClusterNode(
        name: name, cpuMilli: Int(capacity.cpuMilli), memoryMiB: Int(capacity.memoryMiB),
        topology: GPUTopology(unknown: gpus))
      if gpus > 0 { node.model = number(of: .known(trace.models[Int(capacity.model)])) }
      nodes.append(node)
    }
  }
}
