package import Coordination
package import DSLBase
package import DecisionEngine

/// What happened to a decision, in the order of time.
package struct DecisionTimeline {
  /// One happening.
  package struct Event {
    package var at: Timestamp
    /// `asked`, `approved`, `rejected`, `intended`, `refused`, `step`, `finished`, `verified`, `undo`.
    package var kind: String
    package var detail: String
    /// Who, where it was somebody.
    package var by: String?
  }

  package let events: [Event]

  package init(_ entry: JournaledDecision, _ approval: Approval?) {
    var events: [Event] = []
    if let approval {
      events.append(
        Event(
          at: approval.createdAt, kind: "asked", detail: "\(approval.id): \(approval.demand.reason)",
          by: approval.proposer.name))
      events += approval.votes.map {
        Event(at: $0.at, kind: $0.approves ? "approved" : "rejected", detail: $0.comment, by: $0.who.name)
      }
    }
    if let refusal = entry.refusal {
      events.append(Event(at: entry.at, kind: "refused", detail: "\(refusal.gate): \(refusal.reason)"))
    } else {
      events.append(Event(at: entry.at, kind: "intended", detail: entry.steps.count.counted("step")))
    }
    for step in entry.steps {
      guard let at = step.performedAt else { continue }
      let words = [step.step["action"]?.string, step.step["target"]?.string].compactMap { $0 }
      events.append(Event(at: at, kind: "step", detail: words.joined(separator: " ")))
    }
    if entry.refusal == nil, let at = entry.finishedAt, let outcome = entry.outcome {
      let detail = entry.message.isEmpty ? outcome.rawValue : "\(outcome.rawValue): \(entry.message)"
      events.append(Event(at: at, kind: "finished", detail: detail))
    }
    if let verdict = entry.verdict, let at = verdict["at"].flatMap({ Timestamp.parse($0)?.time }) {
      events.append(Event(at: at, kind: "verified", detail: verdict["verdict"]?.string ?? ""))
    }
    events += entry.undo.map { attempt in
      let reason = attempt.reason.isEmpty ? "" : ": \(attempt.reason)"
      return Event(at: attempt.at, kind: "undo", detail: attempt.outcome.rawValue + reason, by: attempt.by)
    }
    // What happened at one moment stays in the order in which it is told above.
    self.events = events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
      .map(\.element)
  }

  package var json: JSONValue {
    .array(
      events.map {
        [
          "at": $0.at.json, "event": .string($0.kind), "detail": .string($0.detail), "by": .optional($0.by),
        ]
      })
  }
}
