package import Coordination
package import DSLBase
import Logging

/// Which decisions of a restored journal are taken back.
package enum RestorePoint: Sendable, Equatable {
  /// Those made after a time.
  case at(Timestamp)
  /// That one and all later ones.
  case before(decision: String, at: Timestamp)

  /// The time that is wanted.
  package var time: Timestamp {
    switch self {
    case .at(let time), .before(_, let time): time
    }
  }
}

/// What became of the decisions in a restored journal.
package struct RestoredDecisions: Sendable, Equatable {
  /// Sentences about decisions and undos that had been half done.
  package var recovered: [String] = []
  /// Decisions taken back, the latest first.
  package var rolledBack: [RollbackReport] = []
}

extension EngineHost {
  /// Tells of agents' records whether the agent works here: its process runs; or, where this machine cannot see processes of
  /// that record, it was heard of within its limit.
  ///
  /// - Parameter heartbeatLimit: silence after which an agent counts as gone, where its record names no limit. Seconds.
  package static func presence(_ world: World, heartbeatLimit: Double) -> @Sendable (AgentRecord) -> Bool {
    var options = FilesBackend.Options()
    options.host = world.host
    let backend = FilesBackend(
      CoordinationDirectory(path: ".", files: world.files), queue: nil, time: world.time,
      processes: world.processes, options: options, index: .none)
    return { record in
      guard ![.stopped, .requested].contains(record.status) else { return false }
      if let running = backend.isRunning(record) { return running }
      let now = world.time.now
      return record.heartbeat != nil && (record.isUp || record.isDraining)
        && !record.isSilent(at: now, limitSeconds: heartbeatLimit)
    }
  }

  /// Brings the decisions of a restored tree, which is not in place yet, to an end: half-done ones are recovered, and those
  /// after a point in time are rolled back.
  ///
  /// No process is started or signalled: those that the records tell of belong to another life of the directory.
  ///
  /// - Throws: `corrupt`, `io`.
  package static func settle(
    _ staged: CoordinationDirectory, to point: RestorePoint?, time: any TimeSource, seed: UInt64
  ) async throws -> RestoredDecisions {
    guard try staged.files.status(staged.journal) != nil else { return RestoredDecisions() }
    var settings = Settings()
    settings.telemetry.spans = false
    let world = World(
      files: staged.files, time: time, processes: ForgottenProcesses(), seed: seed,
      environment: ["OTEL_SDK_DISABLED": "true"], host: "",
      log: Logger(label: "dsl") { _ in SwiftLogNoOpLogHandler() }, console: { _ in })
    let engine = try EngineHost(path: staged.path, settings: settings, access: .act, world: world)
    defer { engine.close() }
    return try await engine.settle(to: point)
  }

  private func settle(to point: RestorePoint?) async throws -> RestoredDecisions {
    var result = RestoredDecisions()
    guard let journal else { return result }
    let executor = DecisionExecutor(backend: acting, handlers: [:], journal: journal, time: world.time)
    result.recovered = try await Recovery(executor).run()
    if let note = try await Rollback(executor).resume() { result.recovered.append(note) }
    guard let point else { return result }
    var later = try journal.decisions(DecisionFilter(outcomes: [.executed], since: point.time, limit: .max))
    switch point {
    case .at(let time): later.removeAll { $0.at <= time }
    case .before(let id, _):
      if let last = later.firstIndex(where: { $0.id == id }) { later.removeSubrange((last + 1)...) }
    }
    for entry in later where !entry.isUndone {
      result.rolledBack.append(try await Rollback(executor).undo(entry, by: "dsl restore"))
    }
    return result
  }
}

/// The processes of a directory that was restored: none of them is known to be one of now.
private struct ForgottenProcesses: ProcessControl {
  func start(_ request: ProcessRequest) throws -> ProcessIdentity {
    throw DSLError(.unsupported, "no process is started while a backup is restored")
  }

  func isRunning(_ process: ProcessIdentity) -> Bool { false }

  func signal(_ process: ProcessIdentity, _ signal: Int32) {}

  func run(_ command: String, environment: [(String, String)], timeout: Double) throws -> Int32? {
    throw DSLError(.unsupported, "no command is run while a backup is restored")
  }
}
