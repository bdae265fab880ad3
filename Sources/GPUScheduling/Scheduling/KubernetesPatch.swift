package import DSLBase

extension Cluster {
  /// What `kubectl patch pod … --type=merge` makes of a binding: the node as a selector, which a pod behind a scheduling gate
  /// may be given (KEP-3838), the GPUs as an annotation, and no gates any more, so that the pod starts there.
  package func patch(_ binding: Binding) -> JSONValue {
    let gpus = (0..<IdleGPUs.limit).filter { binding.gpus >> UInt32($0) & 1 == 1 }
    var annotations: JSONObject = [
      KubernetesNodes.gpusAnnotation: .string(gpus.map(String.init).joined(separator: ","))
    ]
    if let instance = binding.instance, let geometry = model(of: nodes[binding.node])?.geometry {
      annotations["dsl.io/mig"] = .string(geometry.text(instance))
    }
    let host = nodes[binding.node].labels["kubernetes.io/hostname"] ?? nodes[binding.node].name
    return [
      "metadata": ["annotations": .object(annotations)],
      "spec": ["nodeSelector": ["kubernetes.io/hostname": .string(host)], "schedulingGates": .null],
    ]
  }
}
