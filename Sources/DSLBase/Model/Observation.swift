/// How far one source of an observation can be relied on.
public enum EvidenceStatus: String, Sendable, Hashable, CaseIterable {
  /// Read just now, and its records are recent.
  case fresh
  /// Read just now, but its records are older than their limit.
  case stale
  /// Not there at all.
  case missing
  /// There, but some or all of it cannot be read.
  case corrupt
  /// Read, but nothing in it says how old it is.
  case unverified
}

/// What is known of one source: agents, work, completed, telemetry, or one that a backend adds.
public struct SourceEvidence: Sendable, Equatable {
  /// The name of the source.
  public var source: String
  /// How far it can be relied on.
  public var status: EvidenceStatus
  /// Records read.
  public var records: Int
  /// Records that could not be read and were passed over.
  public var unreadable: Int
  /// Age of the newest record, seconds; `nil` when none tells.
  public var newestAgeSeconds: Double?
  /// Age of the oldest record, seconds; `nil` when none tells.
  public var oldestAgeSeconds: Double?
  /// Age from which the newest record is stale, seconds; `nil` for a source that does not grow stale.
  public var limitSeconds: Double?
  /// What a reader should know, a sentence each; bounded.
  public var notes: [String]

  /// Evidence of a source.
  public init(
    source: String, status: EvidenceStatus, records: Int = 0, unreadable: Int = 0,
    newestAgeSeconds: Double? = nil,
    oldestAgeSeconds: Double? = nil, limitSeconds: Double? = nil, notes: [String] = []
  ) {
    self.source = source
    self.status = status
    self.records = records
    self.unreadable = unreadable
    self.newestAgeSeconds = newestAgeSeconds
    self.oldestAgeSeconds = oldestAgeSeconds
    self.limitSeconds = limitSeconds
    self.notes = notes
  }
}

/// One agent as the engine sees it.
public struct AgentView: Sendable, Equatable {
  /// What an agent is doing.
  public enum State: String, Sendable, Hashable {
    /// Up and holding at least one claim.
    case busy
    /// Up and holding none.
    case idle
    /// Asked for, not yet heard of.
    case starting
    /// Finishing what it holds.
    case draining
    /// Silent for longer than its limit, or its process is gone.
    case stale
    /// Stopped, by its own record.
    case stopped
  }

  /// The agent's id.
  public var id: String
  /// What it is doing.
  public var state: State
  /// Claims it holds under a valid lease.
  public var claims: Int
  /// Items it works on at once.
  public var concurrency: Int
  /// Its process on this host, if it has one here.
  public var pid: Int32?
  /// Seconds since it was last heard of; `nil` when its record says nothing about it.
  public var heartbeatAgeSeconds: Double?
  /// Seconds since it last held a claim; `nil` when unknown.
  public var idleSeconds: Double?
  /// Whether this engine started it, so that it may be replaced by starting another.
  public var managed: Bool
  /// Whether its process was seen running; `nil` where this machine cannot tell.
  public var running: Bool?

  /// An agent as seen.
  public init(
    id: String, state: State, claims: Int = 0, concurrency: Int = 1, pid: Int32? = nil,
    heartbeatAgeSeconds: Double? = nil, idleSeconds: Double? = nil, managed: Bool = false,
    running: Bool? = nil
  ) {
    self.id = id
    self.state = state
    self.claims = claims
    self.concurrency = concurrency
    self.pid = pid
    self.heartbeatAgeSeconds = heartbeatAgeSeconds
    self.idleSeconds = idleSeconds
    self.managed = managed
    self.running = running
  }
}

/// Everything one look at a backend found out: the sole input of a decision, journaled whole so that it can be replayed.
public struct Observation: Sendable, Equatable {
  /// When it was made.
  public var at: Timestamp
  /// The backend's name: "files", "memory", ….
  public var backend: String
  /// What was measured, not yet scored.
  public var metrics: SystemMetrics
  /// One entry a source, in a fixed order.
  public var evidence: [SourceEvidence]
  /// The agents, by id.
  public var agents: [AgentView]
  /// Why the engine is blind, as a sentence; `nil` when it sees. Blind means no scaling decision at all.
  public var blind: String?

  /// An observation.
  public init(
    at: Timestamp, backend: String, metrics: SystemMetrics, evidence: [SourceEvidence] = [],
    agents: [AgentView] = [],
    blind: String? = nil
  ) {
    self.at = at
    self.backend = backend
    self.metrics = metrics
    self.evidence = evidence
    self.agents = agents
    self.blind = blind
  }
}
