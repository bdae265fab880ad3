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
    let nodeItems = items.filter {
      $0.at("kind")?.string == "Node" || value.at("kind")?.string == "NodeList"
    }
    for item in nodeItems { cluster.nodes.append(try node(item)) }
    var pods = KubernetesPods(cluster: cluster)
    // Those first of which it is written down what they have: others are assumed to have what is left.
    let podItems = items.filter { $0.at("kind")?.string == "Pod" }
    for isNoted in [true, false] {
      for item in podItems where (item.annotation(.gpus) != nil) == isNoted { pods.read(item) }
    }
    (cluster.running, cluster.memoryUse.gpuOfPod, cluster.memoryUse.memoryOfPod) = pods.finished()
    notes += pods.notes
    for (number, item) in nodeItems.enumerated() { readUse(item, of: number) }
  }

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

  /// Memory in use, where annotations tell of it: one amount for each GPU, and one of the node.
  private mutating func readUse(_ item: JSONValue, of node: Int) {
    func amounts(_ key: PodAnnotation) -> [Int?] {
      (item.annotation(key) ?? "").split(separator: ",").map { Quantity.mebibytes(String($0)) }
    }
    let (gpus, memory) = (amounts(.gpuMemoryUsed), amounts(.memoryUsed))
    let name = cluster.nodes[node].name
    if !gpus.isEmpty {
      if gpus.count == cluster.nodes[node].topology.count, !gpus.contains(nil) {
        cluster.memoryUse.ofGPUs[node] = gpus.compactMap { $0 }
      } else {
        notes.append("node \(name): \(PodAnnotation.gpuMemoryUsed.rawValue) is not one amount for each GPU")
      }
    }
    if let used = memory.first { cluster.memoryUse.ofNode[node] = used }
  }
}

extension JSONValue {
  /// The member of a member.
  func at(_ path: String...) -> JSONValue? {
    path.reduce(Optional(self)) { $0?[$1] }
  }

  /// An annotation of ours of a Kubernetes object.
  func annotation(_ key: PodAnnotation) -> String? { at("metadata", "annotations", key.rawValue)?.string }
}
