import DSLBase

/// The rules for one signal each.
extension IssueDetector {
  /// What makes an issue of a sample that was taken in; `nil` when too little says that anything changed, or when this
  /// window itself is like others.
  private func finding(
    _ verdict: SignalBaseline.Verdict?, _ baseline: SignalBaseline
  ) -> (severity: Double, confidence: Double, onset: Timestamp, p: Double)? {
    let evidence = baseline.evidence
    guard let verdict, let onset = evidence.onset,
      Self.isTold(verdict, evidence, settings.windowsPerFalseAlarm)
    else { return nil }
    // One change in so many windows is what was expected beforehand: these are the odds that this is one.
    let confidence = evidence.value / (evidence.value + settings.windowsPerFalseAlarm)
    return (1 - 1 / verdict.excess, confidence, onset, verdict.p)
  }

  /// Whether enough says that a signal changed, and this window shows it.
  static func isTold(
    _ verdict: SignalBaseline.Verdict, _ evidence: ChangeEvidence, _ interval: Double
  ) -> Bool {
    evidence.value >= interval && verdict.excess > 1
  }

  private func observe(
    _ sample: SignalBaseline.Sample, _ baseline: inout SignalBaseline, _ window: ServiceWindow
  ) -> SignalBaseline.Verdict? {
    baseline.observe(
      sample, at: window.start, length: window.length, interval: settings.windowsPerFalseAlarm)
  }

  func errorSpike(_ window: ServiceWindow, _ record: inout ServiceRecord) -> DetectedIssue? {
    guard let traffic = window.traffic, traffic.spans > 0 else { return nil }
    let verdict = observe(.share(traffic.errors, of: traffic.spans), &record.errors, window)
    guard let verdict, let finding = finding(verdict, record.errors) else { return nil }
    let expected = SignalBaseline.Sample.share(of: verdict.expected)
    return DetectedIssue(
      kind: .errorSpike, service: window.service, severity: finding.severity, confidence: finding.confidence,
      onset: finding.onset, observed: Double(traffic.errors) / Double(traffic.spans), expected: expected,
      measure: "error_ratio",
      evidence: "\(traffic.errors) of \(traffic.spans) spans failed, where \(Self.percent(expected)) is usual"
        + Self.chance(finding.p), window: window)
  }

  func latencyIncrease(
    _ window: ServiceWindow, _ record: inout ServiceRecord, weight: Double
  ) -> DetectedIssue? {
    guard let latency = window.latency else { return nil }
    let verdict = observe(.duration(latency.p95, weight: weight), &record.latency, window)
    guard let verdict, let finding = finding(verdict, record.latency) else { return nil }
    let expected = Self.exponential(verdict.expected)
    return DetectedIssue(
      kind: .latencyIncrease, service: window.service, severity: finding.severity,
      confidence: finding.confidence, onset: finding.onset, observed: latency.p95, expected: expected,
      measure: "latency_p95_seconds",
      evidence: "the slowest 5 % of the spans took \(Self.short(latency.p95)) s and more, where "
        + "\(Self.short(expected)) s is usual" + Self.chance(finding.p), window: window)
  }

  /// Fewer spans than usual, of a service that shows signs of life: no telemetry at all is no data.
  func throughputDrop(_ window: ServiceWindow, _ record: inout ServiceRecord) -> DetectedIssue? {
    guard let traffic = window.traffic else { return nil }
    let alive = traffic.spans > 0 || !window.readings.isEmpty || (window.agents?.total ?? 0) > 0
    guard alive else { return nil }
    let verdict = observe(.fewer(traffic.spans), &record.throughput, window)
    guard let verdict, let finding = finding(verdict, record.throughput) else { return nil }
    let expected = SignalBaseline.Sample.count(of: verdict.expected)
    return DetectedIssue(
      kind: .throughputDrop, service: window.service, severity: finding.severity,
      confidence: finding.confidence, onset: finding.onset,
      observed: Double(traffic.spans) / window.length, expected: expected / window.length,
      measure: "spans_per_second",
      evidence: "\(traffic.spans) spans ended, where \(Self.short(expected)) are usual"
        + Self.chance(finding.p), window: window)
  }

  func unhealthyAgents(_ window: ServiceWindow, _ record: inout ServiceRecord) -> DetectedIssue? {
    guard let agents = window.agents, agents.total > 0 else { return nil }
    let unhealthy = agents.total - agents.healthy
    let verdict = observe(.share(unhealthy, of: agents.total), &record.agents, window)
    guard let verdict, let finding = finding(verdict, record.agents) else { return nil }
    let expected = SignalBaseline.Sample.share(of: verdict.expected)
    return DetectedIssue(
      kind: .unhealthyAgents, service: window.service, severity: finding.severity,
      confidence: finding.confidence, onset: finding.onset,
      observed: Double(unhealthy) / Double(agents.total), expected: expected, measure: "unhealthy_ratio",
      evidence:
        "\(unhealthy) of \(agents.total) agents are unhealthy, where \(Self.percent(expected)) is usual"
        + Self.chance(finding.p), window: window)
  }

  /// A resource that is unusually full and will be at its limit before as much time has passed again as since it began to
  /// rise.
  func resourceExhaustion(_ window: ServiceWindow, _ record: inout ServiceRecord) -> [DetectedIssue] {
    var issues: [DetectedIssue] = []
    for reading in window.readings {
      var place = record.resources.firstIndex { $0.name == reading.resource }
      if place == nil, record.resources.count < ServiceRecord.maximumResources {
        place = record.resources.count
        record.resources.append(.init(name: reading.resource))
      }
      guard let place else { continue }
      record.resources[place].trail.observe(reading.used, at: window.start)
      let verdict = observe(.used(reading.used), &record.resources[place].baseline, window)
      let resource = record.resources[place]
      if resource.baseline.evidence.onset == window.start {
        record.resources[place].trail.forget(before: window.start)
      }
      guard let verdict, let finding = finding(verdict, resource.baseline),
        let left = resource.trail.secondsToLimit(since: finding.onset)
      else { continue }
      let risen = window.end.seconds(since: finding.onset)
      guard left <= risen else { continue }
      issues.append(
        DetectedIssue(
          kind: .resourceExhaustion, service: window.service, severity: 1 - left / risen / 2,
          confidence: finding.confidence, onset: finding.onset, observed: reading.used,
          expected: min(1, max(0, verdict.expected)), measure: "used_ratio:\(reading.resource)",
          evidence: "\(reading.resource) is used to \(Self.percent(reading.used)), where "
            + "\(Self.percent(verdict.expected)) is usual, and "
            + (left > 0 ? "will be full in \(Self.short(left)) s if it goes on so" : "is full"),
          window: window))
    }
    return issues
  }
}
