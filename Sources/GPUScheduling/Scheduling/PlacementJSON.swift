package import DSLBase

extension Cluster {
  /// A binding as commands and journals have it.
  package func json(_ binding: Binding) -> JSONValue {
    let gpus = (0..<IdleGPUs.limit).filter { binding.gpus >> UInt32($0) & 1 == 1 }
    var object: JSONObject = [
      "pod": .string(binding.pod), "workload": .string(binding.workload.name), "member": .int(binding.member),
      "node": .string(nodes[binding.node].name), "gpus": .array(gpus.map { .int($0) }),
    ]
    if case .share(let milli) = binding.workload.demand.gpu { object["gpu_milli"] = .int(milli) }
    if let instance = binding.instance, let geometry = model(of: nodes[binding.node])?.geometry {
      object["mig"] = .string(geometry.text(instance))
    }
    return .object(object)
  }

  package func json(_ placement: WorkloadPlacement) -> JSONValue {
    [
      "locality": .string(placement.locality.rawValue), "domain": .string(placement.domain),
      "score": .double((placement.score * 1e6).rounded() / 1e6),
      "bindings": .array(placement.bindings.map(json)),
    ]
  }

  package func json(_ preemption: Preemption) -> JSONValue {
    [
      "victims": .array(
        preemption.victims.map { victim in
          [
            "workload": .string(victim.workload.name), "pods": .strings(victim.pods),
            "priority": .int(victim.workload.priority), "qos": .string(victim.workload.qos.rawValue),
            "lost_gpu_hours": .double((victim.lostGPUHours * 1e6).rounded() / 1e6),
          ]
        }),
      "lost_gpu_hours": .double((preemption.lostGPUHours * 1e6).rounded() / 1e6),
      "placement": json(preemption.placement),
    ]
  }

  package func json(_ consolidation: Consolidation) -> JSONValue {
    [
      "moves": .array(consolidation.moves.map { ["from": json($0.from), "to": json($0.to)] }),
      "placement": json(consolidation.placement),
    ]
  }

  /// A binding in words: "dgx-0 GPUs 0,1".
  package func text(_ binding: Binding) -> String {
    let gpus = (0..<IdleGPUs.limit).filter { binding.gpus >> UInt32($0) & 1 == 1 }
    var text = nodes[binding.node].name
    if !gpus.isEmpty {
      text += (gpus.count == 1 ? " GPU " : " GPUs ") + gpus.map(String.init).joined(separator: ",")
    }
    if case .share(let milli) = binding.workload.demand.gpu { text += ", \(milli) thousandths" }
    if let instance = binding.instance, let geometry = model(of: nodes[binding.node])?.geometry {
      text += ", " + geometry.text(instance)
    }
    return text
  }
}
