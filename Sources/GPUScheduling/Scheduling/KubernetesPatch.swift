package import DSLBase

extension Cluster {
  /// What `kubectl patch pod … --type=merge` makes of a binding: the node as a selector, which a pod behind a scheduling gate
  /// may be given (KEP-3838), the GPUs as an annotation, and no gates any more, so that the pod starts there. Annotations also
  /// tell which workload it is a member of, so that the pod is known again when the cluster is read.
  package func patch(_ binding: Binding) -> JSONValue {
    let gpus = (0..<IdleGPUs.limit).filter { binding.gpus >> UInt32($0) & 1 == 1 }
    let workload = binding.workload
    var annotations = JSONObject()
    func note(_ key: PodAnnotation, _ value: String?) {
      annotations[key.rawValue] = value.map { .string($0) }
    }
    note(.gpus, gpus.map(String.init).joined(separator: ","))
    if case .share(let milli) = workload.demand.gpu { note(.milli, "\(milli)") }
    if let instance = binding.instance, let geometry = model(of: nodes[binding.node])?.geometry {
      note(.mig, geometry.text(instance))
    }
    note(.workload, workload.name)
    note(.members, "\(workload.members)")
    note(.member, "\(binding.member)")
    note(.pool, workload.pool)
    if !workload.preemptible { note(.preemptible, "false") }
    if !workload.avoids.isEmpty { note(.avoids, workload.avoids.joined(separator: ",")) }
    let host = nodes[binding.node].labels["kubernetes.io/hostname"] ?? nodes[binding.node].name
    return [
      "metadata": ["annotations": .object(annotations)],
      "spec": ["nodeSelector": ["kubernetes.io/hostname": .string(host)], "schedulingGates": .null],
    ]
  }
}
