/// A place that a workload would have if it asked for one thing less.
package struct NearestPlacement: Sendable, Hashable {
  /// What it would do with, in words: "6 GPUs instead of 8".
  package var instead: String
  package var placement: WorkloadPlacement
}

extension ClusterScheduler {
  /// The place that costs a workload the least of what it asked for: of wishes for locality, bandwidth, GPU type and memory,
  /// no spot, price, members and GPUs one at a time is lowered, in this order, and no more than it must. Nothing is changed.
  func nearestPlacement(_ workload: Workload, mostMembers: Int) -> NearestPlacement? {
    for (instead, less) in lowered(workload, mostMembers: mostMembers) {
      if let placement = choice(less) { return NearestPlacement(instead: instead, placement: placement) }
    }
    return nil
  }

  private func lowered(_ workload: Workload, mostMembers: Int) -> [(instead: String, workload: Workload)] {
    var options: [(instead: String, workload: Workload)] = []
    func add(_ instead: String, _ change: (inout Workload) -> Void) {
      var less = workload
      change(&less)
      options.append((instead, less))
    }
    var wider = workload.localityRequired ? workload.locality.wider : nil
    while let locality = wider {
      add("locality \(locality.rawValue) instead of \(workload.locality.rawValue)") { $0.locality = locality }
      wider = locality.wider
    }
    if workload.gigabytesPerSecond > 0 {
      add("any bandwidth instead of \(Int(workload.gigabytesPerSecond)) GB/s") { $0.gigabytesPerSecond = 0 }
    }
    if !workload.demand.types.isEmpty {
      add("any GPU type instead of \(workload.demand.types.joined(separator: " or "))") {
        $0.demand.types = []
      }
    }
    if workload.demand.gpuMemoryMiB > 0 {
      add("any GPU memory instead of \(workload.demand.gpuMemoryMiB) MiB") { $0.demand.gpuMemoryMiB = 0 }
    }
    if workload.spot.objection != nil { add("spot capacity") { $0.spot = SpotRule(allowed: true) } }
    if let most = workload.maxCostPerHour {
      add("any price instead of \(NumberForm.short(most)) an hour") { $0.maxCostPerHour = nil }
    }
    if workload.members > 1, mostMembers > 0 {
      add("\(mostMembers) members instead of \(workload.members)") { $0.members = mostMembers }
    }
    if case .whole(let count) = workload.demand.gpu {
      for fewer in (1..<max(1, count)).reversed() {
        add("\(GPUDemand.whole(fewer).text) instead of \(count)") { $0.demand.gpu = .whole(fewer) }
      }
    }
    return options
  }
}
