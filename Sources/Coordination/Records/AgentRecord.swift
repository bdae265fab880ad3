package import DSLBase

/// A worker as its record describes it.
///
/// Ours have all members; foreign ones have some, under several names, and more that we do not know. What we do not know
/// survives every rewrite byte for byte (`encoded(over:)`).
package struct AgentRecord: Sendable, Equatable {
  /// What an agent's status word means.
  package enum Status: String, Sendable, Hashable, CaseIterable {
    /// Up. Also an agent that has no status: its record stands there, as the original counts it.
    case active
    /// Up, and says that it has nothing to do.
    case idle
    /// Finishing what it holds.
    case draining
    /// Down.
    case stopped
    /// Asked for; somebody else is to start it.
    case requested
    /// Being started.
    case starting
    /// A word this engine does not know: not counted as up.
    case other
  }

  /// Its `id` (or `agent_id`) member, else what its file name gives.
  package var id: String
  /// What its file name gives between prefix and `.json`: names its file, which the `id` member need not
  /// (`agent_0.json` of the original has the id `agent_0`).
  package var fileID: String
  /// The status as written; `status` is its meaning.
  package var statusText: String?
  /// When the record was made.
  package var created: Timestamp?
  /// When the agent was last heard of; `nil` when the record has no such member.
  package var heartbeat: Timestamp?
  /// Whether `heartbeat` had no zone, so that its age depends on the zone assumed.
  package var heartbeatZoneAssumed = false
  /// The age of `heartbeat` at which the agent counts as stale, seconds, when the record names one.
  package var heartbeatLimitSeconds: Double?
  /// Its process.
  package var pid: Int32?
  /// When the process started, clock ticks since boot as in `/proc/PID/stat`: tells it from a later one of that pid.
  package var processStart: Int?
  /// The boot that `processStart` counts from.
  package var bootID: String?
  /// The machine it runs on.
  package var host: String?
  /// Items it works on at once.
  package var concurrency = 1
  /// Who started it; an agent started by the engine is managed by it.
  package var startedBy: String?
  /// Whether it was asked to finish and stop.
  package var drain = false
  /// When it last held a claim.
  package var lastActive: Timestamp?

  /// A record of an agent that has yet to report.
  package init(id: String, status: Status, created: Timestamp? = nil) {
    self.id = id
    fileID = id
    statusText = status.rawValue
    self.created = created
  }

  /// What the status word means. Setting it writes the word of that meaning.
  package var status: Status {
    get { statusText.map { Status(word: $0) } ?? .active }
    set { statusText = newValue.rawValue }
  }

  /// Whether it counts as up by its own record: active or idle, and not asked to stop.
  package var isUp: Bool { (status == .active || status == .idle) && !drain }

  /// Whether it finishes what it holds and takes nothing new.
  package var isDraining: Bool { status == .draining || (drain && (status == .active || status == .idle)) }

  /// Seconds since it was last heard of; negative when its clock is ahead.
  package func heartbeatAge(at now: Timestamp) -> Double? { heartbeat.map { now.seconds(since: $0) } }

  /// Whether its heartbeat is older than its own limit, or than the general one; `false` when it has no heartbeat.
  ///
  /// - Parameter limitSeconds: the limit for agents whose record names none.
  package func isSilent(at now: Timestamp, limitSeconds: Double) -> Bool {
    heartbeatAge(at: now).map { $0 > heartbeatLimitSeconds ?? limitSeconds } ?? false
  }
}

extension AgentRecord.Status {
  /// The meaning of a word, case ignored.
  package init(word: String) {
    switch word.lowercased() {
    case "active", "running", "busy", "working", "online", "up", "ready", "healthy", "available",
      "registered":
      self = .active
    case "idle", "waiting": self = .idle
    case "draining", "stopping", "terminating": self = .draining
    case "stopped", "inactive", "offline", "down", "dead", "terminated", "exited", "failed", "error",
      "disabled",
      "shutdown", "completed":
      self = .stopped
    case "requested", "pending": self = .requested
    case "starting", "initializing", "booting": self = .starting
    default: self = .other
    }
  }
}
