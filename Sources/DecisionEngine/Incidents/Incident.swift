package import DSLBase

/// How bad an incident is, least bad first.
public enum IncidentSeverity: String, Sendable, Hashable, CaseIterable, Comparable {
  /// Worth knowing: another engine leads.
  case info
  /// Worth a look in working hours: the fleet is degraded, a decision was undone.
  case warning
  /// Something that should have worked did not: a decision failed.
  case error
  /// The fleet does not do its work, or nobody can tell.
  case critical

  /// By severity.
  public static func < (lhs: Self, rhs: Self) -> Bool {
    (allCases.firstIndex(of: lhs) ?? 0) < (allCases.firstIndex(of: rhs) ?? 0)
  }
}

/// One observation of the engine's that bears on an incident.
package struct IncidentSignal: Sendable, Equatable {
  /// What the signal says.
  package enum Kind: Sendable, Equatable {
    /// The condition holds in this cycle. A patient one has to hold, and to be gone, for several cycles in a row.
    case holds(patient: Bool)
    /// Whether the condition holds cannot be told in this cycle: everything stays as it is.
    case unknown
    /// It happened.
    case occurred
    /// It is over, whatever was seen before.
    case over
  }

  /// What is wrong: `health`, `decision_failed`, …; the table is in docs/notifications.md.
  package var rule: String
  /// What it is about: `fleet`, `queue`, a program, …
  package var target: String
  package var severity: IncidentSeverity
  /// What is wrong now, in a sentence.
  package var summary: String
  package var kind: Kind

  package init(
    _ rule: String, _ target: String, _ severity: IncidentSeverity = .warning, _ summary: String = "",
    _ kind: Kind
  ) {
    self.rule = rule
    self.target = target
    self.severity = severity
    self.summary = summary
    self.kind = kind
  }
}

/// Something wrong with one target by one rule, from its beginning to its end.
package struct Incident: Sendable, Equatable {
  /// `i-` and 16 hex digits, derived from rule, target and beginning.
  package var id: String
  package var rule: String
  package var target: String
  package var severity: IncidentSeverity
  package var summary: String
  package var openedAt: Timestamp
  /// How often it happened; 1 for conditions.
  package var count = 1
  /// Messages about it so far, this one included: the last part of a message's id.
  package var sequence = 1

  /// The worst severity that was told.
  var told: IncidentSeverity
  /// The worst severity that it ever was told with.
  package var worst: IncidentSeverity { max(told, severity) }

  /// When something was told last.
  var toldAt: Timestamp
  /// How often it had happened then.
  var toldCount = 1
  /// When it happened last; `nil` for conditions.
  package var lastAt: Timestamp?
  /// Whether it takes several cycles to be gone.
  var isPatient = false
  /// Cycles in a row in which the condition did not hold.
  var absent = 0

  init(_ signal: IncidentSignal, at now: Timestamp) {
    id = Self.id(signal, now)
    rule = signal.rule
    target = signal.target
    severity = signal.severity
    summary = signal.summary
    openedAt = now
    told = signal.severity
    toldAt = now
    if signal.kind == .occurred { lastAt = now }
    isPatient = signal.kind == .holds(patient: true)
  }

  private static func id(_ signal: IncidentSignal, _ now: Timestamp) -> String {
    let made = DecisionID.make(
      cycle: String(now.nanoseconds), rule: signal.rule, type: DecisionType(rawValue: "incident"),
      target: signal.target)
    return "i" + made.dropFirst()
  }
}

/// One thing to tell about an incident.
package struct IncidentChange: Sendable, Equatable {
  package enum Kind: String, Sendable { case opened, updated, closed }
  package var kind: Kind
  package var incident: Incident
  package var at: Timestamp
}
