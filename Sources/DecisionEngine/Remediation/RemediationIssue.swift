package import DSLBase

/// Something that is wrong with a service, as remediation sees it.
package struct RemediationIssue: Sendable, Equatable {
  /// `error_spike`, `latency_increase`, …; what a person names when they order an action.
  package var type: String
  /// The service it is about.
  package var service: String
  /// How bad it is, 0…1.
  package var severity: Double
  /// How sure the detector is that this is no chance, 0…1.
  package var confidence: Double
  /// When it began.
  package var onset: Timestamp
  /// What was seen, as a sentence.
  package var evidence: String

  package init(
    type: String, service: String, severity: Double, confidence: Double, onset: Timestamp, evidence: String
  ) {
    self.type = type
    self.service = service
    self.severity = severity
    self.confidence = confidence
    self.onset = onset
    self.evidence = evidence
  }

  /// What tells issues apart: there is at most one of a type and service.
  package var key: String { "\(type) \(service)" }

  /// `low` below 0.4, `medium` below 0.6, `high` below 0.8, else `critical`.
  package var severityWord: String {
    switch severity {
    case ..<0.4: "low"
    case ..<0.6: "medium"
    case ..<0.8: "high"
    default: "critical"
    }
  }

  package var json: JSONValue {
    [
      "issue_type": .string(type), "service": .string(service), "severity": .string(severityWord),
      "severity_score": .double(severity), "confidence": .double(confidence), "onset": onset.json,
      "evidence": .string(evidence),
    ]
  }

  /// - Throws: `DSLError` `.corrupt`.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "issue")
    self.init(
      type: try fields.string("issue_type"), service: try fields.string("service"),
      severity: try fields.double("severity_score"), confidence: try fields.double("confidence"),
      onset: try fields.time("onset"), evidence: try fields.string("evidence"))
  }
}
