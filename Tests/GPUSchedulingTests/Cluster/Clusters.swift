import DSLBase
import GPUScheduling

/// Clusters and workloads that tests build.
enum Clusters {
  /// Nodes alike: so many in each rack, all GPUs linked as given.
  static func racks(
    _ racks: Int, nodes: Int, gpus: Int, numa: [Int]? = nil, link: GPULink = .nvlink(18),
    model: String = "H100-80GB"
  ) -> Cluster {
    var cluster = Cluster()
    for rack in 0..<racks {
      for number in 0..<nodes {
        var node = ClusterNode(
          name: "r\(rack)-n\(number)", cpuMilli: 128_000, memoryMiB: 1 << 20,
          topology: GPUTopology(numa: numa ?? Array(repeating: 0, count: gpus)) { _, _ in link })
        node.rack = "r\(rack)"
        node.model = cluster.number(of: .known(model))
        cluster.nodes.append(node)
      }
    }
    return cluster
  }

  /// One node with some GPUs, each alone on a switch.
  static func node(_ name: String, gpus: Int, model: String = "A100-40GB", into cluster: inout Cluster) {
    var node = ClusterNode(
      name: name, cpuMilli: 64_000, memoryMiB: 1 << 18,
      topology: GPUTopology(numa: Array(repeating: 0, count: gpus)) { _, _ in .phb })
    node.model = cluster.number(of: .known(model))
    cluster.nodes.append(node)
  }

  static func whole(_ name: String, _ gpus: Int, members: Int = 1, cpu: Int = 1000) -> Workload {
    Workload(name, PodDemand(cpuMilli: cpu, memoryMiB: 1024, gpu: .whole(gpus)), members: members)
  }

  static func share(_ name: String, _ milli: Int, members: Int = 1) -> Workload {
    Workload(name, PodDemand(cpuMilli: 500, memoryMiB: 512, gpu: .share(milli)), members: members)
  }

  static func mig(_ name: String, _ profile: String, members: Int = 1) -> Workload {
    Workload(name, PodDemand(cpuMilli: 500, memoryMiB: 512, gpu: .mig(profile)), members: members)
  }
}

extension ClusterState {
  /// What is wrong with a state, counted anew from its bindings: over-commitment, overlapping instances, gangs in part, GPUs
  /// of two tenants, free amounts that do not add up.
  var faults: [String] {
    var faults: [String] = []
    for (index, node) in cluster.nodes.enumerated() {
      let here = bindings.values.filter { $0.node == index }
      let cpuUsed = here.reduce(0) { $0 + $1.workload.demand.cpuMilli }
      let memoryUsed = here.reduce(0) { $0 + $1.workload.demand.memoryMiB }
      if cpuUsed > node.cpuMilli || node.cpuMilli - cpuUsed != cpu[index] {
        faults.append("\(node.name): CPU")
      }
      if memoryUsed > node.memoryMiB || node.memoryMiB - memoryUsed != memory[index] {
        faults.append("\(node.name): memory")
      }
      if Set(pods[index]) != Set(here.map(\.pod)) { faults.append("\(node.name): list of pods") }
      for gpu in 0..<node.topology.count {
        let users = here.filter { $0.gpus >> UInt32(gpu) & 1 == 1 }
        faults += self.faults(of: gpu, on: index, users).map { "\(node.name), GPU \(gpu): \($0)" }
      }
    }
    for (workload, pods) in members {
      let wanted = pods.first.flatMap { bindings[$0]?.workload.members } ?? 0
      if pods.count != wanted { faults.append("gang \(workload): \(pods.count) of \(wanted)") }
    }
    return faults
  }

  private func faults(of gpu: Int, on node: Int, _ users: [Binding]) -> [String] {
    var (used, slots, compute, faults): (Int, UInt8, Int, [String]) = (0, 0, 0, [])
    for user in users {
      switch user.workload.demand.gpu {
      case .none: faults.append("used by a pod without GPU")
      case .share(let milli): used += milli
      case .whole: used += 1000
      case .mig:
        guard let instance = user.instance, let geometry = cluster.model(of: cluster.nodes[node])?.geometry
        else {
          faults.append("no instance")
          continue
        }
        let profile = geometry.profiles[instance.profile]
        let taken = UInt8((1 << profile.memorySlots) - 1) << UInt8(instance.start)
        if slots & taken != 0 { faults.append("instances overlap") }
        slots |= taken
        compute += profile.computeSlices
      }
    }
    let isMIG = cluster.nodes[node].migGPUs >> UInt32(gpu) & 1 == 1
    if used > 1000 || compute > 7 { faults.append("over-committed") }
    if isMIG ? used > 0 : slots != 0 { faults.append("mixed use") }
    if !isMIG, Int(idle[node][gpu]) != 1000 - used { faults.append("idle \(idle[node][gpu]), used \(used)") }
    let gangs = users.filter { $0.workload.members > 1 }.map(\.workload.name)
    if Set(gangs).count != gangs.count { faults.append("two members of a gang") }
    if isolation == .gpu || (isolation == .mig && !isMIG),
      Set(users.map { $0.workload.tenant ?? "" }).count > 1
    {
      faults.append("two tenants")
    }
    return faults
  }

  /// All that can be seen of a state, to compare states by.
  var picture: [String] {
    let pods = bindings.values.map { "\($0.pod) \($0.node) \($0.gpus) \($0.instance?.start ?? -1)" }.sorted()
    return pods + self.pods.map { $0.joined(separator: ",") } + [
      "\(cpu) \(memory) \(idle.map { idle in (0..<idle.count).map { idle[$0] } })"
    ]
      + members.keys.sorted().map { "\($0): \(members[$0] ?? [])" }
      + cluster.nodes.indices.map { node in
        (0..<cluster.nodes[node].topology.count).map {
          "\(userCount(node: node, gpu: $0)) \(layout(node: node, gpu: $0)?.slots ?? 0)"
        }
        .joined(separator: ";") + " \(rackShare(node))"
      }
  }
}

/// A scheduler that expectations can call: they take no mutating calls of values.
final class SchedulerBox {
  var scheduler: ClusterScheduler
  var state: ClusterState {
    get { scheduler.state }
    _modify { yield &scheduler.state }
  }

  init(_ scheduler: ClusterScheduler) { self.scheduler = scheduler }

  func choice(_ workload: Workload) -> WorkloadPlacement? { scheduler.choice(workload) }
  func place(_ workload: Workload) -> WorkloadPlacement? { scheduler.place(workload) }
  func commit(_ placement: WorkloadPlacement) throws(DSLError) { try scheduler.commit(placement) }
  func commit(_ preemption: Preemption) -> Bool { scheduler.commit(preemption) }
  func commit(_ consolidation: Consolidation) -> Bool { scheduler.commit(consolidation) }
  func releaseStale(_ watch: inout StaleGangs, now: Double) -> [StaleGang] {
    scheduler.releaseStale(&watch, now: now)
  }
}
