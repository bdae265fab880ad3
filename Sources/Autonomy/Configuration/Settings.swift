package import DSLBase
public import DecisionEngine

/// Everything that can be configured, with its defaults.
///
/// `SettingsLoader` fills it from flags, environment, `dsl.yaml` and the user's file; `SettingCatalog` names each value
/// as files, `dsl config show` and messages do.
public struct Settings: Sendable, Equatable {
  /// `default`, `dslmodel`, or the path of a policy file, relative to the coordination directory.
  public var policy = "default"
  /// What the loop runs on: `files`, `gpu` or `sim`.
  public var backend = "files"
  /// The fleet of the backend `gpu`.
  public var gpu = GPU()
  /// The cluster of the backend `sim`.
  public var sim = Sim()
  /// How metrics become a score.
  public var health = HealthModel.standard
  /// How far decisions may move the fleet.
  public var limits = FleetLimits()
  /// What a decision must pass before it takes effect.
  public var gates = GateSettings()
  /// How people approve what `gates.approval` demands.
  public var approval = Approval()
  /// A file beside `.dsl/STOP` whose presence stops everything; a relative path is in the coordination directory.
  public var killSwitchFile: String?
  /// How agents are started, watched and tuned.
  public var agents = Agents()
  /// Leases, retries and limits of work items.
  public var work = Work()
  /// Programs that propose, score or carry out decisions.
  public var programs = ProgramSettings()
  /// What is done about issues in telemetry.
  public var remediation = RemediationSettings()
  /// How telemetry is looked at for issues.
  public var processing = ProcessingSettings()
  /// What of telemetry is a threat.
  public var security = SecuritySettings()
  /// Who is told of incidents, and when.
  public var notify = NotifySettings()
  /// How records are read.
  public var records = Records()
  /// What is kept of the engine's own spans.
  public var telemetry = Telemetry()
  /// How long the journal remembers.
  public var journal = Journal()
  /// Where backups go.
  public var backup = Backup()
  /// How `dsl auto loop` runs.
  public var loop = Loop()
  /// How the engine answers over HTTP.
  public var serve = Serve()
  /// The least severe level that is logged to stderr.
  public var logLevel = LogLevel.warning
  /// Whether to wait for the lead instead of refusing to start while another engine has it.
  public var leaderElection = false
  /// How long a lead lasts without a sign of its holder.
  package var leader = LeaseTiming()

  /// The defaults.
  public init() {}

  /// How people approve decisions.
  public struct Approval: Sendable, Equatable {
    /// Seconds that a request waits since it was last seen, and that an answer holds.
    public var expirySeconds = 3600.0
    /// The share by which numbers that an approval binds may move.
    public var drift = 0.25
    /// Whether `--by` may name somebody, or the account counts.
    public var acceptsNames = true
    /// The defaults.
    public init() {}
  }

  /// The fleet of the backend `gpu`; relative paths are in the coordination directory.
  public struct GPU: Sendable, Equatable {
    /// The nodes and what runs on them beside the agents.
    public var cluster: String?
    /// The pools that agents are replicas of.
    public var manifests: String?
    /// How places are chosen; the documented weights without one.
    public var profile: String?
    /// The defaults.
    public init() {}
  }

  /// The cluster of the backend `sim`; relative paths are in the coordination directory.
  public struct Sim: Sendable, Equatable {
    /// The constants to start from: `calm`, `canonical` or `storm`.
    public var preset = "canonical"
    /// The grid, as rows and columns: `8x8`.
    public var size: String?
    /// A file with constants that differ: a JSON object.
    public var config: String?
    /// Of the episodes' keys.
    public var seed = 0
    /// The number of the first episode.
    public var first = 0
    /// Who proposes an action in each cycle: `heuristic`, `threshold`, `random`, `oracle`, or a file of `dsl sim train`; nobody
    /// beside the rules without one.
    public var policy: String?
    /// The defaults.
    public init() {}
  }

  /// How agents are started, watched and tuned.
  public struct Agents: Sendable, Equatable {
    /// The `/bin/sh` command line that starts one agent; without one, agents are only asked for in their records.
    public var command: String?
    /// Seconds of silence after which an agent is stale, unless its record names another limit.
    public var heartbeatLimitSeconds = 30.0
    /// Seconds that a started agent has until its first heartbeat.
    public var startTimeoutSeconds = 30.0
    /// The command line that probes one agent; exit status 0 means it is well.
    public var healthCommand: String?
    /// Seconds that a probe may take.
    public var healthTimeoutSeconds = 5.0
    /// The lowest concurrency that `optimize` gives an agent.
    public var minConcurrency = 1
    /// The highest concurrency that `optimize` gives an agent.
    public var maxConcurrency = 4
    /// The defaults.
    public init() {}
  }

  /// Leases, retries and limits of work items.
  public struct Work: Sendable, Equatable {
    /// Seconds that a claim lasts unless renewed.
    public var leaseSeconds = 30.0
    /// Attempts after which an item is parked as failed, unless its record says otherwise.
    public var maxAttempts = 3
    /// Seconds before the first retry; doubles with every further one.
    public var retryBaseSeconds = 1.0
    /// The longest wait before a retry, seconds.
    public var retryMaxSeconds = 60.0
    /// Age in seconds from which a pending item is overdue and may be quarantined; `nil` for never.
    public var ageLimitSeconds: Double?
    /// Items that one `coordination_improve` handles.
    public var processLimit = 10
    /// The defaults.
    public init() {}
  }

  /// How records are read.
  public struct Records: Sendable, Equatable {
    /// Bytes beyond which a record is not read.
    public var maxBytes = 1 << 20
    /// Age in seconds up to which telemetry counts for error rate and response time.
    public var telemetryFreshSeconds = 300.0
    /// The window in which completed items count as throughput, seconds.
    public var throughputWindowSeconds = 60.0
    /// Seconds east of UTC for times that name no zone.
    public var assumedOffsetSeconds = 0
    /// The defaults.
    public init() {}
  }

  /// What is kept of the engine's own spans.
  public struct Telemetry: Sendable, Equatable {
    /// Whether spans are written to `.dsl/telemetry/spans.jsonl`.
    public var spans = true
    /// Size in bytes at which the file is rotated.
    public var rotateBytes = 16 << 20
    /// Rotated files that are kept.
    public var keep = 5
    /// Share of cycles whose spans are written, 0…1.
    public var samplingRatio = 1.0
    /// A file that metrics are written to after each cycle, for Prometheus's node exporter.
    public var textfile: String?
    /// How much telemetry that was received is kept.
    public var retention = Retention()
    /// The defaults.
    public init() {}

    /// How much telemetry that was received is kept.
    public struct Retention: Sendable, Equatable {
      /// Seconds after its arrival.
      public var ageSeconds = 604_800.0
      /// Packed bytes; the oldest goes first.
      public var bytes = 1 << 30
      /// The defaults.
      public init() {}
    }
  }

  /// How long the journal remembers.
  public struct Journal: Sendable, Equatable {
    /// Seconds that cycles and decisions are kept.
    public var keepSeconds = 90 * 86_400.0
    /// Seconds that cycles without any decision are kept.
    public var idleSeconds = 86_400.0
    /// Seconds that a decision can be undone for, and is kept for that whatever else says.
    public var undoSeconds = 30 * 86_400.0
    /// The defaults.
    public init() {}
  }

  /// Where backups go.
  public struct Backup: Sendable, Equatable {
    /// The directory for backups, relative to the coordination directory; `nil` for `.dsl/backups` in it.
    public var directory: String?
    /// The defaults.
    public init() {}
  }

  /// How `dsl auto loop` runs.
  public struct Loop: Sendable, Equatable {
    /// Seconds from the start of one cycle to the start of the next.
    public var intervalSeconds = 30.0
    /// Cycles after which the loop ends; 0 means never.
    public var maxCycles = 0
    /// Whether a change in the directory starts a cycle at once.
    public var watch = false
    /// Whether decisions that made health worse are undone.
    public var autoRollback = false
    /// Seconds that the effect under way gets to end in when the loop is told to stop.
    public var stopTimeoutSeconds = 30.0
    /// The defaults.
    public init() {}
  }

  /// Severity of log lines, least severe first.
  public enum LogLevel: String, Sendable, CaseIterable, Comparable {
    /// As swift-log and most programs call them.
    case trace, debug, info, warning, error, critical
    /// By severity.
    public static func < (lhs: Self, rhs: Self) -> Bool {
      (allCases.firstIndex(of: lhs) ?? 0) < (allCases.firstIndex(of: rhs) ?? 0)
    }
  }
}
