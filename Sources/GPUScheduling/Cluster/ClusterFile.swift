package import DSLBase

/// A cluster from a file of any form that is known.
package struct ClusterFile {
  package let cluster: Cluster
  /// What was left out, and what was assumed.
  package let notes: [String]

  /// Reads YAML or JSON of our own form, `kubectl get nodes[,pods] -o json`, or the node list of a trace (`.csv`).
  ///
  /// - Throws: `invalidInput` naming place and reason.
  package init(_ text: String, file: String) throws {
    if file.lowercased().hasSuffix(".csv") {
      cluster = Cluster(try OpenbNodes(try CSVTable(text, name: file)))
      notes = ["\(file): racks, links and tenants of a trace's nodes are not known"]
      return
    }
    if text.first(where: { !$0.isWhitespace }) == "{", let value = try? JSONParser.parse(text),
      KubernetesNodes.isList(value)
    {
      let read = try KubernetesNodes(value, file: file)
      cluster = read.cluster
      notes = read.notes
      return
    }
    cluster = try ClusterReader.cluster(text, file: file)
    notes = []
  }
}

extension Cluster {
  /// The form that `ClusterReader` reads.
  package var json: JSONValue {
    [
      "models": .array(
        models.map { model in
          var object: JSONObject = [
            "name": .string(model.name), "memory": .string("\(model.memoryMiB)Mi"),
            "idle_watts": .double(model.idleWatts), "full_watts": .double(model.fullWatts),
          ]
          object["cost_per_hour"] = model.costPerHour.map { .double($0) }
          return .object(object)
        }),
      "nodes": .array(nodes.indices.map(json)),
    ]
  }

  private func json(_ number: Int) -> JSONValue {
    let node = nodes[number]
    let gpus = node.topology.count
    var object: JSONObject = [
      "name": .string(node.name), "cpu": .string("\(node.cpuMilli)m"),
      "memory": .string("\(node.memoryMiB)Mi"),
    ]
    if let model = model(of: node) {
      object["gpus"] = .int(gpus)
      object["model"] = .string(model.name)
      object["numa"] = .array(node.topology.numa.map { .int($0) })
      if gpus > 1 { object["links"] = Self.links(node.topology) }
    }
    for (key, value) in [("rack", node.rack), ("nvlink_domain", node.nvlinkDomain), ("tenant", node.tenant)] {
      object[key] = value.map { .string($0) }
    }
    if node.spot { object["spot"] = true }
    if node.cordoned { object["cordoned"] = true }
    object["cost_per_hour"] = node.costPerHour.map { .double($0) }
    object["carbon"] = node.carbon.map { .double($0) }
    if !node.cachedModels.isEmpty { object["cached_models"] = .strings(node.cachedModels) }
    if !node.shards.isEmpty { object["shards"] = .strings(node.shards) }
    if node.migGPUs != 0 {
      object["mig"] = .array((0..<gpus).filter { node.migGPUs >> UInt32($0) & 1 == 1 }.map { .int($0) })
    }
    if !node.migReserve.isEmpty, let geometry = model(of: node)?.geometry {
      var reserve = JSONObject()
      for (gpu, profile) in node.migReserve.sorted(by: { $0.key < $1.key }) {
        reserve["\(gpu)"] = .string(geometry.profiles[profile].name)
      }
      object["mig_reserve"] = .object(reserve)
    }
    if let used = memoryUse.ofGPUs[number] {
      object["gpu_memory_used"] = .strings(used.map { "\($0)Mi" })
    }
    object["memory_used"] = memoryUse.ofNode[number].map { .string("\($0)Mi") }
    if !node.labels.isEmpty {
      var labels = JSONObject()
      for key in node.labels.keys.sorted() { labels[key] = node.labels[key].map { .string($0) } }
      object["labels"] = .object(labels)
    }
    return .object(object)
  }

  /// One word where all pairs are linked alike, else the rows of the matrix.
  private static func links(_ topology: GPUTopology) -> JSONValue {
    let gpus = topology.count
    let rows = (0..<gpus).map { a in (0..<gpus).map { topology.link(a, $0)?.text ?? "X" } }
    let words = Set(rows.flatMap { $0 }.filter { $0 != "X" })
    if words.count == 1, let word = words.first { return .string(word) }
    return .strings(rows.map { $0.joined(separator: " ") })
  }
}
