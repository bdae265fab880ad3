extension ClusterState {
  /// How many members of a workload a node can take now, by CPU, memory and GPUs; each member of a gang that takes a part of
  /// a GPU gets a GPU of its own.
  ///
  /// - Parameters:
  ///   - mask: the GPUs that may be used, one bit each.
  ///   - limit: not more than so many; `nil` for the workload's members.
  package func capacity(for workload: Workload, node: Int, mask: UInt32 = .max, most limit: Int? = nil) -> Int
  {
    let demand = workload.demand
    var most = limit ?? workload.members
    if demand.cpuMilli > 0 { most = min(most, cpu[node] / demand.cpuMilli) }
    if demand.memoryMiB > 0 { most = min(most, memory[node] / demand.memoryMiB) }
    guard most > 0 else { return 0 }
    switch demand.gpu {
    case .none: return most
    case .whole(let count):
      let free = wholeGPUs(node) & mask
      if workload.gigabytesPerSecond <= 0 || count < 2 { return min(most, free.nonzeroBitCount / count) }
      return min(most, sets(of: count, from: free, workload, node: node, most: most).count)
    case .share, .mig: return min(most, candidates(workload, node: node, mask: mask).nonzeroBitCount)
    }
  }

  /// GPUs that can take one member that asks for a part, one bit each.
  private func candidates(_ workload: Workload, node: Int, mask: UInt32) -> UInt32 {
    var found: UInt32 = 0
    for gpu in 0..<idle[node].count where mask >> UInt32(gpu) & 1 == 1 {
      switch workload.demand.gpu {
      case .share(let milli):
        guard Int(idle[node][gpu]) >= milli else { continue }
        guard mayUse(workload.tenant, node: node, gpu: gpu, asInstance: false) else { continue }
      case .mig(let profile):
        guard let layout = layout(node: node, gpu: gpu), let number = layout.geometry.profile(named: profile),
          !starts(number, layout, node: node, gpu: gpu).isEmpty,
          mayUse(workload.tenant, node: node, gpu: gpu, asInstance: true)
        else { continue }
      case .none, .whole: continue
      }
      found |= 1 << UInt32(gpu)
    }
    return found
  }

  /// Which GPUs some members get on a node; as many entries as members asked for, or `nil`.
  func assign(
    _ count: Int, of workload: Workload, node: Int, mask: UInt32
  ) -> [(gpus: UInt32, instance: MIGInstance?)]? {
    switch workload.demand.gpu {
    case .none: return Array(repeating: (0, nil), count: count)
    case .whole(let each):
      let free = wholeGPUs(node) & mask
      let topology = cluster.nodes[node].topology
      if count == 1 {
        return topology.pick(each, from: free, slowest: workload.gigabytesPerSecond).map { [($0, nil)] }
      }
      // All members' GPUs near together first, then each member's among those.
      if let together = topology.pick(each * count, from: free) {
        let sets = sets(of: each, from: together, workload, node: node, most: count)
        if sets.count >= count { return sets.prefix(count).map { ($0, nil) } }
      }
      let sets = sets(of: each, from: free, workload, node: node, most: count)
      return sets.count >= count ? sets.prefix(count).map { ($0, nil) } : nil
    case .share:
      let gpus = gpus(in: candidates(workload, node: node, mask: mask))
      guard gpus.count >= count else { return nil }
      // The fullest that has room, so that others stay whole.
      let ranked = gpus.sorted { (idle[node][$0], $0) < (idle[node][$1], $1) }
      return ranked.prefix(count).map { (1 << UInt32($0), nil) }
    case .mig(let profile):
      let options = gpus(in: candidates(workload, node: node, mask: mask)).compactMap { gpu in
        cheapestStart(profile, node: node, gpu: gpu).map { (gpu: gpu, start: $0) }
      }
      guard options.count >= count else { return nil }
      let ranked = options.sorted { ($0.start.loss, $0.gpu) < ($1.start.loss, $1.gpu) }
      return ranked.prefix(count).map { (1 << UInt32($0.gpu), $0.start.instance) }
    }
  }

  private func gpus(in mask: UInt32) -> [Int] { (0..<IdleGPUs.limit).filter { mask >> UInt32($0) & 1 == 1 } }

  /// Disjoint sets of free GPUs, the nearest together first.
  private func sets(of size: Int, from free: UInt32, _ workload: Workload, node: Int, most: Int) -> [UInt32] {
    let topology = cluster.nodes[node].topology
    var (left, sets): (UInt32, [UInt32]) = (free, [])
    while sets.count < most, left.nonzeroBitCount >= size,
      let set = topology.pick(size, from: left, slowest: workload.gigabytesPerSecond)
    {
      sets.append(set)
      left &= ~set
    }
    return sets
  }

  /// Where an instance may begin now and the room that the GPU reserves for a larger one stays: until one of that size, or
  /// larger, is there.
  private func starts(_ profile: Int, _ layout: MIGLayout, node: Int, gpu: Int) -> [Int] {
    let (starts, profiles) = (layout.starts(profile), layout.geometry.profiles)
    guard let reserved = cluster.nodes[node].migReserve[gpu],
      profiles[profile].memorySlots < profiles[reserved].memorySlots,
      !layout.instances.contains(where: {
        profiles[$0.profile].memorySlots >= profiles[reserved].memorySlots
      })
    else { return starts }
    return starts.filter { start in
      var after = layout
      return after.create(MIGInstance(profile: profile, start: start)) && !after.starts(reserved).isEmpty
    }
  }

  /// Where an instance of a profile takes the least from what the GPU could still be cut into.
  private func cheapestStart(
    _ profile: String, node: Int, gpu: Int
  ) -> (instance: MIGInstance, loss: Int)? {
    guard let layout = layout(node: node, gpu: gpu), let number = layout.geometry.profile(named: profile)
    else { return nil }
    let before = layout.worth
    let options = starts(number, layout, node: node, gpu: gpu).compactMap {
      start -> (instance: MIGInstance, loss: Int)? in
      let instance = MIGInstance(profile: number, start: start)
      var after = layout
      return after.create(instance) ? (instance, before - after.worth) : nil
    }
    return options.min { ($0.loss, -$0.instance.start) < ($1.loss, -$1.instance.start) }
  }
}

extension MIGLayout {
  /// What can still be cut: the memory slots of every instance that would be allowed, once for each start. A profile that can
  /// begin nowhere counts nothing, so losing the last start of a large one costs most.
  var worth: Int {
    geometry.profiles.indices.reduce(0) { sum, profile in
      let starts = starts(profile).count
      let slots = geometry.profiles[profile].memorySlots
      return sum + slots * starts + (starts > 0 ? slots * slots : 0)
    }
  }
}
