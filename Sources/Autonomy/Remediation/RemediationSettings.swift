import DSLBase
package import DecisionEngine

/// What is done about issues in telemetry, and how much of it.
public struct RemediationSettings: Sendable, Equatable {
  /// Overrules the switch of `dsl telemetry enable-remediation`: `true` makes plans even when it is off, `false` never;
  /// whether anything is done is for the switch alone to say. `nil` leaves it to the switch.
  public var enabled: Bool?
  /// Remediations at a time; the others wait.
  public var maxConcurrent = 3
  /// The least confidence of a plan that is made without a person, 0…1.
  public var confidenceThreshold = 0.7
  /// Seconds that the effect of one is waited for.
  public var settleSeconds = 300.0
  /// Times that an issue is tried to be remedied.
  public var maxAttempts = 3
  /// Lines that come before the table of the document.
  package var plans: [RemediationTable.Row] = []
  /// Commands that carry actions out.
  package var commands: [Command] = []

  /// The defaults.
  public init() {}

  /// A command for an action.
  package struct Command: Sendable, Equatable {
    package var action: RemediationAction
    /// The service it is for; `nil` for any.
    package var service: String?
    /// What does it, and its limits.
    package var program: ProgramSettings.Program
    /// What takes it back, within the same limits; `nil` where it cannot be.
    package var undo: [String]?
  }

  /// The table in force.
  package var table: RemediationTable { RemediationTable(plans).before(.standard) }

  /// The limits of the book of issues.
  package var bookLimits: RemediationBook.Limits {
    var limits = RemediationBook.Limits()
    limits.maxConcurrent = maxConcurrent
    limits.settleSeconds = settleSeconds
    limits.maxAttempts = maxAttempts
    return limits
  }

  /// The command for an action on a service: one for that service before one for any.
  package func command(_ action: RemediationAction, _ service: String) -> Command? {
    let fitting = commands.filter { $0.action == action && ($0.service ?? service) == service }
    return fitting.first { $0.service != nil } ?? fitting.first
  }
}

/// How telemetry is looked at for issues.
public struct ProcessingSettings: Sendable, Equatable {
  /// Length of the stretches of time that detectors compare, seconds.
  public var windowSeconds = 60.0
  /// Least time between two looks at new telemetry, seconds.
  public var intervalSeconds = 10.0
  /// Time that is left for telemetry to arrive before its window is looked at, seconds.
  public var delaySeconds = 10.0

  /// The defaults.
  public init() {}
}

/// What of telemetry is a threat, and how long that is remembered.
public struct SecuritySettings: Sendable, Equatable {
  /// Whether telemetry is searched for attacks.
  public var monitoring = true
  /// From which score of its level on an event is a threat, 0…1.
  public var threatThreshold = 0.5
  /// Hours that events are kept.
  public var retentionHours = 24.0
  /// What shows an attack.
  package var rules = EventRules()

  /// The defaults.
  public init() {}
}
