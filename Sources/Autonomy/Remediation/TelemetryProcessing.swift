package import AnomalyDetection
import Coordination
package import DSLBase
package import DecisionEngine

/// Where telemetry comes from.
package protocol SignalSource: Sendable {
  /// Takes in what came by file since the last time.
  ///
  /// - Returns: what deserves attention, a sentence each.
  func refresh() async throws -> [String]
  /// What was seen of each service in stretches of equal length, the oldest first. Services that sent nothing have none.
  func windows(from start: Timestamp, until end: Timestamp, length: Double) async throws -> [ServiceWindow]
  /// Logs and spans of a stretch of time; the latest `limit` of them.
  func signals(from start: Timestamp, until end: Timestamp, limit: Int) async throws -> [SecuritySignal]
}

/// What looks for issues in stretches of telemetry, one after the other.
package protocol IssueFinding: Sendable {
  mutating func observe(_ window: ServiceWindow) -> [DetectedIssue]
  /// What it learned, for a later process.
  var json: JSONValue { get }
}

/// Where telemetry is, and what looks for issues in it.
package struct SignalLook: Sendable {
  package var source: any SignalSource
  /// What looks, with what it learned before.
  package var makeFinder: @Sendable (JSONValue?) -> any IssueFinding

  package init(
    source: any SignalSource, makeFinder: @escaping @Sendable (JSONValue?) -> any IssueFinding
  ) {
    self.source = source
    self.makeFinder = makeFinder
  }
}

/// Looks at new telemetry: windows for the detectors, logs and spans for the security rules. What it learned and how far it
/// got stands in `.dsl/telemetry/processing.json`, so that each window is looked at once, whichever process does it.
package struct TelemetryProcessing: Sendable {
  /// What one look found.
  package struct Found: Sendable {
    package var issues: [RemediationIssue] = []
    /// Numbers that are like none before, told once each.
    package var unusual: [UnusualSignal] = []
    /// Services that sent something.
    package var heard: Set<String> = []
    package var events: [SecurityEvent] = []
    package var windows = 0
    package var notes: [String] = []
  }

  /// The service that the fleet's own agents are watched as.
  package static let fleet = "fleet"
  /// Windows that one look catches up with; what lies further back is passed over and told.
  private static let windowLimit = 120.0
  /// Logs and spans that one look reads.
  private static let signalLimit = 50_000
  /// Windows before now whose issues are of today.
  private static let recentWindows = 5.0
  private static let sizeLimit = 64 << 20

  let directory: CoordinationDirectory
  let settings: ProcessingSettings
  let security: SecuritySettings
  let source: any SignalSource
  let makeFinder: @Sendable (JSONValue?) -> any IssueFinding
  let time: any TimeSource

  /// Where what was learned stands.
  static func path(_ directory: CoordinationDirectory) -> String {
    directory.state + "/telemetry/processing.json"
  }

  /// Looks at what is new, unless it is too early for that.
  ///
  /// - Throws: `io` when the source cannot be read or the state cannot be kept.
  package func pass(_ observation: Observation) async throws -> Found {
    try AtomicFile.makeDirectory(directory.files, directory.state + "/telemetry")
    // Two that look at once would both learn from the same windows, and one would lose what it learned.
    let lock = try directory.files.lock(
      directory.state + "/telemetry/processing.lock", exclusive: true, wait: false)
    guard let lock else { return Found() }
    defer { lock.unlock() }
    var state = try load()
    let now = time.now
    if let last = state["passed_at"].flatMap({ Timestamp.parse($0)?.time }),
      (0..<settings.intervalSeconds).contains(now.seconds(since: last))
    {
      return Found()
    }
    var found = Found()
    found.notes += try await source.refresh()
    if let (start, end) = range(state, now, &found) {
      try await lookForIssues(&state, observation, start, end, &found)
      if security.monitoring { try await lookForAttacks(&state, start, end, &found) }
      state["windows_until"] = end.json
    }
    state["passed_at"] = now.json
    try save(state)
    return found
  }

  /// From where to where windows are over and not looked at; `nil` when none is.
  private func range(
    _ state: JSONObject, _ now: Timestamp, _ found: inout Found
  ) -> (start: Timestamp, end: Timestamp)? {
    let length = settings.windowSeconds
    let end = Self.floor(now.adding(seconds: -settings.delaySeconds), length)
    let earliest = end.adding(seconds: -length * Self.windowLimit)
    // The first time what is there already teaches what is usual.
    var start = state["windows_until"].flatMap { Timestamp.parse($0)?.time } ?? earliest
    if start < earliest {
      let minutes = Int(earliest.seconds(since: start) / 60)
      found.notes.append("telemetry of \(minutes) minutes was not looked at: it lies too far back")
      start = earliest
    }
    return start < end ? (start, end) : nil
  }

  private func lookForIssues(
    _ state: inout JSONObject, _ observation: Observation, _ start: Timestamp, _ end: Timestamp,
    _ found: inout Found
  ) async throws {
    let length = settings.windowSeconds
    var finder = makeFinder(state["detector"])
    var rarity = try UnusualSignalStore(directory).watch()
    var windows = try await source.windows(from: start, until: end, length: length)
    if let fleet = try fleet(observation, start: end.adding(seconds: -length)) { windows.append(fleet) }
    for window in windows.sorted(by: { ($0.start, $0.service) < ($1.start, $1.service) }) {
      found.heard.insert(window.service)
      found.windows += 1
      let issues = finder.observe(window)
      found.unusual += rarity.observe(window)
      // What was wrong a while ago teaches, but nothing is done about it now.
      if end.seconds(since: window.end) < Self.recentWindows * length {
        found.issues += issues.map(RemediationIssue.init)
      }
    }
    state["detector"] = finder.json
    // Before how far this look got: what dies in between looks again, and these two know what they have seen.
    try UnusualSignalStore(directory).keep(rarity, found.unusual)
  }

  /// The agents of this directory as they are now; none when they cannot be seen: that is no data.
  private func fleet(_ observation: Observation, start: Timestamp) throws -> ServiceWindow? {
    let watched = observation.agents.filter { [.busy, .idle, .stale].contains($0.state) }
    guard observation.blind == nil, !watched.isEmpty else { return nil }
    let well = watched.count { $0.state != .stale }
    return try ServiceWindow(
      service: Self.fleet, start: start, length: settings.windowSeconds,
      agents: ServiceWindow.Agents(healthy: well, total: watched.count))
  }

  private func lookForAttacks(
    _ state: inout JSONObject, _ start: Timestamp, _ end: Timestamp, _ found: inout Found
  ) async throws {
    var watch = EventWatch(json: state["security"], rules: security.rules.inForce)
    let signals = try await source.signals(from: start, until: end, limit: Self.signalLimit)
    for signal in signals.sorted(by: { $0.at < $1.at }) { found.events += watch.take(signal) }
    if signals.count >= Self.signalLimit {
      found.notes.append("only the latest \(Self.signalLimit) logs and spans were searched for attacks")
    }
    if watch.forgotten > 0 {
      found.notes.append("\(watch.forgotten) sources were forgotten while attacks were counted")
    }
    watch.forget(before: end)
    state["security"] = watch.json
    guard !found.events.isEmpty else { return }
    try SecurityEventStore(directory, security).add(found.events, at: time.now)
    found.notes += found.events.filter { $0.level.score >= security.threatThreshold }.map {
      "security: \($0.level.rawValue) \($0.type.rawValue) of \($0.service)"
        + ($0.source.map { " from \($0)" } ?? "") + ": \($0.evidence)"
    }
  }

  /// The beginning of the window that a time is in.
  static func floor(_ time: Timestamp, _ length: Double) -> Timestamp {
    let nanoseconds = Int64(length * 1e9)
    let rest = time.nanoseconds % nanoseconds
    return Timestamp(nanoseconds: time.nanoseconds - (rest < 0 ? rest + nanoseconds : rest))
  }

  // MARK: State

  /// What was learned; what cannot be read is learned anew, because it is derived.
  private func load() throws -> JSONObject {
    guard let status = try directory.files.status(Self.path(directory)), status.size <= Self.sizeLimit else {
      return [:]
    }
    let bytes = try directory.files.read(Self.path(directory), limit: Self.sizeLimit)
    return (try? JSONParser.parse(bytes))?.object ?? [:]
  }

  private func save(_ state: JSONObject) throws {
    try AtomicFile.makeDirectory(directory.files, directory.state + "/telemetry")
    try AtomicFile.commit(
      directory.files, Self.path(directory), Array((JSONValue.object(state).text() + "\n").utf8))
  }
}

extension RemediationIssue {
  /// What a detector found.
  init(_ issue: DetectedIssue) {
    self.init(
      type: issue.kind.rawValue, service: issue.service, severity: issue.severity,
      confidence: issue.confidence, onset: issue.onset, evidence: issue.evidence)
  }
}
