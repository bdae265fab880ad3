import DSLBase

/// What bindings say of a pod in its annotations: patches write them, and what runs is read by them.
enum PodAnnotation: String {
  /// GPUs that it has: "0,1".
  case gpus = "dsl.io/gpus"
  /// Thousandths of its GPU.
  case milli = "dsl.io/gpu-milli"
  /// Its MIG instance: "3g.40gb@4".
  case mig = "dsl.io/mig"
  /// The workload that it belongs to, how many members that has, and which it is.
  case workload = "dsl.io/workload"
  case members = "dsl.io/members"
  case member = "dsl.io/member"
  case pool = "dsl.io/pool"
  case preemptible = "dsl.io/preemptible"
  case avoids = "dsl.io/avoids"
  /// Measured memory in use, of each of its GPUs and of the node; of a node one amount for each GPU.
  case gpuMemoryUsed = "dsl.io/gpu-memory-used"
  case memoryUsed = "dsl.io/memory-used"
}

/// Reads the pods of `kubectl get nodes,pods -A -o json`.
struct KubernetesPods {
  private let cluster: Cluster
  private let numbers: [String: Int]
  private var found: [Binding] = []
  /// By place in `found`: the group that it is of, when the group does not say how many it has.
  private var groups: [Int: String] = [:]
  private var gpuMemory: [String: Int] = [:]
  private var memory: [String: Int] = [:]
  private(set) var notes: [String] = []

  init(cluster: Cluster) {
    self.cluster = cluster
    numbers = Dictionary(cluster.nodes.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  /// What runs, and the memory that it uses.
  func finished() -> (running: [Binding], gpuMemory: [String: Int], memory: [String: Int]) {
    var running = found
    for (group, places) in Dictionary(grouping: groups.keys.sorted(), by: { groups[$0] ?? "" }) {
      for (member, place) in places.enumerated() {
        (running[place].workload.name, running[place].workload.members) = (group, places.count)
        running[place].member = member
      }
    }
    return (running, gpuMemory, memory)
  }

  mutating func read(_ item: JSONValue) {
    let phase = item.at("status", "phase")?.string ?? ""
    guard let nodeName = item.at("spec", "nodeName")?.string, phase != "Succeeded", phase != "Failed",
      let node = numbers[nodeName]
    else { return }
    let namespace = item.at("metadata", "namespace")?.string ?? "default"
    let name = "\(namespace)/\(item.at("metadata", "name")?.string ?? "")"
    let asked = Self.asked(item)
    var workload = Workload(name, PodDemand(cpuMilli: asked.cpuMilli, memoryMiB: asked.memoryMiB))
    workload.tenant = item.at("metadata", "labels", "neuronetes.io/tenant")?.string
    workload.priority = item.at("spec", "priority")?.int ?? 0
    switch item.at("status", "qosClass")?.string {
    case "Guaranteed": workload.qos = .guaranteed
    case "BestEffort": workload.qos = .bestEffort
    default: break
    }
    workload.startedAt = item.at("status", "startTime").flatMap { Timestamp.parse($0) }?.time.seconds ?? 0
    workload.pool = item.annotation(.pool)
    workload.preemptible = item.annotation(.preemptible) != "false"
    workload.avoids = (item.annotation(.avoids) ?? "").split(separator: ",").map(String.init)
    let before = found.count
    if asked.instances.isEmpty {
      readGPUs(item, asked.gpus, workload, name, node)
    } else {
      readInstances(item, asked.instances, workload, name, node)
    }
    guard found.count == before + 1 else { return }
    join(item, namespace: namespace, name: name)
    gpuMemory[name] = item.annotation(.gpuMemoryUsed).flatMap { Quantity.mebibytes($0) }
    memory[name] = item.annotation(.memoryUsed).flatMap { Quantity.mebibytes($0) }
  }

  private struct Asked {
    var cpuMilli = 0
    var memoryMiB = 0
    var gpus = 0
    /// Profiles of MIG instances.
    var instances: [String] = []
  }

  private static func asked(_ item: JSONValue) -> Asked {
    var sum = Asked()
    for container in item.at("spec", "containers")?.array ?? [] {
      let requests = container.at("resources", "requests") ?? [:]
      sum.cpuMilli += requests.at("cpu")?.string.flatMap { Quantity.milli($0) } ?? 0
      sum.memoryMiB += requests.at("memory")?.string.flatMap { Quantity.mebibytes($0) } ?? 0
      for limit in container.at("resources", "limits")?.object ?? [:] {
        guard let count = limit.value.string.flatMap({ Int($0) }) else { continue }
        if limit.key == "nvidia.com/gpu" { sum.gpus += count }
        guard limit.key.hasPrefix("nvidia.com/mig-"), (0...64).contains(count) else { continue }
        // The plugin writes "1g.5gb.me" for "1g.5gb+me".
        let profile = String(limit.key.dropFirst("nvidia.com/mig-".count))
        let name = profile.hasSuffix(".me") ? profile.dropLast(3) + "+me" : profile
        sum.instances += Array(repeating: name, count: count)
      }
    }
    return sum
  }

  private func mask(_ item: JSONValue, _ node: Int) -> UInt32 {
    let count = cluster.nodes[node].topology.count
    return (item.annotation(.gpus) ?? "").split(separator: ",").compactMap { Int($0) }
      .filter { (0..<count).contains($0) }.reduce(0) { $0 | 1 << UInt32($1) }
  }

  /// Whole GPUs, or the part of one that its annotations tell of.
  private mutating func readGPUs(
    _ item: JSONValue, _ gpus: Int, _ workload: Workload, _ name: String, _ node: Int
  ) {
    var workload = workload
    let (facts, noted) = (cluster.nodes[node], mask(item, node))
    if let milli = item.annotation(.milli).flatMap({ Int($0) }), (1...999).contains(milli),
      noted.nonzeroBitCount == 1
    {
      workload.demand.gpu = .share(milli)
      found.append(Binding(workload, member: 0, node: node, gpus: noted))
      return
    }
    var mask = noted
    // Without a limit the annotation counts: who put the pod there gave it these.
    let count = gpus == 0 ? noted.nonzeroBitCount : gpus
    if mask.nonzeroBitCount != count {
      let taken = found.reduce(UInt32(0)) { $1.node == node ? $0 | $1.gpus : $0 }
      guard let assumed = facts.topology.pick(count, from: facts.topology.all & ~taken & ~facts.migGPUs)
      else {
        notes.append("pod \(name): \(count) GPUs of node \(facts.name) are not there; it is left out")
        return
      }
      mask = assumed
      if count > 0 { notes.append("pod \(name): which GPUs of node \(facts.name) it has is assumed") }
    }
    workload.demand.gpu = count > 0 ? .whole(count) : .none
    found.append(Binding(workload, member: 0, node: node, gpus: mask))
  }

  /// Each instance is a member of its own: where one lies is written down, or assumed to be the first place with room.
  private mutating func readInstances(
    _ item: JSONValue, _ profiles: [String], _ workload: Workload, _ name: String, _ node: Int
  ) {
    let facts = cluster.nodes[node]
    guard let geometry = cluster.model(of: facts)?.geometry, facts.migGPUs != 0 else {
      notes.append("pod \(name): node \(facts.name) has no GPU in MIG mode; it is left out")
      return
    }
    var layouts: [Int: MIGLayout] = [:]
    for gpu in 0..<facts.topology.count where facts.migGPUs >> UInt32(gpu) & 1 == 1 {
      var layout = MIGLayout(geometry)
      for binding in found where binding.node == node && binding.gpus >> UInt32(gpu) & 1 == 1 {
        if let instance = binding.instance { _ = layout.create(instance) }
      }
      layouts[gpu] = layout
    }
    var bindings: [Binding] = []
    let noted = (
      mask(item, node).trailingZeroBitCount, item.annotation(.mig).flatMap { geometry.instance($0) }
    )
    for (member, profile) in profiles.enumerated() {
      var place: (gpu: Int, instance: MIGInstance)?
      if profiles.count == 1, let instance = noted.1, geometry.profiles[instance.profile].name == profile,
        layouts[noted.0]?.allows(instance) ?? false
      {
        place = (noted.0, instance)
      } else if let number = geometry.profile(named: profile) {
        place =
          layouts.keys.sorted().lazy.compactMap { gpu in
            layouts[gpu]?.starts(number).first.map { (gpu, MIGInstance(profile: number, start: $0)) }
          }.first
        notes.append("pod \(name): which \(profile) of node \(facts.name) it has is assumed")
      }
      guard let place, layouts[place.gpu]?.create(place.instance) ?? false else {
        notes.append("pod \(name): \(profile) of node \(facts.name) is not there; it is left out")
        return
      }
      var part = workload
      part.demand.gpu = .mig(profile)
      part.members = profiles.count
      if member > 0 { (part.demand.cpuMilli, part.demand.memoryMiB) = (0, 0) }
      bindings.append(
        Binding(part, member: member, node: node, gpus: 1 << UInt32(place.gpu), instance: place.instance))
    }
    found += bindings
  }

  /// The gang that the last pod is of: by our annotations, or by the labels of those who schedule groups of pods.
  private mutating func join(_ item: JSONValue, namespace: String, name: String) {
    let place = found.count - 1
    if let workload = item.annotation(.workload), !workload.isEmpty {
      let members = item.annotation(.members).flatMap { Int($0) } ?? 1
      let member = item.annotation(.member).flatMap { Int($0) } ?? 0
      guard members > 0, (0..<members).contains(member) else {
        notes.append("pod \(name): its member \(member) of \(members) is none; it is taken to be alone")
        return
      }
      (found[place].workload.name, found[place].workload.members) = (workload, members)
      (found[place].member, found[place].podName) = (member, name)
      return
    }
    let labels = ["kueue.x-k8s.io/pod-group-name", "scheduling.x-k8s.io/pod-group"]
    let group =
      labels.lazy.compactMap { item.at("metadata", "labels", $0)?.string }.first
      ?? item.at("metadata", "annotations", "scheduling.k8s.io/group-name")?.string
    guard let group else { return }
    found[place].podName = name
    groups[place] = "\(namespace)/\(group)"
  }
}
