import DSLBase

/// Reads what runs on a cluster: one item a pod.
struct RunningReader {
  let reader: YAMLReader
  let cluster: Cluster
  var found: [Binding] = []
  /// By pod: MiB in use of each of its GPUs, and of its node's memory, where that was measured.
  var gpuMemory: [String: Int] = [:]
  var memory: [String: Int] = [:]

  private static let keys = [
    "workload", "member", "members", "node", "gpus", "milli", "mig", "cpu", "memory", "priority", "qos",
    "tenant", "pool", "preemptible", "started", "avoids", "gpu_memory_used", "memory_used",
  ]

  init(reader: YAMLReader, cluster: Cluster) {
    self.reader = reader
    self.cluster = cluster
  }

  mutating func read(_ item: YAMLNode) {
    guard let fields = reader.mapping(item, keys: Self.keys),
      let name = reader.required("workload", in: fields).flatMap({ reader.string($0) }),
      let nodeName = reader.required("node", in: fields),
      let node = reader.string(nodeName)
    else { return }
    guard let number = cluster.nodes.firstIndex(where: { $0.name == node }) else {
      return reader.report("there is no node \"\(node)\"", at: nodeName)
    }
    func integer(_ key: String, _ range: ClosedRange<Int>) -> Int? {
      fields[key].flatMap { reader.integer($0, in: range) }
    }
    var gpus: UInt32 = 0
    for gpu in fields["gpus"].flatMap({ reader.list($0) }) ?? [] {
      guard let gpu = reader.gpu(gpu, of: cluster.nodes[number].topology.count) else { return }
      gpus |= 1 << UInt32(gpu)
    }
    var demand = PodDemand()
    demand.cpuMilli = fields["cpu"].flatMap { reader.milliCPU($0) } ?? 0
    demand.memoryMiB = fields["memory"].flatMap { reader.mebibytes($0) } ?? 0
    guard let use = self.use(fields, gpus, cluster.nodes[number]) else { return }
    demand.gpu = use.demand
    var workload = Workload(name, demand, members: integer("members", 1...100_000) ?? 1)
    workload.priority = integer("priority", -1_000_000_000...2_000_000_000) ?? 0
    workload.tenant = fields["tenant"].flatMap { reader.string($0) }
    workload.pool = fields["pool"].flatMap { reader.string($0) }
    workload.preemptible = fields["preemptible"].flatMap { reader.bool($0) } ?? true
    if let qos = fields["qos"].flatMap({ reader.choice($0, of: QualityOfService.allCases.map(\.rawValue)) }) {
      workload.qos = QualityOfService(rawValue: qos) ?? .burstable
    }
    if let started = fields["started"], let text = reader.string(started) {
      if let time = Double(text) ?? Timestamp.parse(text)?.time.seconds {
        workload.startedAt = time
      } else {
        reader.report("expected a time such as 2026-11-21T09:00:00Z, or seconds since 1970", at: started)
      }
    }
    let member = integer("member", 0...workload.members - 1) ?? 0
    workload.avoids = (fields["avoids"].flatMap { reader.list($0) } ?? []).compactMap { reader.string($0) }
    let binding = Binding(workload, member: member, node: number, gpus: gpus, instance: use.instance)
    found.append(binding)
    if let used = fields["gpu_memory_used"] {
      if gpus == 0 { reader.report("it has no GPU", at: used) }
      gpuMemory[binding.pod] = reader.mebibytes(used)
    }
    memory[binding.pod] = fields["memory_used"].flatMap { reader.mebibytes($0) }
  }

  /// What it uses of its GPUs.
  private func use(
    _ fields: YAMLMapping, _ gpus: UInt32, _ node: ClusterNode
  ) -> (demand: GPUDemand, instance: MIGInstance?)? {
    let count = gpus.nonzeroBitCount
    if let mig = fields["mig"], let text = reader.string(mig) {
      guard count == 1, let geometry = cluster.model(of: node)?.geometry,
        let instance = geometry.instance(text)
      else {
        reader.report("expected one GPU under \"gpus\" and an instance of it such as 3g.40gb@4", at: mig)
        return nil
      }
      return (.mig(geometry.profiles[instance.profile].name), instance)
    }
    if let milli = fields["milli"] {
      guard count == 1 else {
        reader.report("a part is of one GPU: name it under \"gpus\"", at: milli)
        return nil
      }
      return reader.integer(milli, in: 1...999).map { (.share($0), nil) }
    }
    return (count == 0 ? .none : .whole(count), nil)
  }
}

extension MIGGeometry {
  /// An instance as people write it: "3g.40gb@4".
  package func instance(_ text: String) -> MIGInstance? {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, let profile = profile(named: String(parts[0])), let start = Int(parts[1]),
      profiles[profile].starts.contains(start)
    else { return nil }
    return MIGInstance(profile: profile, start: start)
  }
}
