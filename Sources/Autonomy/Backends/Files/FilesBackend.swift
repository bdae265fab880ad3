package import Coordination
package import DSLBase

/// The backend over a coordination directory: agents are processes and records, work is files.
package struct FilesBackend: Backend {
  /// What `started_by` says in the records of agents that this engine started.
  package static let starter = "dsl-auto"

  /// Everything that can be configured.
  package struct Options: Sendable, Equatable {
    /// The `/bin/sh` command line that starts one agent; without one, agents are only asked for.
    package var command: String?
    /// The command line that probes one agent; exit status 0 means it is well.
    package var healthCommand: String?
    /// Seconds that a probe may take.
    package var healthTimeoutSeconds = 5.0
    /// Seconds of silence after which an agent is stale, unless its record names another limit.
    package var heartbeatLimitSeconds = 30.0
    /// Seconds that a started agent has until its first heartbeat.
    package var startTimeoutSeconds = 30.0
    /// Limits of reading and judging records.
    package var limits = RecordLimits()
    /// Limits of planning.
    package var bounds = FleetPlanner.Bounds()
    /// Seconds east of UTC for times that name no zone.
    package var assumedOffset = 0
    /// The machine's name, as agents' records have it.
    package var host = ""

    package init() {}
  }

  package let name = "files"
  package let supports = FleetPlanner.supports
  let directory: CoordinationDirectory
  let agents: AgentStore
  let queue: WorkQueue?
  let fence: Fence?
  let time: any TimeSource
  let processes: any ProcessControl
  let options: Options
  let index: IndexUse

  /// - Parameters:
  ///   - directory: the coordination directory.
  ///   - queue: its work queue; without one there are no claims, and no step on an item can be performed.
  ///   - fence: of the leader that acts; what it changes is refused once another leads.
  ///   - index: what observing may do with the index of unchanged files.
  package init(
    _ directory: CoordinationDirectory, queue: WorkQueue?, fence: Fence? = nil, time: any TimeSource,
    processes: any ProcessControl,
    options: Options, index: IndexUse
  ) {
    self.directory = directory
    agents = AgentStore(directory, fence: fence)
    self.queue = queue
    self.fence = fence
    self.time = time
    self.processes = processes
    self.options = options
    self.index = index
  }

  /// Runs a commit that is not an agent's record's, unless another engine leads by now.
  ///
  /// - Throws: `superseded`; what `body` throws.
  func fenced<Result>(_ body: () throws(DSLError) -> Result) throws(DSLError) -> Result {
    guard let fence else { return try body() }
    return try fence.protect(body)
  }

  package func observe() async throws -> Observation { try observeFiles().observation }

  /// One look, with what the walk found beside the observation: the files that could not be read.
  package func observeFiles() throws -> (observation: Observation, snapshot: DirectorySnapshot) {
    let now = time.now
    let scanner = DirectoryScanner(
      directory: directory, limits: options.limits, now: now, assumedOffset: options.assumedOffset)
    let snapshot = try scanner.scan(index: index)
    if let blind = blindness(snapshot) {
      let sources = snapshot.sources
      let seen = Observation(
        at: now, backend: name, metrics: SystemMetrics(), evidence: sources, blind: blind)
      return (seen, snapshot)
    }
    let claims = try queue?.claims() ?? ClaimTotals()
    let views = views(snapshot, claims, now)
    var observation = Observation(
      at: now, backend: name, metrics: metrics(snapshot, claims, views, now), evidence: snapshot.sources,
      agents: views)
    observation.evidence.mend(views)
    return (observation, snapshot)
  }

  private func blindness(_ snapshot: DirectorySnapshot) -> String? {
    switch snapshot.state {
    case .missing: "there is no directory \(directory.path)"
    case .notADirectory: "\(directory.path) is not a directory"
    case .unreadable(let reason): "\(directory.path) cannot be read: \(reason)"
    case .readable where !snapshot.initialised:
      "\(directory.path) was never used: it holds no record and no dsl.yaml"
    case .readable: nil
    }
  }

  private func views(_ snapshot: DirectorySnapshot, _ totals: ClaimTotals, _ now: Timestamp) -> [AgentView] {
    let classifier = AgentClassifier(
      now: now, heartbeatLimitSeconds: options.heartbeatLimitSeconds,
      startTimeoutSeconds: options.startTimeoutSeconds)
    var claims: [String: Int] = [:]
    for holder in totals.agents { claims[holder.agent] = holder.count }
    return snapshot.agents.map { record in
      classifier.view(record, claims: claims[record.id] ?? 0, running: isRunning(record))
    }
  }

  /// Whether the process of a record runs here; `nil` when this machine cannot tell.
  func isRunning(_ record: AgentRecord) -> Bool? {
    guard let process = identity(record), record.host == nil || record.host == options.host else {
      return nil
    }
    // A process of an earlier boot is gone for certain.
    return process.bootID == time.monotonicOrigin && processes.isRunning(process)
  }

  /// The process that a record names, if it names one well enough to be told from others.
  func identity(_ record: AgentRecord) -> ProcessIdentity? {
    guard let pid = record.pid, let start = record.processStart.flatMap(UInt64.init(exactly:)),
      let boot = record.bootID
    else { return nil }
    return ProcessIdentity(pid: pid, startTicks: start, bootID: boot)
  }

  private func metrics(
    _ snapshot: DirectorySnapshot, _ claims: ClaimTotals, _ views: [AgentView], _ now: Timestamp
  ) -> SystemMetrics {
    var metrics = SystemMetrics()
    metrics.count(views)
    let live = snapshot.liveWork
    let completed = snapshot.completedCount
    metrics[.workQueueSize] = Double(live)
    metrics[.completedCount] = Double(completed)
    metrics[.completionRate] = live + completed == 0 ? 0 : Double(completed) / Double(live + completed)
    metrics[.pendingWork] = Double(max(0, live - claims.claimed - claims.expired.count))
    metrics[.claimedWork] = Double(claims.claimed)
    metrics[.expiredClaims] = Double(claims.expired.count)
    metrics[.failedWork] = Double(snapshot.failedCount)
    metrics[.overdueWork] = Double(snapshot.overdueWork)
    metrics[.oldestPendingSeconds] = snapshot.oldestPendingCreated.map { max(0, now.seconds(since: $0)) }
    metrics[.telemetryVolume] = Double(snapshot.telemetryVolume)
    metrics[.errorRate] = snapshot.errorRate
    metrics[.responseTimeMs] = snapshot.meanResponseMs
    let minutes = options.limits.throughputWindowSeconds / 60
    metrics[.throughputPerMinute] = Double(snapshot.completedWithinWindow) / minutes
    return metrics
  }

  package func plan(_ decision: Decision, _ observation: Observation) async throws -> EffectPlan {
    try FleetPlanner(observation, try facts(observation), options.bounds).plan(decision)
  }

  private func facts(_ observation: Observation) throws -> FleetFacts {
    var facts = FleetFacts()
    if let queue {
      facts.expired = try queue.claims().expired.map { .init(item: $0.id, agent: $0.agent) }
      facts.pending = try queue.pending(limit: Self.factLimit).map(\.id)
      if options.limits.workAgeLimitSeconds.isFinite {
        facts.overdue = try queue.overdue(
          olderThan: options.limits.workAgeLimitSeconds, limit: Self.factLimit
        ).map(\.id)
      }
    }
    for view in observation.agents {
      guard let entry = try agents.read(view.id) else { continue }
      facts.telemetryInterval[view.id] = entry[Member.telemetryInterval]?.double
      facts.tuning[view.id] = ConcurrencyTuner.Step(json: entry[Member.tuning])
    }
    return facts
  }

  /// Items looked at when planning; a decision handles far fewer.
  private static let factLimit = 1000

  /// Members of agents' records that the engine adds.
  enum Member {
    static let telemetryInterval = "telemetry_interval_s"
    static let tuning = "tuning"
    static let lastProbe = "last_probe"
    static let retired = "retired"
    static let requestedBy = "requested_by"
    static let placement = ReplicaPlanner.placement
    /// Also in items, by whoever adds them.
    static let trace = "traceparent"
  }
}

extension [SourceEvidence] {
  /// An agent whose process was seen running needs no heartbeat to be believed.
  fileprivate mutating func mend(_ views: [AgentView]) {
    guard let position = firstIndex(where: { $0.source == "agents" && $0.status == .unverified }) else {
      return
    }
    let up = views.filter { $0.state == .busy || $0.state == .idle }
    if !up.isEmpty, up.allSatisfy({ $0.pid != nil }) { self[position].status = .fresh }
  }
}

extension ConcurrencyTuner.Step {
  init?(json: JSONValue?) {
    guard let from = json?["from"]?.int, let to = json?["to"]?.int else { return nil }
    self.init(from: from, to: to, throughputPerMinute: json?["throughput_per_min"]?.double)
  }

  var json: JSONValue {
    ["from": .int(from), "to": .int(to), "throughput_per_min": .optional(throughputPerMinute)]
  }
}
