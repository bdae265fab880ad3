import DSLBase

/// A trace in the form of Alibaba's cluster-trace-gpu-v2023 ("openb"): nodes, and pods in the order of the file.
package struct OpenbTrace: Sendable {
  /// A pod of the trace.
  package struct Pod: Sendable, Equatable {
    package var name: String
    package var shape: PodShape
    /// Latency sensitive, best effort, …; `nil` where the file has no such column.
    package var qos: String?
    /// Seconds since the trace began; `nil` where the file has no times.
    package var lifetime: Range<Int>?
  }

  package let nodeNames: [String]
  package let nodes: [NodeCapacity]
  /// The GPU models by number.
  package let models: [String]
  package let pods: [Pod]

  /// Reads a trace.
  ///
  /// - Parameters:
  ///   - nodes: `sn,cpu_milli,memory_mib,gpu,model`.
  ///   - pods: `name,cpu_milli,memory_mib,num_gpu,gpu_milli[,gpu_spec,qos,pod_phase,creation_time,deletion_time,
  ///     scheduled_time]`; `gpu_spec` lists models with `|`.
  /// - Throws: `invalidInput` naming file, line and column.
  package init(nodes nodeTable: CSVTable, pods podTable: CSVTable) throws {
    let read = try OpenbNodes(nodeTable)
    nodeNames = read.names
    self.nodes = read.capacities
    models = read.models
    let models = read.models
    pods = try podTable.rows.indices.map { try Self.pod(podTable, $0, models) }
  }

  private static func pod(_ table: CSVTable, _ row: Int, _ models: [String]) throws -> Pod {
    let count = try table.integer(row, "num_gpu", 0...UInt8(IdleGPUs.limit))
    let milli = try table.integer(row, "gpu_milli", 0...Int16(1000))
    guard (count == 0) == (milli == 0), count < 2 || milli == 1000 else {
      throw DSLError(
        .invalidInput,
        "\(table.name):\(table.lines[row]): num_gpu \(count) with gpu_milli \(milli): parts are asked of one GPU only"
      )
    }
    let shape = PodShape(
      cpuMilli: try table.integer(row, "cpu_milli", 0...Int32.max / 2),
      memoryMiB: try table.integer(row, "memory_mib", 0...Int32.max / 2), gpuMilli: milli, gpuCount: count,
      models: set(table.optional(row, "gpu_spec") ?? "", models))
    var lifetime: Range<Int>?
    if let from = table.optional(row, "creation_time"), !from.isEmpty {
      let from = try table.integer(row, "creation_time", 0...Int.max / 2)
      lifetime = from..<(try table.integer(row, "deletion_time", from...Int.max / 2))
    }
    return Pod(
      name: String(try table.text(row, "name")), shape: shape,
      qos: table.optional(row, "qos").map(String.init),
      lifetime: lifetime)
  }

  /// The set of models listed; a name that no node has stands for nothing, so a pod that asks for no other waits.
  private static func set(_ list: Substring, _ models: [String]) -> GPUModelSet {
    guard !list.isEmpty else { return .any }
    var set = GPUModelSet(bits: 0)
    for name in list.split(separator: "|") {
      if let number = models.firstIndex(of: String(name)) { set.bits |= 1 << UInt64(number) }
    }
    return set
  }
}

/// The node list of such a trace.
package struct OpenbNodes: Sendable {
  package let names: [String]
  package let capacities: [NodeCapacity]
  /// The GPU models by number.
  package let models: [String]

  /// Reads `sn,cpu_milli,memory_mib,gpu,model`.
  ///
  /// - Throws: `invalidInput` naming file, line and column.
  package init(_ table: CSVTable) throws {
    var (names, capacities, models): ([String], [NodeCapacity], [String]) = ([], [], [])
    for row in table.rows.indices {
      let model = String(try table.text(row, "model"))
      let number = models.firstIndex(of: model) ?? models.count
      if number == models.count { models.append(model) }
      names.append(String(try table.text(row, "sn")))
      capacities.append(
        NodeCapacity(
          cpuMilli: try table.integer(row, "cpu_milli", 0...Int32.max / 2),
          memoryMiB: try table.integer(row, "memory_mib", 0...Int32.max / 2),
          gpuCount: try table.integer(row, "gpu", 0...UInt8(IdleGPUs.limit)), model: UInt8(number)))
      guard models.count <= 63 else {
        throw DSLError(.unsupported, "\(table.name): more than 63 GPU models")
      }
    }
    self.names = names
    self.capacities = capacities
    self.models = models
  }
}
