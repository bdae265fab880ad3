package import DSLBase

extension Cluster {
  /// Bindings in the form of `running` in a cluster file, one item a pod: what is written here is read back by the same
  /// reader, so a record of who has which GPUs and a file that people write are one thing.
  package func runningJSON(_ bindings: [Binding]) -> JSONValue { .array(bindings.map(runningItem)) }

  private func runningItem(_ binding: Binding) -> JSONValue {
    let (workload, demand) = (binding.workload, binding.workload.demand)
    let gpus = (0..<IdleGPUs.limit).filter { binding.gpus >> UInt32($0) & 1 == 1 }
    var item: JSONObject = [
      "workload": .string(workload.name), "members": .int(workload.members), "member": .int(binding.member),
      "node": .string(nodes[binding.node].name), "gpus": .array(gpus.map { .int($0) }),
    ]
    if case .share(let milli) = demand.gpu { item["milli"] = .int(milli) }
    if let instance = binding.instance, let geometry = model(of: nodes[binding.node])?.geometry {
      item["mig"] = .string(geometry.text(instance))
    }
    if demand.cpuMilli > 0 { item["cpu"] = .string("\(demand.cpuMilli)m") }
    if demand.memoryMiB > 0 { item["memory"] = .string("\(demand.memoryMiB)Mi") }
    if workload.priority != 0 { item["priority"] = .int(workload.priority) }
    item["qos"] = .string(workload.qos.rawValue)
    item["tenant"] = workload.tenant.map { .string($0) }
    item["pool"] = workload.pool.map { .string($0) }
    if !workload.preemptible { item["preemptible"] = false }
    if !workload.avoids.isEmpty { item["avoids"] = .strings(workload.avoids) }
    if workload.startedAt > 0 { item["started"] = .double(workload.startedAt) }
    return .object(item)
  }

  /// Reads bindings in that form.
  ///
  /// - Parameter place: what the form was found in, for messages.
  /// - Throws: `invalidInput` with every problem: a node, GPU or instance that is not there, a member that cannot be read.
  package func bindings(running: JSONValue, in place: String) throws -> [Binding] {
    guard let root = try YAMLNode.document(in: running.text(), file: place) else { return [] }
    let reader = YAMLReader(file: place)
    var found = RunningReader(reader: reader, cluster: self)
    for item in reader.list(root) ?? [] { found.read(item) }
    try reader.finish()
    return found.found
  }
}
