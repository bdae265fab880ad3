package import DSLBase

/// Which issues are open, which of them are being remedied and which wait for that: nothing that was seen is forgotten
/// before it is over. Pure.
///
/// An issue waits until one of `maxConcurrent` places is free. Remedied, it holds its place for `settleSeconds`: by then
/// the detectors no longer see it, or it waits again; after `maxAttempts` it is left to people until it is over. An issue is
/// over when its service was heard of for `settleSeconds` without it. A service that fell silent says nothing: its issue
/// stays open.
package struct RemediationBook: Sendable, Equatable {
  /// The limits of the book.
  package struct Limits: Sendable, Equatable {
    /// Remediations at a time.
    package var maxConcurrent = 3
    /// How long the effect of one is waited for, seconds.
    package var settleSeconds = 300.0
    /// Times that an issue is tried to be remedied.
    package var maxAttempts = 3
    /// Open issues that are kept; the least severe beyond that are told and passed over.
    package var capacity = 200

    package init() {}
  }

  /// Where an issue stands.
  package enum State: Sendable, Equatable {
    /// For a free place, or for whatever held the last try back.
    case waiting
    /// Remedied by that decision; its place is held until a time.
    case active(decision: String, until: Timestamp)
    /// Left to people.
    case parked
  }

  /// One open issue.
  package struct Entry: Sendable, Equatable {
    package var issue: RemediationIssue
    package var state = State.waiting
    package var attempts = 0
    /// When a detector last raised it.
    package var seenAt: Timestamp
    /// When it first was without being raised, since it was last raised; `nil` when it never was.
    package var quietSince: Timestamp?
    /// What came of it last, as a sentence.
    package var note = ""
  }

  package var limits: Limits
  /// In the order in which they were first seen.
  package internal(set) var entries: [Entry] = []

  package init(limits: Limits = Limits()) { self.limits = limits }

  /// Those that hold a place.
  package var active: Int {
    entries.count { if case .active = $0.state { true } else { false } }
  }

  /// Those that wait, the most severe first, then the oldest: the order in which they get their turn.
  package var waiting: [Entry] {
    entries.enumerated().filter { $0.element.state == .waiting }.sorted {
      let (a, b) = ($0.element.issue, $1.element.issue)
      return a.severity != b.severity ? a.severity > b.severity : $0.offset < $1.offset
    }.map(\.element)
  }

  /// Takes what the detectors said of stretches of telemetry that were looked at since the last time.
  ///
  /// - Parameters:
  ///   - issues: what they raised.
  ///   - heard: services that they heard of.
  /// - Returns: what changed, a sentence each.
  package mutating func observe(
    _ issues: [RemediationIssue], heard: Set<String>, at now: Timestamp
  ) -> [String] {
    var notes: [String] = []
    for issue in issues {
      if let place = entries.firstIndex(where: { $0.issue.key == issue.key }) {
        entries[place].seenAt = now
        entries[place].quietSince = nil
        entries[place].issue = Self.joined(entries[place].issue, issue)
      } else {
        entries.append(Entry(issue: issue, seenAt: now))
        notes.append("\(issue.type) of \(issue.service): \(issue.evidence)")
      }
    }
    let raised = Set(issues.map(\.key))
    for place in entries.indices
    where heard.contains(entries[place].issue.service) && !raised.contains(entries[place].issue.key) {
      entries[place].quietSince = entries[place].quietSince ?? now
    }
    return notes + settle(at: now) + trim()
  }

  /// An issue that goes on: as bad as it is now, as old as it was, and as sure as it ever was, because what goes on becomes
  /// usual to a detector and is no less true for that.
  private static func joined(_ old: RemediationIssue, _ new: RemediationIssue) -> RemediationIssue {
    var issue = new
    issue.onset = min(old.onset, new.onset)
    if old.confidence > new.confidence { (issue.confidence, issue.evidence) = (old.confidence, old.evidence) }
    return issue
  }

  /// Lets places go whose time is over, and issues that are over.
  private mutating func settle(at now: Timestamp) -> [String] {
    var notes: [String] = []
    var kept: [Entry] = []
    for var entry in entries {
      let name = "\(entry.issue.type) of \(entry.issue.service)"
      if let quiet = entry.quietSince, now.seconds(since: quiet) >= limits.settleSeconds {
        notes.append("\(name) is over")
        continue
      }
      if case .active(let decision, let until) = entry.state, now >= until {
        let isQuiet = entry.quietSince != nil
        if !isQuiet, entry.attempts >= limits.maxAttempts {
          entry.state = .parked
          entry.note = "\(decision) did not end it, after \(entry.attempts) attempts it is left to people"
          notes.append("\(name): \(entry.note)")
        } else {
          entry.state = .waiting
          entry.note = isQuiet ? "\(decision) seems to have helped" : "\(decision) did not end it"
        }
      }
      kept.append(entry)
    }
    entries = kept
    return notes
  }

  private mutating func trim() -> [String] {
    guard entries.count > limits.capacity else { return [] }
    let passedOver = waiting.suffix(entries.count - limits.capacity).map(\.issue.key)
    entries.removeAll { passedOver.contains($0.issue.key) }
    return [
      "\(passedOver.count) issues were passed over: more than \(limits.capacity) are open"
    ]
  }

  /// The issues whose turn it is, as many as there are places. One that is not raised at the moment is left to end by
  /// itself.
  package var next: [Entry] {
    Array(waiting.filter { $0.quietSince == nil }.prefix(max(0, limits.maxConcurrent - active)))
  }

  /// What became of a plan.
  package enum Result: Sendable, Equatable {
    /// Carried out by that decision.
    case executed(decision: String)
    /// It was tried and failed, and was taken back.
    case failed(String)
    /// Held back, or there was nothing to do: it waits.
    case held(String)
  }

  /// Notes what became of an issue's plan.
  package mutating func note(_ result: Result, for key: String, at now: Timestamp) {
    guard let place = entries.firstIndex(where: { $0.issue.key == key }) else { return }
    switch result {
    case .executed(let decision):
      entries[place].attempts += 1
      entries[place].state = .active(decision: decision, until: now.adding(seconds: limits.settleSeconds))
      entries[place].note = "carried out by \(decision)"
    case .failed(let reason):
      entries[place].attempts += 1
      let isOver = entries[place].attempts >= limits.maxAttempts
      entries[place].state = isOver ? .parked : .waiting
      entries[place].note = isOver ? "\(reason); left to people" : reason
    case .held(let reason): entries[place].note = reason
    }
  }
}
