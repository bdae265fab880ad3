import Coordination
package import DSLBase

/// Turns the cycle into a service: one turn after another, until it is told to stop.
///
/// Cancelling the task that runs it is how it is stopped: the turn under way is finished, the wait is cut short.
package struct AutonomousLoop: Sendable {
  /// How it runs.
  package struct Options: Sendable, Equatable {
    /// Seconds from the start of one turn to the start of the next.
    package var intervalSeconds = 30.0
    /// Turns after which it ends by itself; 0 for never.
    package var maxCycles = 0
    /// Whether changes in the directory start a turn at once.
    package var watch = false
    /// What each turn may do.
    package var cycle = Cycle.Options()

    package init() {}
  }

  /// What happened in one turn.
  package enum Turn: Sendable {
    case completed(CycleReport)
    /// The turn could not be made; the loop goes on, because what is wrong may pass: a full disk, a directory that
    /// vanished for a while.
    case failed(DSLError)
  }

  /// With `watch`: how often changes are looked for, and the least time between two turns.
  private static let watchSeconds = (poll: 0.2, gap: 0.6)

  private let host: EngineHost
  private let options: Options
  private let extensions: EngineExtensions

  package init(_ host: EngineHost, _ options: Options, _ extensions: EngineExtensions = .init()) {
    self.host = host
    self.options = options
    self.extensions = extensions
  }

  /// Runs until the turns are used up or the task is cancelled.
  ///
  /// - Parameter onTurn: told of each turn when it has ended.
  /// - Returns: how many turns were made.
  /// - Throws: when the directory cannot be watched, or the configuration makes turns impossible.
  package func run(_ onTurn: (Turn) throws -> Void) async throws -> Int {
    let watcher = options.watch ? try DirectoryWatcher(host.directory.path) : nil
    var turns = 0
    while !Task.isCancelled {
      let started = host.world.time.monotonicSeconds
      // What changed before the turn looks is seen by it.
      _ = watcher?.changes()
      var known: [String] = []
      do {
        let report = try await host.runCycle(options.cycle, extensions)
        known = report.observation.agents.map(\.id)
        try onTurn(.completed(report))
      } catch let error as DSLError where error.code == .invalidInput || error.code == .unsupported {
        throw error
      } catch let error as DSLError {
        try onTurn(.failed(error))
      } catch let error as FileError {
        try onTurn(.failed(error.asDSLError))
      }
      turns += 1
      if options.maxCycles > 0, turns >= options.maxCycles { break }
      await wait(from: started, watcher, known)
    }
    return turns
  }

  /// Waits for the next turn's time, or for a change that is worth one.
  private func wait(from started: Double, _ watcher: DirectoryWatcher?, _ known: [String]) async {
    let time = host.world.time
    func left() -> Double { started + options.intervalSeconds - time.monotonicSeconds }
    guard let watcher else {
      try? await time.sleep(seconds: max(0, left()))
      return
    }
    var changed = false
    while !Task.isCancelled, left() > 0 {
      changed = changed || Self.matters(watcher.changes(), known)
      if changed, time.monotonicSeconds - started >= Self.watchSeconds.gap { return }
      try? await time.sleep(seconds: min(Self.watchSeconds.poll, max(0.01, left())))
    }
  }

  /// Whether a change calls for a turn: work that came or went, or an agent that was not known. Heartbeats rewrite
  /// agents' records all the time and do not.
  static func matters(_ names: [String]?, _ knownAgents: [String]) -> Bool {
    guard let names else { return true }
    let known = Set(knownAgents.map { RecordKind.agent.prefix + $0 + ".json" })
    return names.contains { name in
      guard name.hasSuffix(".json") else { return false }
      if name.hasPrefix(RecordKind.agent.prefix) { return !known.contains(name) }
      return [RecordKind.work, .completed, .failed].contains { name.hasPrefix($0.prefix) }
    }
  }
}
