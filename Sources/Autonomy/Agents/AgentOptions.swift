package import Coordination

/// How an agent works.
package struct AgentOptions: Sendable, Equatable {
  /// The agent's id.
  package var id: String
  /// The command line that does an item, for `/bin/sh -c`.
  package var command: String
  /// Items worked on at once; `nil` takes what the agent's record says, or 1.
  package var concurrency: Int?
  /// Seconds after which an item passes on when this process is not heard of.
  package var leaseSeconds = 30.0
  /// Seconds between two signs of life; leases are renewed with each, at least three times a lease.
  package var heartbeatSeconds = 5.0
  /// Seconds without work after which the agent stops; `nil` for never.
  package var untilIdleSeconds: Double?
  /// Seconds that a command may take; `nil` for as long as it likes.
  package var timeoutSeconds: Double?
  /// Seconds between asking a command that took too long to end and killing it.
  package var graceSeconds = 2.0
  /// When a failed item is tried again.
  package var retry = RetryPolicy()
  /// Bytes of a command's output that are kept.
  package var outputBytes = 256 << 10
  /// Seconds between two telemetry records, unless the agent's own record has `telemetry_interval_s`.
  package var telemetrySeconds = 10.0
  /// Telemetry records an agent has at most; the oldest is replaced.
  package var telemetryKeep = 8

  package init(id: String, command: String) {
    self.id = id
    self.command = command
  }

  /// Seconds between two signs of life, as needed by the lease.
  var beatSeconds: Double { max(0.01, min(heartbeatSeconds, leaseSeconds / 3)) }
}

/// What an agent did from its start to its end.
package struct AgentReport: Sendable, Equatable {
  /// Why an agent stopped.
  package enum Reason: String, Sendable {
    /// It was told to, and finished what it held.
    case drained
    /// There was no work for `untilIdleSeconds`.
    case idle
    /// It was told to stop at once; what it held was given back.
    case stopped
    /// Another process runs under its id.
    case superseded
  }

  /// Why it stopped.
  package var reason = Reason.drained
  /// Items done.
  package var completed = 0
  /// Failed attempts after which the item will be tried again.
  package var retried = 0
  /// Failed attempts that were an item's last.
  package var parked = 0
  /// Items that passed to another agent while they were worked on.
  package var lost = 0
  /// Items given back unfinished.
  package var released = 0
  /// Items whose end could not be written down; their lease runs out.
  package var unsettled = 0
}
