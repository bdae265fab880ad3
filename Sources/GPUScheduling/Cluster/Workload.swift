/// What a pod asks of GPUs.
package enum GPUDemand: Sendable, Hashable {
  case none
  /// Thousandths of one GPU, 1...999.
  case share(Int)
  /// Whole GPUs of one node.
  case whole(Int)
  /// An instance cut from a GPU in MIG mode, by its profile: "3g.40gb".
  case mig(String)

  /// Thousandths of a GPU altogether; of a MIG instance by its compute slices.
  package var milli: Int {
    switch self {
    case .none: 0
    case .share(let milli): milli
    case .whole(let count): count * 1000
    case .mig(let profile):
      (profile.split(separator: "g").first.flatMap { Int($0) } ?? 7) * 1000 / MIGGeometry.computeSlices
    }
  }

  package var text: String {
    switch self {
    case .none: "no GPU"
    case .share(let milli): "\(milli) thousandths of a GPU"
    case .whole(let count): count == 1 ? "1 GPU" : "\(count) GPUs"
    case .mig(let profile): profile
    }
  }
}

/// What each member of a workload asks of a node.
package struct PodDemand: Sendable, Hashable {
  package var cpuMilli = 0
  package var memoryMiB = 0
  package var gpu = GPUDemand.none
  /// Memory that each GPU, share or instance must have, MiB.
  package var gpuMemoryMiB = 0
  /// GPU types that will do, as `GPUModel.isMeant(by:)` reads them; empty for any.
  package var types: [String] = []
  /// Labels that the node must have.
  package var selector: [String: String] = [:]

  package init(cpuMilli: Int = 0, memoryMiB: Int = 0, gpu: GPUDemand = .none) {
    self.cpuMilli = cpuMilli
    self.memoryMiB = memoryMiB
    self.gpu = gpu
  }
}

/// How near together the GPUs of all members have to be, the narrowest first.
package enum Locality: String, Sendable, Hashable, CaseIterable {
  /// One NVLink domain.
  case nvlink
  /// One NUMA group of one node.
  case sameSocket = "same-socket"
  case sameNode = "same-node"
  case rack
  case any

  /// What comes next when this cannot be had and is a preference.
  var wider: Locality? {
    switch self {
    case .nvlink, .sameSocket: .sameNode
    case .sameNode: .rack
    case .rack: .any
    case .any: nil
    }
  }
}

/// How willingly a workload gives way, the least willing first.
package enum QualityOfService: String, Sendable, Hashable, CaseIterable {
  case guaranteed, burstable
  case bestEffort = "best-effort"

  /// How much an hour that is thrown away counts.
  var weight: Double {
    switch self {
    case .guaranteed: 4
    case .burstable: 2
    case .bestEffort: 1
    }
  }
}

/// Whether capacity that can be taken away will do.
package struct SpotRule: Sendable, Hashable {
  package var allowed = false
  /// Milliseconds that the latency objective must have in hand.
  package var neededHeadroomMs: Double = 0
  /// What it has; `nil` when nothing is measured, which is not enough.
  package var headroomMs: Double?

  package init(allowed: Bool = false, neededHeadroomMs: Double = 0, headroomMs: Double? = nil) {
    self.allowed = allowed
    self.neededHeadroomMs = neededHeadroomMs
    self.headroomMs = headroomMs
  }

  /// Why not; `nil` when it may.
  package var objection: String? {
    if !allowed { return "spot capacity is not allowed" }
    if neededHeadroomMs <= 0 { return nil }
    guard let headroomMs else {
      return "spot needs \(Int(neededHeadroomMs)) ms of SLO headroom, none is measured"
    }
    return headroomMs >= neededHeadroomMs
      ? nil : "spot needs \(Int(neededHeadroomMs)) ms of SLO headroom, there are \(Int(headroomMs))"
  }
}

/// One pod, or several that run together or not at all.
package struct Workload: Sendable, Hashable {
  package var name: String
  package var demand: PodDemand
  /// Members of the gang; 1 for a pod alone.
  package var members: Int
  package var locality = Locality.any
  /// Whether the locality is a condition or a wish.
  package var localityRequired = false
  /// GB/s that the slowest pair of a member's GPUs must have.
  package var gigabytesPerSecond = 0.0
  package var tenant: String?
  package var priority = 0
  package var qos = QualityOfService.burstable
  package var preemptible = true
  package var spot = SpotRule()
  /// The model whose weights it loads.
  package var model: String?
  /// Vector shards that it reads.
  package var shards: [String] = []
  /// The pool that it is a replica of.
  package var pool: String?
  /// Other workloads, or pools, that it does not share a node with.
  package var avoids: [String] = []
  /// Of all members together; `nil` for no limit.
  package var maxCostPerHour: Double?
  /// Seconds since 1970; what has run since is lost when it is preempted.
  package var startedAt = 0.0

  package init(_ name: String, _ demand: PodDemand, members: Int = 1) {
    self.name = name
    self.demand = demand
    self.members = members
  }
}

extension Workload {
  /// Whether it avoids another: by name or by pool.
  func isKeptApart(from other: Workload) -> Bool {
    avoids.contains(other.name) || other.pool.map { avoids.contains($0) } ?? false
  }
}

/// Where one member of a workload runs.
package struct Binding: Sendable, Hashable {
  package var workload: Workload
  package var member: Int
  package var node: Int
  /// GPUs that it uses, one bit each.
  package var gpus: UInt32
  /// Its MIG instance; its GPU is the one in `gpus`.
  package var instance: MIGInstance?
  /// What it is called where it runs; `nil` when that follows from workload and member.
  package var podName: String?

  package init(_ workload: Workload, member: Int, node: Int, gpus: UInt32, instance: MIGInstance? = nil) {
    self.workload = workload
    self.member = member
    self.node = node
    self.gpus = gpus
    self.instance = instance
  }

  /// What it is known by: "chat-3" of a gang, the workload's own name of a pod alone.
  package var pod: String {
    podName ?? (workload.members == 1 ? workload.name : "\(workload.name)-\(member)")
  }
}
