import DSLBase

/// Reads a cluster as people write it, in YAML or JSON; `docs/gpu.md` has the form.
package struct ClusterReader {
  let reader: YAMLReader
  private var cluster = Cluster()
  private var names: Set<String> = []

  private init(reader: YAMLReader) { self.reader = reader }

  /// - Throws: `invalidInput` with every problem, by line and field.
  package static func cluster(_ text: String, file: String) throws -> Cluster {
    guard let root = try YAMLNode.document(in: text, file: file) else {
      throw DSLError(.invalidInput, "\(file) holds nothing", fix: "list nodes under \"nodes\"")
    }
    var reading = ClusterReader(reader: YAMLReader(file: file))
    reading.read(root)
    try reading.reader.finish()
    return reading.cluster
  }

  private mutating func read(_ root: YAMLNode) {
    guard let top = reader.mapping(root, keys: ["models", "nodes", "running"]) else { return }
    for item in top["models"].flatMap({ reader.list($0) }) ?? [] { readModel(item) }
    for item in reader.required("nodes", in: top).flatMap({ reader.list($0) }) ?? [] { readNode(item) }
    guard let running = top["running"], let items = reader.list(running) else { return }
    var bindings = RunningReader(reader: reader, cluster: cluster)
    for item in items { bindings.read(item) }
    cluster.running = bindings.found
    cluster.memoryUse.gpuOfPod = bindings.gpuMemory
    cluster.memoryUse.memoryOfPod = bindings.memory
  }

  private mutating func readModel(_ item: YAMLNode) {
    let keys = ["name", "memory", "idle_watts", "full_watts", "cost_per_hour"]
    guard let fields = reader.mapping(item, keys: keys),
      let name = reader.required("name", in: fields).flatMap({ reader.string($0) })
    else { return }
    var model = GPUModel.known(name, memoryMiB: fields["memory"].flatMap { reader.mebibytes($0) })
    func amount(_ key: String) -> Double? { fields[key].flatMap { reader.number($0, in: 0...1e6) } }
    model.idleWatts = amount("idle_watts") ?? model.idleWatts
    model.fullWatts = amount("full_watts") ?? model.fullWatts
    model.costPerHour = amount("cost_per_hour")
    if cluster.models.contains(where: { $0.name == model.name }) {
      reader.report("a model of this name was described before", at: item)
    } else {
      cluster.models.append(model)
    }
  }

  private static let nodeKeys = [
    "name", "count", "cpu", "memory", "gpus", "model", "numa", "links", "rack", "nvlink_domain", "tenant",
    "spot",
    "cost_per_hour", "carbon", "cached_models", "shards", "labels", "mig", "mig_reserve", "cordoned",
    "gpu_memory_used", "memory_used",
  ]

  private mutating func readNode(_ item: YAMLNode) {
    guard let fields = reader.mapping(item, keys: Self.nodeKeys),
      let name = reader.required("name", in: fields).flatMap({ reader.string($0) }),
      let cpu = reader.required("cpu", in: fields).flatMap({ reader.milliCPU($0) }),
      let memory = reader.required("memory", in: fields).flatMap({ reader.mebibytes($0) })
    else { return }
    let gpus = fields["gpus"].flatMap { reader.integer($0, in: 0...IdleGPUs.limit) } ?? 0
    var node = ClusterNode(name: name, cpuMilli: cpu, memoryMiB: memory)
    node.topology = topology(fields, gpus: gpus)
    if gpus > 0 {
      guard let model = reader.required("model", in: fields).flatMap({ reader.string($0) }) else { return }
      node.model = cluster.number(of: .known(model))
    }
    readFacts(fields, into: &node)
    let count = fields["count"].flatMap { reader.integer($0, in: 1...100_000) }
    for copy in 0..<(count ?? 1) {
      node.name = count == nil ? name : "\(name)-\(copy)"
      node.labels["kubernetes.io/hostname"] = node.labels["kubernetes.io/hostname"] ?? node.name
      if !names.insert(node.name).inserted {
        reader.report("there is a node \"\(node.name)\" already", at: item)
      }
      readUse(fields, of: node)
      cluster.nodes.append(node)
      if count != nil { node.labels["kubernetes.io/hostname"] = nil }
    }
  }

  /// What is in use of a node's memories, as measured.
  private mutating func readUse(_ fields: YAMLMapping, of node: ClusterNode) {
    let number = cluster.nodes.count
    cluster.memoryUse.ofNode[number] = fields["memory_used"].flatMap { reader.mebibytes($0) }
    guard let item = fields["gpu_memory_used"], let amounts = reader.list(item) else { return }
    guard amounts.count == node.topology.count else {
      return reader.report(
        "expected \(node.topology.count) amounts, one for each GPU, found \(amounts.count)", at: item)
    }
    cluster.memoryUse.ofGPUs[number] = amounts.map { reader.mebibytes($0) ?? 0 }
  }

  private func readFacts(_ fields: YAMLMapping, into node: inout ClusterNode) {
    func text(_ key: String) -> String? { fields[key].flatMap { reader.string($0) } }
    func texts(_ key: String) -> [String] {
      (fields[key].flatMap { reader.list($0) } ?? []).compactMap { reader.string($0) }
    }
    node.rack = text("rack")
    node.nvlinkDomain = text("nvlink_domain")
    node.tenant = text("tenant")
    node.spot = fields["spot"].flatMap { reader.bool($0) } ?? false
    node.cordoned = fields["cordoned"].flatMap { reader.bool($0) } ?? false
    node.costPerHour = fields["cost_per_hour"].flatMap { reader.number($0, in: 0...1e6) }
    node.carbon = fields["carbon"].flatMap { reader.number($0, in: 0...10_000) }
    node.cachedModels = texts("cached_models")
    node.shards = texts("shards")
    if let labels = fields["labels"], let mapping = reader.mapping(labels, keys: nil) {
      for member in mapping.members {
        node.labels[member.key] = reader.string(member.value, allowEmpty: true) ?? ""
      }
    }
    for item in fields["mig"].flatMap({ reader.list($0) }) ?? [] {
      if let gpu = reader.gpu(item, of: node.topology.count) { node.migGPUs |= 1 << UInt32(gpu) }
    }
    if node.migGPUs != 0, cluster.model(of: node)?.geometry == nil, let mig = fields["mig"] {
      reader.report("this model's MIG placements are not known", at: mig)
    }
    readReserve(fields, into: &node)
  }

  /// `3g.40gb` for all GPUs in MIG mode, or `{6: 3g.40gb}` for some.
  private func readReserve(_ fields: YAMLMapping, into node: inout ClusterNode) {
    guard let item = fields["mig_reserve"], let geometry = cluster.model(of: node)?.geometry else {
      if let item = fields["mig_reserve"] { reader.report("the node has no GPU in MIG mode", at: item) }
      return
    }
    func profile(_ item: YAMLNode) -> Int? {
      reader.choice(item, of: geometry.profiles.map(\.name)).flatMap { geometry.profile(named: $0) }
    }
    let gpus = (0..<node.topology.count).filter { node.migGPUs >> UInt32($0) & 1 == 1 }
    if case .scalar = item.content {
      for gpu in gpus { node.migReserve[gpu] = profile(item) }
      if gpus.isEmpty { reader.report("the node has no GPU in MIG mode", at: item) }
      return
    }
    for member in reader.mapping(item, keys: nil)?.members ?? [] {
      if let gpu = Int(member.key), gpus.contains(gpu) {
        node.migReserve[gpu] = profile(member.value)
      } else {
        reader.report("GPU \(member.key) is not in MIG mode", at: member.value)
      }
    }
  }

  /// NUMA groups and links: one word for all pairs, or the rows of the matrix.
  private func topology(_ fields: YAMLMapping, gpus: Int) -> GPUTopology {
    var numa = Array(repeating: 0, count: gpus)
    if let item = fields["numa"], let groups = reader.list(item) {
      if groups.count == gpus {
        numa = groups.map { reader.integer($0, in: 0...1023) ?? 0 }
      } else {
        reader.report("expected \(gpus) numbers, one for each GPU, found \(groups.count)", at: item)
      }
    }
    guard let item = fields["links"] else {
      return GPUTopology(numa: numa) { numa[$0] == numa[$1] ? .phb : .sys }
    }
    if case .scalar(let scalar) = item.content {
      guard let link = GPULink(scalar.text) else {
        reader.report("expected NV1 to NV64, PIX, PXB, PHB, NODE or SYS, found \(item.kind)", at: item)
        return GPUTopology(unknown: gpus)
      }
      return GPUTopology(numa: numa) { _, _ in link }
    }
    guard let rows = reader.list(item), let matrix = matrix(rows, gpus: gpus, at: item) else {
      return GPUTopology(unknown: gpus)
    }
    return GPUTopology(numa: numa) { matrix[$0][$1] }
  }

  private func matrix(_ rows: [YAMLNode], gpus: Int, at item: YAMLNode) -> [[GPULink]]? {
    guard rows.count == gpus else {
      reader.report("expected \(gpus) rows, one for each GPU, found \(rows.count)", at: item)
      return nil
    }
    var matrix: [[GPULink]] = []
    for (row, node) in rows.enumerated() {
      guard let text = reader.string(node) else { return nil }
      let cells = text.split(separator: " ")
      // What stands on the diagonal is never asked for.
      let links = cells.enumerated().map { $0.offset == row ? GPULink.sys : GPULink($0.element) }
      guard links.count == gpus, !links.contains(nil) else {
        reader.report("expected \(gpus) links such as \"X NV12 SYS\"", at: node)
        return nil
      }
      matrix.append(links.compactMap { $0 })
    }
    for a in 0..<gpus {
      for b in 0..<a where matrix[a][b] != matrix[b][a] {
        reader.report(
          "GPU\(b) to GPU\(a) is \(matrix[b][a].text), back it is \(matrix[a][b].text)", at: rows[a])
      }
    }
    return matrix
  }
}

extension YAMLReader {
  /// Memory in MiB: `80Gi`, or a number of bytes.
  func mebibytes(_ node: YAMLNode) -> Int? {
    guard let text = string(node) else { return nil }
    if let value = Quantity.mebibytes(text), value <= Int(Int32.max) { return value }
    report("expected an amount of memory such as 80Gi, found \(node.kind)", at: node)
    return nil
  }

  /// Thousandths of a CPU: `64`, `1500m`.
  func milliCPU(_ node: YAMLNode) -> Int? {
    guard let text = string(node) else { return nil }
    if let value = Quantity.milli(text), value <= Int(Int32.max) { return value }
    report("expected CPUs such as 64 or 1500m, found \(node.kind)", at: node)
    return nil
  }

  /// The number of a GPU of a node.
  func gpu(_ node: YAMLNode, of count: Int) -> Int? {
    guard count > 0 else {
      report("the node has no GPU", at: node)
      return nil
    }
    return integer(node, in: 0...count - 1)
  }
}
