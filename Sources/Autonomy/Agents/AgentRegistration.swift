import Coordination
import DSLBase
import Glibc

/// An agent's own record: made or taken over at the start, kept fresh, and marked `stopped` at the end.
///
/// Every change goes through `AgentStore`, under its lock, so that an order of the engine's is never
/// overwritten.
struct AgentRegistration: Sendable {
  let id: String
  let store: AgentStore
  let processes: any ProcessControl
  let time: any TimeSource
  let host: String
  /// This process.
  let process: ProcessIdentity
  /// Silence after which others may count this agent as stale, seconds.
  let limitSeconds: Double

  /// What the engine's orders are called in the record beside those that `AgentRecord` knows.
  private static let telemetryInterval = "telemetry_interval_s"

  init(
    _ options: AgentOptions, store: AgentStore, processes: any ProcessControl, time: any TimeSource,
    host: String
  ) throws(DSLError) {
    let pid = getpid()
    guard let stat = SystemProcesses.stat(of: pid) else {
      throw DSLError(.io, "/proc/\(pid)/stat cannot be read", fix: "mount /proc")
    }
    id = options.id
    self.store = store
    self.processes = processes
    self.time = time
    self.host = host
    process = ProcessIdentity(pid: pid, startTicks: stat.startTicks, bootID: time.monotonicOrigin)
    limitSeconds = max(1, options.heartbeatSeconds * 4)
  }

  /// Makes the record, or takes over one that was made for this agent or left by an earlier run of it.
  ///
  /// - Returns: the orders in it.
  /// - Throws: `conflict` when another process runs under this id; `invalidInput`, `io`.
  func register(concurrency: Int?) throws(DSLError) -> AgentOrders {
    var fresh = AgentRecord(id: id, status: .active, created: time.now)
    fill(&fresh, concurrency: concurrency)
    if try store.create(fresh) { return AgentOrders(concurrency: fresh.concurrency, drain: false) }
    let entry = try store.update(id) { present, record, _ throws(DSLError) in
      if let other = Self.identity(present.record), other != process, processes.isRunning(other),
        present.record.status != .stopped, present.record.status != .starting
      {
        throw DSLError(
          .conflict, "agent \(id) runs already, as process \(other.pid)",
          fix: "choose another --id, or drain that one first: dsl agent drain \(id)")
      }
      if present.record.status == .stopped { record.drain = false }
      fill(&record, concurrency: concurrency)
    }
    return orders(entry)
  }

  private func fill(_ record: inout AgentRecord, concurrency: Int?) {
    record.status = record.drain ? .draining : .active
    record.created = record.created ?? time.now
    record.heartbeat = time.now
    record.heartbeatLimitSeconds = limitSeconds
    record.pid = process.pid
    record.processStart = Int(exactly: process.startTicks)
    record.bootID = process.bootID
    record.host = host
    if let concurrency { record.concurrency = max(1, concurrency) }
  }

  /// What a sign of life found out.
  enum Beat: Sendable, Equatable {
    case orders(AgentOrders)
    /// Another process has taken the id over.
    case superseded
  }

  /// Notes that the agent lives. A record that was removed is made anew.
  ///
  /// - Throws: `io`, `invalidInput` when the record is damaged.
  func beat(isBusy: Bool, isDraining: Bool, concurrency: Int) throws(DSLError) -> Beat {
    if try store.read(id) == nil { return .orders(try register(concurrency: concurrency)) }
    var isOurs = true
    let entry = try store.update(id) { present, record, _ throws(DSLError) in
      isOurs = Self.identity(present.record) == process
      guard isOurs else { return }
      record.heartbeat = time.now
      record.status = isDraining || record.drain ? .draining : .active
      if isBusy { record.lastActive = time.now }
    }
    return isOurs ? .orders(orders(entry)) : .superseded
  }

  /// The orders in the record as it is now; `nil` when there is no record.
  ///
  /// - Throws: `io`, `invalidInput` when the record is damaged.
  func look() throws(DSLError) -> Beat? {
    guard let entry = try store.read(id) else { return nil }
    return Self.identity(entry.record) == process ? .orders(orders(entry)) : .superseded
  }

  /// Notes that the agent has stopped, unless its id was taken over.
  ///
  /// - Throws: `io`, `invalidInput` when the record is damaged.
  func retire() throws(DSLError) {
    guard try store.read(id) != nil else { return }
    try store.update(id) { present, record, _ throws(DSLError) in
      guard Self.identity(present.record) == process else { return }
      record.status = .stopped
      record.heartbeat = time.now
    }
  }

  private func orders(_ entry: AgentStore.Entry) -> AgentOrders {
    let seconds = entry[Self.telemetryInterval]?.double
    return AgentOrders(
      concurrency: entry.record.concurrency, drain: entry.record.drain || entry.record.status == .draining,
      telemetrySeconds: seconds.flatMap { (0.1...86_400).contains($0) ? $0 : nil })
  }

  private static func identity(_ record: AgentRecord) -> ProcessIdentity? {
    guard let pid = record.pid, let start = record.processStart.flatMap(UInt64.init(exactly:)),
      let boot = record.bootID
    else { return nil }
    return ProcessIdentity(pid: pid, startTicks: start, bootID: boot)
  }
}
