package import AnomalyDetection
package import Coordination
package import DSLBase
package import DecisionEngine

/// What one look at new telemetry, outside of a cycle, came to.
package struct TelemetryLook: Sendable {
  package var at: Timestamp
  /// Windows that were looked at; 0 when nothing was new, or an engine looks itself.
  package var windows = 0
  /// Services that sent something in them.
  package var services: [String] = []
  /// Issues that are open now.
  package var issues: [RemediationIssue] = []
  package var events: [SecurityEvent] = []
  /// Numbers that are like none before.
  package var unusual: [UnusualSignal] = []
  /// What deserves attention, a sentence each.
  package var notes: [String] = []

  package var json: JSONValue {
    [
      "at": at.json, "windows": .int(windows), "services": .strings(services),
      "issues": .array(issues.map(\.json)), "events": .array(events.map(\.json)),
      "unusual_signals": .array(unusual.map(\.json)), "notes": .strings(notes),
    ]
  }
}

extension EngineHost {
  /// Looks at new telemetry once, without deciding anything: for who has telemetry looked at while no engine runs.
  ///
  /// What it finds stands in the same book as what a cycle finds, so that the next cycle plans for it. Beside an engine that
  /// leads there is nothing to do: that one looks in each of its cycles.
  ///
  /// - Parameter journal: opened for writing.
  /// - Throws: `unknownState` when the directory cannot be seen; `io`, `corrupt`.
  package func lookAtTelemetry(_ journal: Journal) async throws -> TelemetryLook {
    let observation = try await cycle(EngineExtensions(), dryRun: true).observe()
    if let blind = observation.blind { throw DSLError(.unknownState, "telemetry is not looked at: \(blind)") }
    let found = try await processing.pass(observation)
    var look = TelemetryLook(at: observation.at)
    (look.windows, look.services) = (found.windows, found.heard.sorted())
    (look.events, look.unusual, look.notes) = (found.events, found.unusual, found.notes)
    let limits = settings.remediation.bookLimits
    func observed(_ json: JSONValue?) throws(DSLError) -> RemediationBook {
      var book =
        if let json, json != .null { try RemediationBook(json: json, limits: limits) } else {
          RemediationBook(limits: limits)
        }
      let changes = book.observe(found.issues, heard: found.heard, at: observation.at)
      look.issues = book.entries.filter { $0.quietSince == nil }.map(\.issue)
      look.notes = found.notes + changes
      return book
    }
    guard found.windows > 0 else {
      _ = try observed(try journal.state(Self.bookKey))
      look.notes = found.notes
      return look
    }
    _ = try journal.changeState(Self.bookKey) { (json) throws(DSLError) in
      let book = try observed(json)
      return book.entries.isEmpty ? .null : book.json
    }
    return look
  }
}
