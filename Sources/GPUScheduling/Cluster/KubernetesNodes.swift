package import DSLBase

/// Reads `kubectl get nodes -o json`, or `kubectl get nodes,pods -A -o json` to know what runs as well.
package struct KubernetesNodes {
  package private(set) var cluster = Cluster()
  /// What was left out, and what was assumed.
  package private(set) var notes: [String] = []
  private let file: String

  /// Whether a JSON value is a list of such objects.
  package static func isList(_ value: JSONValue) -> Bool {
    ["List", "NodeList", "Node"].contains(value.at("kind")?.string ?? "")
  }

  /// - Throws: `invalidInput` naming the node and the field.
  package init(_ value: JSONValue, file: String) throws {
    self.file = file
    let items = value.at("kind")?.string == "Node" ? [value] : value.at("items")?.array ?? []
    for item in items where item.at("kind")?.string == "Node" || value.at("kind")?.string == "NodeList" {
      cluster.nodes.append(try node(item))
    }
    for item in items where item.at("kind")?.string == "Pod" { try pod(item) }
  }

  /// The annotation in which bindings say which GPUs a pod has.
  package static var gpusAnnotation: String { "dsl.io/gpus" }

  private mutating func node(_ item: JSONValue) throws -> ClusterNode {
    guard let name = item.at("metadata", "name")?.string else {
      throw DSLError(.invalidInput, "\(file): a node has no metadata.name")
    }
    let have = item.at("status", "allocatable") ?? [:]
    func quantity(_ key: String, _ read: (String) -> Int?) throws -> Int {
      guard let text = have.at(key)?.string, let value = read(text) else {
        throw DSLError(
          .invalidInput, "\(file): node \(name): status.allocatable has no readable \"\(key)\"",
          fix: "write the file with: kubectl get nodes -o json")
      }
      return value
    }
    var node = ClusterNode(
      name: name, cpuMilli: try quantity("cpu", Quantity.milli),
      memoryMiB: try quantity("memory", Quantity.mebibytes))
    for label in item.at("metadata", "labels")?.object ?? [:] {
      node.labels[label.key] = label.value.string ?? ""
    }
    node.cordoned = item.at("spec", "unschedulable")?.bool ?? false
    let labels = node.labels
    func first(_ keys: [String]) -> String? { keys.lazy.compactMap { labels[$0] }.first }
    let isMIG = (have.object ?? [:]).contains {
      $0.key.hasPrefix("nvidia.com/mig-") && $0.value.string != "0"
    }
    let whole = have.at("nvidia.com/gpu")?.string.flatMap { Int($0) } ?? 0
    // In MIG mode the plugin counts instances; the label counts cards.
    let labelled = first(["nvidia.com/gpu.count", "neuronetes.io/gpu-count"]).flatMap { Int($0) }
    let gpus = isMIG ? labelled ?? 0 : whole
    guard gpus <= IdleGPUs.limit else {
      throw DSLError(
        .unsupported, "\(file): node \(name) has \(gpus) GPUs, at most \(IdleGPUs.limit) are supported",
        fix: "time-slicing multiplies GPUs: give the node's real count")
    }
    guard gpus > 0 else { return node }
    let product = first(["nvidia.com/gpu.product", "neuronetes.io/gpu-type"]) ?? "unknown"
    let memory =
      first(["nvidia.com/gpu.memory"]).flatMap { Int($0) }
      ?? first(["neuronetes.io/gpu-memory"]).flatMap { Quantity.mebibytes($0) }
    let name0 = product.hasSuffix("-SHARED") ? String(product.dropLast("-SHARED".count)) : product
    // A MIG node's memory label may be that of an instance.
    node.model = cluster.number(of: .known(name0, memoryMiB: isMIG ? nil : memory))
    node.topology = Self.topology(gpus, labels)
    if isMIG {
      node.migGPUs = node.topology.all
      if cluster.model(of: node)?.geometry == nil { node.migGPUs = 0 }
      notes.append("node \(name): all \(gpus) GPUs are taken to be in MIG mode")
    }
    facts(first, item, into: &node)
    return node
  }

  private static func topology(_ gpus: Int, _ labels: [String: String]) -> GPUTopology {
    let word = labels["neuronetes.io/gpu-topology"] ?? ""
    return word == "nvlink"
      ? GPUTopology(numa: Array(repeating: 0, count: gpus)) { _, _ in .nvlink(12) }
      : GPUTopology(unknown: gpus)
  }

  private func facts(_ first: ([String]) -> String?, _ item: JSONValue, into node: inout ClusterNode) {
    node.rack = first([
      "topology.kubernetes.io/rack", "cloud.provider.com/topology-rack", "neuronetes.io/rack",
    ])
    node.nvlinkDomain = first(["nvidia.com/gpu.clique", "neuronetes.io/nvlink-domain"])
    node.tenant = first(["neuronetes.io/tenant"])
    node.spot =
      first(["karpenter.sh/capacity-type", "node.kubernetes.io/lifecycle"]) == "spot"
      || first(["cloud.google.com/gke-spot"]) == "true" || first(["eks.amazonaws.com/capacityType"]) == "SPOT"
    let cached = item.at("metadata", "annotations", "neuronetes.io/cached-models")?.string ?? ""
    node.cachedModels = cached.split { $0 == "," || $0 == " " }.map(String.init)
    let shards = item.at("metadata", "annotations", "neuronetes.io/vector-shards")?.string ?? ""
    node.shards = shards.split { $0 == "," || $0 == " " }.map(String.init)
  }

  private mutating func pod(_ item: JSONValue) throws {
    let phase = item.at("status", "phase")?.string ?? ""
    guard let nodeName = item.at("spec", "nodeName")?.string, phase != "Succeeded", phase != "Failed",
      let node = cluster.nodes.firstIndex(where: { $0.name == nodeName })
    else { return }
    let namespace = item.at("metadata", "namespace")?.string ?? "default"
    let name = "\(namespace)/\(item.at("metadata", "name")?.string ?? "")"
    var demand = PodDemand()
    var gpus = 0
    for container in item.at("spec", "containers")?.array ?? [] {
      let asked = container.at("resources", "requests") ?? [:]
      demand.cpuMilli += asked.at("cpu")?.string.flatMap { Quantity.milli($0) } ?? 0
      demand.memoryMiB += asked.at("memory")?.string.flatMap { Quantity.mebibytes($0) } ?? 0
      gpus += (container.at("resources", "limits", "nvidia.com/gpu")?.string).flatMap { Int($0) } ?? 0
    }
    let topology = cluster.nodes[node].topology
    let noted = item.at("metadata", "annotations", Self.gpusAnnotation)?.string
    var mask: UInt32 = 0
    for gpu in (noted ?? "").split(separator: ",").compactMap({ Int($0) })
    where gpu >= 0 && gpu < topology.count {
      mask |= 1 << UInt32(gpu)
    }
    if mask.nonzeroBitCount != gpus {
      let taken = cluster.running.reduce(UInt32(0)) { $1.node == node ? $0 | $1.gpus : $0 }
      guard let assumed = topology.pick(gpus, from: topology.all & ~taken) else {
        notes.append("pod \(name): \(gpus) GPUs of node \(nodeName) are not there; it is left out")
        return
      }
      mask = assumed
      if gpus > 0 { notes.append("pod \(name): which GPUs of node \(nodeName) it has is assumed") }
    }
    demand.gpu = gpus > 0 ? .whole(gpus) : .none
    var workload = Workload(name, demand)
    workload.tenant = item.at("metadata", "labels", "neuronetes.io/tenant")?.string
    workload.priority = item.at("spec", "priority")?.int ?? 0
    switch item.at("status", "qosClass")?.string {
    case "Guaranteed": workload.qos = .guaranteed
    case "BestEffort": workload.qos = .bestEffort
    default: break
    }
    workload.startedAt = item.at("status", "startTime").flatMap { Timestamp.parse($0) }?.time.seconds ?? 0
    cluster.running.append(Binding(workload, member: 0, node: node, gpus: mask))
  }
}

extension JSONValue {
  /// The member of a member.
  fileprivate func at(_ path: String...) -> JSONValue? {
    path.reduce(Optional(self)) { $0?[$1] }
  }
}
