package import DSLBase

/// Which issue asks for which action, and how sure that is at best: read from top to bottom, the first that fits counts.
package struct RemediationTable: Sendable, Equatable {
  /// One line.
  package struct Row: Sendable, Equatable {
    /// The type of issue.
    package var issue: String
    /// The service it is for; `nil` for any.
    package var service: String?
    /// What to do; `nil` to leave such issues alone.
    package var action: RemediationAction?
    /// The confidence at best: evidence and record can only take from it. 0…1.
    package var confidence: Double
    /// Given to the action; its defaults hold for the others.
    package var parameters: JSONObject

    package init(
      _ issue: String, service: String? = nil, _ action: RemediationAction?, confidence: Double,
      _ parameters: JSONObject = [:]
    ) {
      self.issue = issue
      self.service = service
      self.action = action
      self.confidence = confidence
      self.parameters = parameters
    }
  }

  package var rows: [Row]

  package init(_ rows: [Row]) { self.rows = rows }

  /// The document's own: numbers and parameters are those of the original.
  package static let standard = RemediationTable([
    Row("error_spike", .restartService, confidence: 0.7),
    Row("latency_increase", .scaleUp, confidence: 0.8, ["agents": 3]),
    Row("throughput_drop", .scaleUp, confidence: 0.8, ["agents": 5]),
    Row("cascade_failure", .circuitBreaker, confidence: 0.9, ["seconds": 300]),
    Row("resource_exhaustion", .clearCache, confidence: 0.6, ["percent": 50]),
    Row("unhealthy_agents", .healthCheck, confidence: 0.9),
  ])

  /// The issues that a detector may raise.
  package static let issues = standard.rows.map(\.issue)

  /// The line for an issue.
  package func row(for issue: RemediationIssue) -> Row? {
    rows.first { $0.issue == issue.type && ($0.service ?? issue.service) == issue.service }
  }

  /// These lines before those of another table.
  package func before(_ other: RemediationTable) -> RemediationTable {
    RemediationTable(rows + other.rows)
  }
}

extension RemediationTable.Row {
  package var json: JSONValue {
    [
      "issue": .string(issue), "service": .optional(service), "action": .optional(action?.rawValue),
      "confidence": .double(confidence), "parameters": .object(parameters),
    ]
  }
}
