package import DSLBase

/// Manifests that belong together, with their references resolved.
package struct ManifestSet: Sendable {
  package let manifests: [Manifest]

  /// A pool with what it refers to.
  package struct Pool: Sendable {
    package var pool: Manifest
    package var agentClass: Manifest
    package var model: Manifest

    /// "team-a/chat", or the name alone in the default namespace.
    package var name: String { pool.namespace == "default" ? pool.name : "\(pool.namespace)/\(pool.name)" }
    package var minReplicas: Int { pool.spec["minReplicas"]?.int ?? 0 }
    package var maxReplicas: Int { pool.spec["maxReplicas"]?.int ?? 0 }
    /// Of all replicas together.
    package var maxCostPerHour: Double? {
      let cost = pool.spec["scheduling"]?["costOptimization"]
      return cost?["enabled"]?.bool ?? false ? cost?["maxCostPerHour"]?.double : nil
    }
  }

  /// In the order of the files.
  package let pools: [Pool]

  /// - Throws: `invalidInput` naming every name that comes twice, every reference that leads nowhere, and pools whose model
  ///   cannot be spread over their GPUs.
  package init(_ manifests: [Manifest]) throws(DSLError) {
    var problems: [String] = []
    for (index, manifest) in manifests.enumerated() {
      guard let earlier = manifests[..<index].first(where: { $0.isSame(as: manifest) }) else { continue }
      problems.append(
        "\(manifest.place): \(manifest.title) is described at \(earlier.file):\(earlier.line) already")
    }
    func find(_ kind: ManifestKind, _ field: String, of manifest: Manifest) -> Manifest? {
      let reference = manifest.spec[field]
      let name = reference?["name"]?.string ?? ""
      let namespace = reference?["namespace"]?.string ?? manifest.namespace
      let there = manifests.filter { $0.kind == kind && $0.namespace == namespace }
      if let found = there.first(where: { $0.name == name }) { return found }
      let hint = NearestSpelling.hint(for: name, among: there.map(\.name))
      problems.append(
        "\(manifest.place): spec.\(field).name: there is no \(kind.rawValue) \"\(name)\" in \(namespace)\(hint)"
      )
      return nil
    }
    var pools: [Pool] = []
    for manifest in manifests {
      switch manifest.kind {
      case .model: break
      case .agentClass: _ = find(.model, "modelRef", of: manifest)
      case .toolBinding: _ = find(.agentPool, "agentPoolRef", of: manifest)
      case .agentPool:
        guard let agentClass = find(.agentClass, "agentClassRef", of: manifest) else { continue }
        // What the class lacks is said once, at the class.
        let name = agentClass.spec["modelRef"]?["name"]?.string
        let namespace = agentClass.spec["modelRef"]?["namespace"]?.string ?? agentClass.namespace
        guard
          let model = manifests.first(where: {
            $0.kind == .model && $0.name == name && $0.namespace == namespace
          })
        else { continue }
        let pool = Pool(pool: manifest, agentClass: agentClass, model: model)
        if let problem = pool.shardProblem { problems.append("\(manifest.place): \(problem)") }
        pools.append(pool)
      }
    }
    if !problems.isEmpty {
      let rest = problems.count > 20 ? "\nand \(problems.count - 20) more" : ""
      throw DSLError(.invalidInput, problems.prefix(20).joined(separator: "\n") + rest)
    }
    self.manifests = manifests
    self.pools = pools
  }
}

extension Manifest {
  var place: String { "\(file):\(line)" }

  func isSame(as other: Manifest) -> Bool {
    kind == other.kind && name == other.name && namespace == other.namespace
  }
}

extension ManifestSet.Pool {
  /// Shards that run together or not at all: of data-parallel ones each runs on its own.
  private var shards: Int {
    let shard = model.spec["shardSpec"]
    return shard?["strategy"]?.string == "data-parallel" ? 1 : shard?["count"]?.int ?? 1
  }

  /// GPUs of a replica: as the pool says, else one for each shard.
  private var gpus: Int { pool.spec["gpuRequirements"]?["count"]?.int ?? shards }

  var shardProblem: String? {
    if pool.spec["migProfile"] != nil { return nil }
    guard gpus % shards != 0 else { return nil }
    return "spec.gpuRequirements.count: \(gpus) GPUs cannot hold the \(shards) shards of \(model.title) alike"
  }

  /// What one replica asks for: a gang of its model's shards.
  ///
  /// - Parameters:
  ///   - number: from 0. Replicas below the pool's minimum never go on spot capacity: they hold the objective when it is taken
  ///     away.
  ///   - headroomMs: what the latency objective has in hand now; `nil` when nothing is measured.
  package func replica(_ number: Int, headroomMs: Double? = nil) -> Workload {
    let spec = pool.spec
    var demand = PodDemand()
    let requirements = spec["gpuRequirements"]
    demand.gpu = spec["migProfile"]?.string.map { .mig($0) } ?? .whole(gpus / shards)
    demand.gpuMemoryMiB = requirements?["memory"]?.string.flatMap { Quantity.mebibytes($0) } ?? 0
    demand.types = (requirements?["type"]?.string ?? "").split { $0 == "|" || $0 == "," }.map {
      String($0.drop { $0 == " " })
    }
    for member in spec["scheduling"]?["nodeSelector"]?.object ?? [:] {
      demand.selector[member.key] = member.value.string ?? ""
    }
    var workload = Workload("\(name)-\(number)", demand, members: spec["migProfile"] == nil ? shards : 1)
    workload.pool = name
    let topology = requirements?["topology"] ?? model.spec["shardSpec"]?["topology"]
    workload.locality = (topology?["locality"]?.string).flatMap { Locality(rawValue: $0) } ?? .any
    workload.localityRequired = topology?["policy"]?.string != "preferred"
    workload.gigabytesPerSecond =
      (topology?["minBandwidth"]?.string.flatMap { Quantity.value($0) } ?? 0) / 1e9
    workload.tenant = pool.labels["\(ManifestKind.group)/tenant"]?.string
    let scheduling = spec["scheduling"]
    workload.priority = scheduling?["priority"]?.int ?? 0
    workload.preemptible = scheduling?["preemption"]?["enabled"]?.bool ?? true
    let cost = scheduling?["costOptimization"]
    let spot = (cost?["enabled"]?.bool ?? false) && (cost?["spotEnabled"]?.bool ?? false)
    workload.spot = SpotRule(
      allowed: spot && number >= minReplicas, neededHeadroomMs: cost?["sloHeadroomMs"]?.double ?? 0,
      headroomMs: headroomMs)
    workload.model = model.name
    func texts(_ key: String) -> [String] {
      scheduling?["dataLocality"]?[key]?.array?.compactMap(\.string) ?? []
    }
    workload.shards = texts("vectorStoreAffinity")
    workload.avoids = texts("antiAffinity")
    return workload
  }
}
