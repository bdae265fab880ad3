package import DSLBase
import DecisionEngine

/// Every setting, in the order in which files and reports list them: the one table that reading, showing, documenting
/// and creating a `dsl.yaml` share.
package enum SettingCatalog {
  /// The settings.
  package static let all: [Setting] =
    fleet + people + handling + ProgramSettings.catalog + RemediationSettings.catalog
    + NotifySettings.catalog + observing + serving

  /// The sections of a file, with what they are about.
  package static let sections: [(name: String, meaning: String)] = [
    ("gpu", "The fleet of the backend gpu (docs/gpu.md)."),
    ("sim", "The cluster of the backend sim (docs/simulator.md)."),
    ("limits", "How far decisions may move the fleet."),
    ("gates", "What a decision must pass before it takes effect."),
    ("approval", "Which decisions people have to approve, and how."),
    ("kill_switch", "What stops everything at once."),
    ("agents", "How agents are started, watched and tuned."),
    ("work", "Leases, retries and limits of work items."),
    ("programs", "Programs that propose, score or carry out decisions (docs/programs.md)."),
    ("remediation", "What is done about issues in telemetry (docs/remediation.md)."),
    ("processing", "How telemetry is looked at for issues."),
    ("security", "What of telemetry is a threat (docs/remediation.md)."),
    ("incidents", "When something is worth a message (docs/notifications.md)."),
    ("records", "How the records in the directory are read."),
    ("telemetry", "What is kept of the engine's own spans, and of telemetry that was received."),
    ("journal", "How long the journal remembers."),
    ("backup", "Where backups go."),
    ("loop", "How `dsl auto loop` runs."),
    ("serve", "How the engine answers over HTTP (docs/serve.md)."),
    ("leader", "Who acts when several engines run on one directory."),
    ("log", "Messages on stderr."),
  ]

  /// All settings by key, as JSON: what the journal keeps of a cycle.
  package static func json(_ settings: Settings) -> JSONValue {
    var object = JSONObject()
    for setting in all { object[setting.key] = setting.value(in: settings) }
    return .object(object)
  }

  private static let anyDuration = 0.0...31_536_000
  private static let aDecade = 0.0...315_360_000
  private static let positive = 0.001...31_536_000

  private static let fleet: [Setting] = [
    Setting("policy", .text(\.policy), "default, dslmodel, or the path of a policy file."),
    Setting(
      "backend", .choice(\.backend, ["files", "gpu", "sim"]),
      "What the loop runs on: agents alone, agents that have GPUs, or a simulated cluster."),
    Setting("gpu.cluster", .optionalText(\.gpu.cluster), "A file with the nodes and what else runs there."),
    Setting("gpu.manifests", .optionalText(\.gpu.manifests), "A file with the pools that agents belong to."),
    Setting(
      "gpu.profile", .optionalText(\.gpu.profile), "A file with the weights by which places are chosen."),
    Setting(
      "sim.preset", .choice(\.sim.preset, ["calm", "canonical", "storm"]), "The constants to start from."),
    Setting("sim.size", .optionalText(\.sim.size), "The grid, as rows and columns: 8x8; 6x6 unless set."),
    Setting("sim.config", .optionalText(\.sim.config), "A file with constants that differ, a JSON object."),
    Setting(
      "sim.seed", .integer(\.sim.seed, 0...(1 << 30 - 1)), "Of the episodes' keys, as of dsl sim evaluate."),
    Setting("sim.first", .integer(\.sim.first, 0...4_000_000_000), "The number of the first episode."),
    Setting(
      "sim.policy", .optionalText(\.sim.policy),
      "Who proposes an action in each cycle: heuristic, threshold, random, oracle, or a file of dsl sim train."
    ),
    Setting(
      "health", .health(\.health), "How metrics become a score: thresholds and terms (docs/policies.md)."),
    Setting("limits.min_agents", .integer(\.limits.minAgents, 0...10_000), "Agents that are always kept."),
    Setting(
      "limits.max_agents", .integer(\.limits.maxAgents, 1...10_000), "Agents that are never exceeded.",
      environment: ["DSLMODEL_AUTO_MAX_AGENTS"]),
    Setting(
      "limits.scale_factor", .number(\.limits.scaleFactor, 0.1...100),
      "What the step of a scaling decision is multiplied by.", environment: ["DSLMODEL_AUTO_SCALE_FACTOR"]),
    Setting(
      "gates.min_confidence", .share(\.gates.minConfidence),
      "The least confidence a decision needs.", environment: ["DSLMODEL_AUTO_MIN_CONFIDENCE"]),
    Setting(
      "gates.force_confidence", .optionalShare(\.gates.forceConfidence),
      "Replaces min_confidence for one call.", flagOnly: true),
    Setting(
      "gates.dry_run", .bool(\.gates.dryRun), "Decide, but change nothing.",
      environment: ["DSLMODEL_AUTO_DRY_RUN"]),
    Setting(
      "gates.max_decisions_per_cycle", .integer(\.gates.maxDecisionsPerCycle, 0...1000),
      "Decisions that may take effect in one cycle."),
    Setting(
      "gates.max_concurrent", .integer(\.gates.maxConcurrent, 1...1000),
      "Effects that may be under way at once."),
    Setting(
      "gates.cooldown.up", .duration(\.gates.cooldown.up, anyDuration),
      "Least time before a scale-up follows another scaling."),
    Setting(
      "gates.cooldown.down", .duration(\.gates.cooldown.down, anyDuration),
      "Least time before a scale-down follows another scaling."),
    Setting(
      "gates.cooldown.other", .duration(\.gates.cooldown.other, anyDuration),
      "Least time between two equal decisions that scale nothing."),
    Setting(
      "gates.budget.count", .integer(\.gates.budget.count, 0...1_000_000),
      "Effects allowed within the window."),
    Setting(
      "gates.budget.window", .duration(\.gates.budget.windowSeconds, positive),
      "The window that the budget is for."),
    Setting(
      "gates.budget.up", .optionalInteger(\.gates.budget.up, 0...1_000_000),
      "Scale-ups of any one target allowed within the window."),
    Setting(
      "gates.budget.down", .optionalInteger(\.gates.budget.down, 0...1_000_000),
      "Scale-downs of any one target allowed within the window."),
    Setting(
      "gates.budget.other", .optionalInteger(\.gates.budget.other, 0...1_000_000),
      "Decisions on any one target that scale nothing allowed within the window."),
    Setting(
      "gates.flaps.count", .integer(\.gates.flaps.count, 0...1_000_000),
      "Reversals of a target, up after down or down after up, allowed within their window."),
    Setting(
      "gates.flaps.window", .duration(\.gates.flaps.windowSeconds, positive),
      "The window that reversals are counted in."),
    Setting(
      "gates.calibration.half_life", .duration(\.gates.calibration.halfLifeSeconds, positive),
      "Age at which the outcome of a prediction counts half."),
    Setting(
      "gates.calibration.max_offset", .share(\.gates.calibration.maxOffset),
      "The most that a kind of decision whose predictions miss is asked for in addition."),
  ]

  private static let people: [Setting] = [
    Setting(
      "approval.below", .optionalShare(\.gates.approval.below),
      "Decisions less confident than this need a person's approval."),
    Setting(
      "approval.types", .types(\.gates.approval.types), "Decision types that need a person's approval."),
    Setting(
      "approval.two_person", .types(\.gates.approval.twoPerson),
      "Decision types that need the approval of two people."),
    Setting(
      "approval.expires", .duration(\.approval.expirySeconds, 1...31_536_000),
      "How long a request waits since it was last seen, and how long an approval holds."),
    Setting(
      "approval.drift", .share(\.approval.drift),
      "How far numbers that led to a decision may move before its approval is void."),
    Setting(
      "approval.names", .bool(\.approval.acceptsNames),
      "Whether --by may name somebody; otherwise the account that answers counts."),
    Setting(
      "kill_switch.file", .optionalText(\.killSwitchFile),
      "A file beside .dsl/STOP whose presence stops every effect at once."),
  ]

  private static let handling: [Setting] = [
    Setting(
      "agents.command", .optionalText(\.agents.command),
      "The /bin/sh command line that starts one agent (DSL_AGENT_ID, DSL_COORDINATION_DIR are set for it)."),
    Setting(
      "agents.heartbeat_limit", .duration(\.agents.heartbeatLimitSeconds, positive),
      "Silence after which an agent is stale."),
    Setting(
      "agents.start_timeout", .duration(\.agents.startTimeoutSeconds, positive),
      "Time that a started agent has until its first heartbeat."),
    Setting(
      "agents.health_command", .optionalText(\.agents.healthCommand),
      "The command line that probes one agent; exit status 0 means it is well."),
    Setting(
      "agents.health_timeout", .duration(\.agents.healthTimeoutSeconds, positive),
      "Time that a probe may take."),
    Setting(
      "agents.min_concurrency", .integer(\.agents.minConcurrency, 1...1024),
      "The lowest concurrency that optimize gives an agent."),
    Setting(
      "agents.max_concurrency", .integer(\.agents.maxConcurrency, 1...1024),
      "The highest concurrency that optimize gives an agent."),
    Setting(
      "work.lease", .duration(\.work.leaseSeconds, positive), "How long a claim lasts unless renewed."),
    Setting(
      "work.max_attempts", .integer(\.work.maxAttempts, 1...1000),
      "Attempts after which an item is parked as failed."),
    Setting(
      "work.retry_base", .duration(\.work.retryBaseSeconds, anyDuration),
      "Wait before the first retry; doubles with every further one."),
    Setting(
      "work.retry_max", .duration(\.work.retryMaxSeconds, anyDuration), "The longest wait before a retry."),
    Setting(
      "work.age_limit", .optionalDuration(\.work.ageLimitSeconds, positive),
      "Age from which a pending item is overdue and may be quarantined; unless set, never."),
    Setting(
      "work.process_limit", .integer(\.work.processLimit, 1...100_000),
      "Items that one coordination_improve handles."),
  ]

  private static let observing: [Setting] = [
    Setting(
      "records.max_bytes", .bytes(\.records.maxBytes, 1024...1 << 30),
      "Size beyond which a record is not read."),
    Setting(
      "records.telemetry_fresh", .duration(\.records.telemetryFreshSeconds, positive),
      "Age up to which telemetry counts for error rate and response time."),
    Setting(
      "records.throughput_window", .duration(\.records.throughputWindowSeconds, positive),
      "The window in which completed items count as throughput."),
    Setting(
      "records.assumed_zone", .zone(\.records.assumedOffsetSeconds),
      "The zone of times that name none; local unless set."),
    Setting(
      "telemetry.spans", .bool(\.telemetry.spans), "Whether spans are written to .dsl/telemetry/spans.jsonl."),
    Setting(
      "telemetry.rotate_size", .bytes(\.telemetry.rotateBytes, 4096...1 << 40),
      "Size at which that file is rotated."),
    Setting("telemetry.keep", .integer(\.telemetry.keep, 0...1000), "Rotated files that are kept."),
    Setting(
      "telemetry.sampling_ratio", .share(\.telemetry.samplingRatio),
      "Share of cycles whose spans are written."),
    Setting(
      "telemetry.retention.age", .duration(\.telemetry.retention.ageSeconds, positive),
      "How long telemetry that was received is kept."),
    Setting(
      "telemetry.retention.size", .bytes(\.telemetry.retention.bytes, 1 << 20...1 << 46),
      "Packed bytes of received telemetry that are kept; the oldest goes first."),
    Setting(
      "telemetry.textfile", .optionalText(\.telemetry.textfile),
      "A file that metrics are written to after each cycle, for the node exporter of Prometheus."),
    Setting(
      "journal.keep", .duration(\.journal.keepSeconds, aDecade),
      "How long cycles and decisions are remembered."),
    Setting(
      "journal.keep_idle", .duration(\.journal.idleSeconds, aDecade),
      "How long cycles in which nothing was decided are remembered."),
    Setting(
      "journal.undo_window", .duration(\.journal.undoSeconds, aDecade),
      "How long decisions that can be undone are remembered, whatever journal.keep says."),
    Setting(
      "backup.directory", .optionalText(\.backup.directory),
      "Where backups go, relative to the coordination directory; unless set, .dsl/backups in it."),
    Setting(
      "loop.interval", .duration(\.loop.intervalSeconds, 0.01...31_536_000),
      "Time from the start of one cycle to the start of the next."),
    Setting(
      "loop.max_cycles", .integer(\.loop.maxCycles, 0...1_000_000_000),
      "Cycles after which the loop ends; 0 means never."),
    Setting("loop.watch", .bool(\.loop.watch), "Whether a change in the directory starts a cycle at once."),
    Setting(
      "loop.auto_rollback", .bool(\.loop.autoRollback),
      "Whether decisions that made health worse are undone."),
    Setting(
      "loop.stop_timeout", .duration(\.loop.stopTimeoutSeconds, 0.01...86_400),
      "Time that the effect under way has to end in when the loop is told to stop."),
    Setting(
      "loop.leader_election", .bool(\.leaderElection),
      "Whether to stand by for the lead instead of giving up while another engine has it.",
      environment: ["DSLMODEL_AUTO_LEADER_ELECTION"]),
    Setting(
      "leader.lease", .duration(\.leader.durationSeconds, 0.1...86_400),
      "How long a leader that gives no sign is waited for before another takes over."),
    Setting(
      "leader.renew_deadline", .duration(\.leader.renewDeadlineSeconds, 0.05...86_400),
      "How long a leader that cannot renew its lease goes on; less than the lease."),
    Setting(
      "leader.retry", .duration(\.leader.retrySeconds, 0.01...86_400),
      "Time between two renewals, and between two looks of an engine that stands by."),
    Setting(
      "log.level", .level(\.logLevel), "The least severe level that is shown.",
      environment: ["DSL_LOG", "LOGURU_LEVEL"]),
  ]
}
