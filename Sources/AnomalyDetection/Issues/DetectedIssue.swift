package import DSLBase

/// Something that is wrong with a service, and what says so.
package struct DetectedIssue: Sendable, Hashable {
  package let kind: IssueKind
  /// The service; for a cascade, the one whose errors began first.
  package let service: String
  /// How far from the ordinary it is, 0 to 1: 1 − 1/x for a deviation of x times the one that nine of ten windows stay
  /// below; of a resource, how near its limit is in time; of a cascade, 1 − 1/services. See `docs/detectors.md`.
  package let severity: Double
  /// How sure the detector is that this is no chance, 0.5 to 1: the odds of the evidence when one change in
  /// `windowsPerFalseAlarm` windows is what was expected. It grows while the issue lasts, to 0.99.
  package let confidence: Double
  /// When it began, by the change-point estimate; at or before the window's start.
  package let onset: Timestamp
  /// What was observed, in the unit of `measure`.
  package let observed: Double
  /// What the history leads to expect, in the same unit.
  package let expected: Double
  /// What `observed` and `expected` measure: `error_ratio`, `latency_p95_seconds`, `spans_per_second`,
  /// `failing_services`, `used_ratio:memory`, `unhealthy_ratio`.
  package let measure: String
  /// The services that are part of it in the order in which they began to fail; of a cascade only, else the service alone.
  package let services: [String]
  /// One sentence for people: what was seen, what was expected, and how improbable that is.
  package let evidence: String
  /// The window that raised it: where it begins.
  package let windowStart: Timestamp
  /// The window that raised it: its length in seconds.
  package let windowLength: Double

  package init(
    kind: IssueKind, service: String, severity: Double, confidence: Double, onset: Timestamp,
    observed: Double,
    expected: Double, measure: String, services: [String]? = nil, evidence: String, window: ServiceWindow
  ) {
    self.kind = kind
    self.service = service
    self.severity = min(1, max(0, severity))
    self.confidence = min(1, max(0, confidence))
    self.onset = min(onset, window.start)
    self.observed = observed
    self.expected = expected
    self.measure = measure
    self.services = services ?? [service]
    self.evidence = evidence
    windowStart = window.start
    windowLength = window.length
  }
}

extension DetectedIssue {
  /// The issue as commands and the journal show it.
  package var json: JSONValue {
    [
      "issue_type": .string(kind.rawValue), "service": .string(service), "severity": .double(severity),
      "confidence": .double(confidence), "onset": .string(onset.description), "observed": .double(observed),
      "expected": .double(expected), "measure": .string(measure), "services": .strings(services),
      "evidence": .string(evidence),
      "window": ["start": .string(windowStart.description), "length_s": .double(windowLength)],
    ]
  }
}
