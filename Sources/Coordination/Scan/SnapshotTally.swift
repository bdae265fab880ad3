import DSLBase

/// Turns the facts of single records into a snapshot. Order of the records does not matter.
///
/// Means are taken over sums of integers (microseconds, parts per billion), so that the order in which the file system
/// lists its entries cannot change a single bit of them.
struct SnapshotTally {
  private let now: Int64
  private let limits: RecordLimits
  private(set) var snapshot: DirectorySnapshot
  private var agents: SourceTally
  private var work: SourceTally
  private var completed: SourceTally
  private var telemetry: SourceTally
  private var oldestPending = Int64.max
  private var response = Mean(scale: 1e3)
  private var failures = Mean(scale: 1e9)
  private let overdueBefore: Int64
  private let windowStart: Int64
  private let telemetryStart: Int64

  init(at now: Timestamp, limits: RecordLimits) {
    self.now = now.nanoseconds
    self.limits = limits
    snapshot = DirectorySnapshot(at: now)
    agents = SourceTally("agents", limitSeconds: limits.heartbeatSeconds)
    work = SourceTally("work", limitSeconds: limits.workSeconds)
    completed = SourceTally("completed", limitSeconds: limits.workSeconds)
    telemetry = SourceTally("telemetry", limitSeconds: limits.telemetrySeconds)
    overdueBefore = now.adding(seconds: -limits.workAgeLimitSeconds).nanoseconds
    windowStart = now.adding(seconds: -limits.throughputWindowSeconds).nanoseconds
    telemetryStart = now.adding(seconds: -limits.telemetrySeconds).nanoseconds
  }

  // MARK: What goes by

  /// Records of all kinds, and files that failed to be one.
  var seen: Int {
    snapshot.liveWork + snapshot.completedCount + snapshot.telemetryVolume + snapshot.failedCount
  }

  mutating func add(_ agent: AgentRecord) {
    snapshot.agentCount += 1
    agents.add(
      time: agent.heartbeat?.nanoseconds ?? RecordFacts.noTime, zoneAssumed: agent.heartbeatZoneAssumed)
    if snapshot.agents.count < limits.agents { snapshot.agents.append(agent) }
  }

  mutating func add(_ kind: RecordKind, _ facts: RecordFacts) {
    switch kind {
    case .work: addWork(facts)
    case .completed:
      completed.add(time: facts.time, zoneAssumed: facts.zoneAssumed)
      snapshot.completedCount += 1
      if facts.time > windowStart, facts.time <= now { snapshot.completedWithinWindow += 1 }
    case .failed: snapshot.failedCount += 1
    case .telemetry: addTelemetry(facts)
    case .agent: break
    }
  }

  private mutating func addWork(_ facts: RecordFacts) {
    work.add(time: facts.time, zoneAssumed: facts.zoneAssumed)
    if facts.status.isLive { snapshot.liveWork += 1 }
    switch facts.status {
    case .pending:
      snapshot.workByStatus.pending += 1
      guard facts.time != RecordFacts.noTime else { return }
      oldestPending = min(oldestPending, facts.time)
      if facts.time < overdueBefore { snapshot.overdueWork += 1 }
    case .claimed: snapshot.workByStatus.claimed += 1
    case .done: snapshot.workByStatus.done += 1
    case .failed: snapshot.workByStatus.failed += 1
    case .other: snapshot.workByStatus.other += 1
    }
  }

  private mutating func addTelemetry(_ facts: RecordFacts) {
    telemetry.add(time: facts.time, zoneAssumed: facts.zoneAssumed)
    snapshot.telemetryVolume += 1
    guard facts.time != RecordFacts.noTime, facts.time >= telemetryStart else { return }
    snapshot.telemetryFresh += 1
    response.add(facts.responseMs)
    failures.add(facts.errorRate)
  }

  mutating func addProblem(_ kind: RecordKind, _ file: String, _ reason: String) {
    snapshot.problemCount += 1
    switch kind {
    case .agent: agents.addUnreadable()
    case .work: work.addUnreadable()
    case .completed, .failed: completed.addUnreadable()
    case .telemetry: telemetry.addUnreadable()
    }
    snapshot.problems.append(RecordProblem(file: file, reason: reason))
    if snapshot.problems.count >= 2 * limits.listedProblems { trimProblems() }
  }

  mutating func addLookalike() { snapshot.lookalikes += 1 }

  mutating func addRead() { snapshot.filesRead += 1 }

  mutating func setIndex(used: Bool, notes: [String]) {
    snapshot.usedIndex = used
    snapshot.indexNotes = notes
  }

  // MARK: The end

  /// The snapshot of all that went by.
  ///
  /// - Parameter configured: whether `dsl.yaml` or a journal shows that the directory was set up.
  consuming func finish(configured: Bool) -> DirectorySnapshot {
    trimProblems()
    var result = snapshot
    let records = agents.records + work.records + completed.records + telemetry.records + result.failedCount
    result.initialised = configured || records > 0 || result.problemCount > 0
    let at = result.at
    result.sources = [agents, work, completed, telemetry].map {
      $0.evidence(at: at, initialised: result.initialised)
    }
    if result.agentCount > result.agents.count {
      result.sources[0].notes.append(
        "only \(result.agents.count) of \(result.agentCount) agents are considered")
    }
    result.agents.sort { ($0.id, $0.fileID) < ($1.id, $1.fileID) }
    let shared = zip(result.agents, result.agents.dropFirst()).count { $0.id == $1.id }
    if shared > 0 {
      result.sources[0].notes.append("agents that share an id: \(shared); each file counts")
    }
    result.oldestPendingCreated = oldestPending == .max ? nil : Timestamp(nanoseconds: oldestPending)
    result.meanResponseMs = response.value
    result.errorRate = failures.value
    return result
  }

  /// Keeps the first by name, whatever order they came in.
  private mutating func trimProblems() {
    snapshot.problems.sort { ($0.file, $0.reason) < ($1.file, $1.reason) }
    let excess = snapshot.problems.count - limits.listedProblems
    if excess > 0 { snapshot.problems.removeLast(excess) }
  }
}

/// A mean whose value does not depend on the order of what is added.
private struct Mean {
  private let scale: Double
  private var sum: Int64 = 0
  private var count = 0

  init(scale: Double) { self.scale = scale }

  /// Adds a value unless it is NaN; values beyond 10^9 count as that.
  mutating func add(_ value: Double) {
    guard !value.isNaN else { return }
    count += 1
    sum &+= Int64((min(value, 1e9) * scale).rounded())
  }

  var value: Double? { count == 0 ? nil : Double(sum) / Double(count) / scale }
}
