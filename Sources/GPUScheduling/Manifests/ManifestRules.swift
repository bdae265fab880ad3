import DSLBase

/// What must hold between fields of one manifest.
struct ManifestRules {
  let reader: YAMLReader
  let manifest: Manifest
  /// As it stands in the file, for places.
  let spec: YAMLNode

  func check() {
    switch manifest.kind {
    case .model: break
    case .agentClass: checkClass()
    case .agentPool: checkPool()
    case .toolBinding: checkBinding()
    }
  }

  private func report(_ reason: String, _ path: String...) {
    reader.report(reason, at: path.reduce(spec) { $0[$1] ?? $0 })
  }

  private func seconds(_ object: JSONValue?, _ key: String) -> Double? {
    object?[key]?.string.flatMap { ManifestDuration.seconds($0) }
  }

  private func checkClass() {
    let slo = manifest.spec["slo"]
    if let ttft = seconds(slo, "ttft"), let latency = seconds(slo, "p95Latency"), ttft > latency {
      report("the first token may not take longer than p95Latency", "slo", "ttft")
    }
    var seen: [String] = []
    for permission in manifest.spec["toolPermissions"]?.array ?? [] {
      guard let name = permission["name"]?.string else { continue }
      if seen.contains(name) { report("tool \"\(name)\" is permitted twice", "toolPermissions") }
      seen.append(name)
    }
  }

  private func checkPool() {
    let spec = manifest.spec
    if let least = spec["minReplicas"]?.int, let most = spec["maxReplicas"]?.int, least > most {
      report("must not be above maxReplicas (\(most)), found \(least)", "minReplicas")
    }
    if spec["migProfile"] != nil, let count = spec["gpuRequirements"]?["count"]?.int, count != 1 {
      report("a migProfile is one instance: must be 1, found \(count)", "gpuRequirements", "count")
    }
    for (index, metric) in (spec["autoscaling"]?["metrics"]?.array ?? []).enumerated() {
      guard let name = metric["type"]?.string, let target = metric["target"]?.string,
        let known = ManifestFields.metrics.first(where: { $0.name == name })
      else { continue }
      let isDuration = ManifestDuration.seconds(target) != nil
      // A number of milliseconds is what the original means by a bare one.
      if isDuration, !known.isDuration {
        targetProblem(index, "\(name) is held to a number, found \(target)")
      }
      if !isDuration, known.isDuration {
        targetProblem(index, "\(name) is held to a duration such as 500ms, found \(target)")
      }
    }
  }

  private func targetProblem(_ index: Int, _ reason: String) {
    guard case .sequence(let metrics)? = spec["autoscaling"]?["metrics"]?.content,
      metrics.indices.contains(index)
    else {
      return
    }
    reader.report(reason, at: metrics[index]["target"] ?? metrics[index])
  }

  private func checkBinding() {
    let type = manifest.spec["type"]?.string ?? ""
    let configs = ["queue": "queueConfig", "topic": "topicConfig"]
    if let config = configs[type], manifest.spec[config] == nil {
      report("type \(type) needs \(config)")
    }
    for (owner, config) in [("queue", "queueConfig"), ("topic", "topicConfig")]
    where owner != type && manifest.spec[config] != nil {
      report("is for type \(owner), this is \(type)", config)
    }
    if manifest.spec["httpConfig"] != nil, type == "queue" || type == "topic" {
      report("is for type http, webhook or grpc, this is \(type)", "httpConfig")
    }
    let retry = manifest.spec["retryPolicy"]
    if let first = seconds(retry, "initialBackoff"), let last = seconds(retry, "maxBackoff"), first > last {
      report("must not be longer than maxBackoff", "retryPolicy", "initialBackoff")
    }
  }
}
