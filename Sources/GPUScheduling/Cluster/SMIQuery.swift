import DSLBase

/// What `nvidia-smi -q -x` says of a node's GPUs.
package struct SMIQuery: Sendable, Equatable {
  /// A GPU.
  package struct Device: Sendable, Equatable {
    /// "NVIDIA A100-SXM4-40GB".
    package var product: String
    package var uuid: String
    package var memoryMiB: Int
    /// Of that, in use; `nil` where the driver does not say.
    package var usedMiB: Int?
    /// Watts that it may draw; `nil` where the board does not say.
    package var powerLimit: Double?
    /// Whether it is cut into instances.
    package var isMIG: Bool
    /// By instance: its memory, MiB, and its share of the multiprocessors.
    package var instances: [Instance]
  }

  /// A MIG device: the query names neither its profile nor its start.
  package struct Instance: Sendable, Equatable {
    package var gpuInstance: Int
    package var memoryMiB: Int
    package var multiprocessors: Int
  }

  package let driver: String
  package let devices: [Device]

  /// - Throws: `invalidInput` naming file and what is missing.
  package init(_ text: String, file: String) throws {
    let root = try XMLElement.document(text, file: file)
    guard root.name == "nvidia_smi_log" else {
      throw DSLError(
        .invalidInput, "\(file): the root is <\(root.name)>, expected <nvidia_smi_log>",
        fix: "write it with: nvidia-smi -q -x > \(file)")
    }
    driver = root["driver_version"]?.text ?? ""
    devices = try root.all("gpu").enumerated().map { try Self.device($1, name: "\(file): gpu \($0)") }
  }

  private static func device(_ gpu: XMLElement, name: String) throws -> Device {
    func missing(_ field: String) -> DSLError { DSLError(.invalidInput, "\(name): no readable <\(field)>") }
    guard let product = gpu["product_name"]?.text, !product.isEmpty else { throw missing("product_name") }
    guard let memory = number(gpu["fb_memory_usage"]?["total"], "MiB") else {
      throw missing("fb_memory_usage/total")
    }
    // Drivers from 535 on write gpu_power_readings, earlier ones power_readings.
    let power = gpu["gpu_power_readings"] ?? gpu["power_readings"]
    let limits = ["max_power_limit", "default_power_limit", "power_limit", "current_power_limit"]
    let instances = try (gpu["mig_devices"]?.all("mig_device") ?? []).map { device in
      guard let memory = number(device["fb_memory_usage"]?["total"], "MiB"),
        let instance = (device["gpu_instance_id"]?.text).flatMap({ Int($0) })
      else { throw missing("mig_device") }
      let shared = device["device_attributes"]?["shared"]
      return Instance(
        gpuInstance: instance, memoryMiB: Int(memory),
        multiprocessors: (shared?["multiprocessor_count"]?.text).flatMap { Int($0) } ?? 0)
    }
    return Device(
      product: product, uuid: gpu["uuid"]?.text ?? "", memoryMiB: Int(memory),
      usedMiB: number(gpu["fb_memory_usage"]?["used"], "MiB").map { Int($0) },
      powerLimit: limits.lazy.compactMap { number(power?[$0], "W") }.first,
      isMIG: gpu["mig_mode"]?["current_mig"]?.text == "Enabled", instances: instances)
  }

  /// "40960 MiB", "400.00 W"; `nil` for "N/A".
  private static func number(_ element: XMLElement?, _ unit: String) -> Double? {
    guard let parts = element?.text.split(separator: " "), parts.count == 2, parts[1] == unit else {
      return nil
    }
    return Double(parts[0])
  }

  /// The node, when all its GPUs are of one model.
  ///
  /// - Parameters:
  ///   - topology: of `nvidia-smi topo -m`; without it links are unknown.
  ///   - cpuMilli: of the machine; 0 when not known.
  /// - Throws: `conflict` when the matrix has another number of GPUs, `unsupported` for a mix of models.
  package func node(
    named name: String, topology: SMITopology?, cpuMilli: Int, memoryMiB: Int, into cluster: inout Cluster
  ) throws -> ClusterNode {
    guard devices.count <= IdleGPUs.limit, Set(devices.map(\.product)).count <= 1 else {
      throw DSLError(
        .unsupported, "\(name): a node has at most \(IdleGPUs.limit) GPUs, all of one model",
        fix: "describe the models as nodes of their own")
    }
    if let topology, topology.topology.count != devices.count {
      throw DSLError(
        .conflict, "\(name): the matrix has \(topology.topology.count) GPUs, the query \(devices.count)",
        fix: "take both from one machine, without CUDA_VISIBLE_DEVICES")
    }
    var node = ClusterNode(
      name: name, cpuMilli: cpuMilli, memoryMiB: memoryMiB,
      topology: topology?.topology ?? GPUTopology(unknown: devices.count))
    if let device = devices.first {
      var model = GPUModel.known(device.product, memoryMiB: device.memoryMiB)
      if let limit = device.powerLimit {
        (model.idleWatts, model.fullWatts) = (min(model.idleWatts, limit), limit)
      }
      if model.idleWatts == 0 { model.idleWatts = (model.fullWatts / 10).rounded() }
      node.model = cluster.number(of: model)
    }
    for (gpu, device) in devices.enumerated() where device.isMIG { node.migGPUs |= 1 << UInt32(gpu) }
    return node
  }

  /// MiB in use of each GPU; `nil` when the driver does not say it of all.
  package var usedMiB: [Int]? {
    let used = devices.compactMap(\.usedMiB)
    return used.isEmpty || used.count < devices.count ? nil : used
  }

  /// The profiles of a GPU's instances, as its geometry names them: the one of most nearly their memory among those with
  /// their compute slices.
  package static func profiles(of device: Device) -> [String] {
    guard let geometry = GPUModel.known(device.product, memoryMiB: device.memoryMiB).geometry else {
      return []
    }
    // A slice has 14 multiprocessors of an A100, 16 of an H100 or H200.
    let slice = geometry.model.hasPrefix("A100") ? 14 : 16
    return device.instances.compactMap { instance in
      let slices = max(1, (instance.multiprocessors + slice / 2) / slice)
      return geometry.profiles.filter { $0.computeSlices == slices && !$0.name.hasSuffix("+me") }
        .min { abs($0.memoryMiB - instance.memoryMiB) < abs($1.memoryMiB - instance.memoryMiB) }?.name
    }
  }
}
