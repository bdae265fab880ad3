import Coordination
import CoreMetrics
import DSLBase
import DecisionEngine
import Telemetry

/// One run of a loop: what is open at the moment, and what comes next.
final class LoopRun {
  /// How often changes of the directory, or of what is asked of a simulated cluster's time, are looked for; and with `watch`
  /// the least time between two turns.
  static let watchSeconds = (poll: 0.2, gap: 0.6)

  let loop: AutonomousLoop
  let tell: (AutonomousLoop.Notice) throws -> Void
  var settings: Settings
  var host: EngineHost?
  var seat: EngineSeat?
  private var watcher: DirectoryWatcher?
  /// What `host` has open.
  var place: DirectoryIdentity?
  /// Whether the directory that was open has gone.
  private var isLost = false
  /// Whether the turn just made was the last of a term: standing by begins at once.
  private var hasSteppedDown = false
  /// Whether an engine was ever open: what is wrong at the start ends the loop, what is wrong later may pass.
  private var hasBegun = false
  /// Whether the last turn could not be made.
  private var hasFailed = false
  private var turns = 0
  /// What has the simulated cluster stand still, as it was told last; `nil` since it goes on.
  var hold: String?

  init(_ loop: AutonomousLoop, _ tell: @escaping (AutonomousLoop.Notice) throws -> Void) {
    self.loop = loop
    self.tell = tell
    settings = loop.plan.settings
  }

  var control: LoopControl { loop.control }
  private var world: EngineHost.World { loop.world(settings) }
  var time: any TimeSource { world.time }
  private var directory: CoordinationDirectory { CoordinationDirectory(path: loop.path, files: world.files) }
  /// What stands at the path now.
  var here: DirectoryIdentity? { DirectoryIdentity(directory, database: directory.journal) }
  var acts: Bool { !settings.gates.dryRun }

  func toTheEnd() async throws -> Int {
    // What no turn could decide by is said at once, and not again and again.
    if here != nil { try expectPolicy(loop.plan) }
    while !control.isStopping, !Task.isCancelled {
      try reloadIfAsked()
      let started = time.monotonicSeconds
      control.progressed(until: started + loop.patienceSeconds)
      // What changed before the turn looks is seen by it.
      _ = watcher?.changes()
      guard let known = try await turn() else { continue }
      turns += 1
      if settings.loop.maxCycles > 0, turns >= settings.loop.maxCycles { break }
      if hasSteppedDown {
        hasSteppedDown = false
        continue
      }
      await wait(from: started, known)
    }
    for note in await host?.flush() ?? [] { try tell(.warning(note)) }
    return turns
  }

  /// Gives everything back.
  func leave() {
    host?.close()
    host = nil
    seat?.leave()
    seat = nil
    watcher = nil
    place = nil
  }

  // MARK: Turns

  /// Makes a turn.
  ///
  /// - Returns: the agents it saw; `nil` when there was none to make, because another leads.
  private func turn() async throws -> [String]? {
    hasFailed = false
    do {
      if host != nil, here != place { try lose() }
      if isLost, try await !isBack() { return [] }
      if host == nil, try await !enter() { return nil }
      guard let host, try await !stoodStill(host) else { return nil }
      let report = try await host.runCycle(options, loop.extensions, supervision: supervision)
      try tell(.completed(report))
      if let seat, report.supersededBy != nil || seat.candidate.term == nil {
        try stepDown(report.supersededBy ?? seat.otherLeader ?? "the lease could not be renewed")
      }
      return report.observation.agents.map(\.id)
    } catch let error as DSLError where error.code == .gone {
      try lose()
      return try await isBack() ? nil : []
    } catch let error as DSLError where error.code == .superseded && host != nil && settings.leaderElection {
      try stepDown(error.message)
      return nil
    } catch let error as DSLError {
      guard hasBegun, ![.invalidInput, .unsupported, .superseded].contains(error.code) else { throw error }
      try failed(error)
    } catch let error as FileError {
      try failed(error.asDSLError)
    }
    return []
  }

  /// Tells of a turn that could not be made, and counts it.
  private func failed(_ error: DSLError) throws {
    hasFailed = true
    let name = ProcessMetric.failedTurns.name
    Counter(label: name, dimensions: [("code", error.code.rawValue)], factory: world.meters).increment()
    try tell(.failed(error))
  }

  private var options: Cycle.Options {
    var options = Cycle.Options()
    options.autoRollback = settings.loop.autoRollback
    return options
  }

  private var supervision: Cycle.Supervision {
    var supervision = Cycle.Supervision()
    let (control, time, patience) = (control, time, loop.patienceSeconds)
    supervision.isStopping = { control.isStopping }
    supervision.progressed = { control.progressed(until: time.monotonicSeconds + patience) }
    return supervision
  }

  // MARK: The lead

  /// Opens the engine; one that acts when it leads.
  ///
  /// - Returns: whether it is open; not when it was told something while it stood by.
  private func enter() async throws -> Bool {
    if acts, seat == nil {
      seat =
        try settings.leaderElection ? await stoodBy() : EngineSeat(leading: directory, settings.leader, world)
      guard let seat else { return false }
      if let term = seat.candidate.term { try tell(.leads(term)) }
      let control = control
      seat.keep { change in
        if case .steppedDown = change { control.ring() }
      }
    }
    host = try EngineHost(
      path: loop.path, settings: settings, access: acts ? .act : .dryRun, world: world, seat: seat)
    for warning in host?.warnings ?? [] { try tell(.warning(warning)) }
    place = here
    do { watcher = settings.loop.watch ? try DirectoryWatcher(loop.path) : nil } catch {
      guard hasBegun else { throw error }
      try tell(.warning("\(error)"))
    }
    hasBegun = true
    return true
  }

  /// Runs for the lead until it is won.
  ///
  /// - Returns: `nil` when something else came up: a stop, a reload, another directory.
  private func stoodBy() async throws -> EngineSeat? {
    let seat = try EngineSeat(directory, settings.leader, world)
    let start = here
    hasBegun = true
    var isWon = false
    defer { if !isWon { seat.leave() } }
    while acts, !control.isStopping, !Task.isCancelled, here == start {
      for change in await seat.candidate.step() {
        switch change {
        case .leads: isWon = true
        case .standsBy(let record): try tell(.standsBy(record))
        case .steppedDown(let reason): try tell(.steppedDown(reason))
        case .troubled(let what): try tell(.warning("standing by: \(what)"))
        }
      }
      if isWon { return seat }
      let wait = seat.candidate.secondsToNext
      control.progressed(until: time.monotonicSeconds + wait + loop.patienceSeconds)
      await control.sleep(seconds: wait, time)
      try reloadIfAsked()
    }
    if here != start { try lose() }
    return nil
  }

  func stepDown(_ reason: String) throws {
    leave()
    hasSteppedDown = true
    try tell(.steppedDown(reason))
    guard settings.leaderElection else {
      throw DSLError(
        .superseded, reason, fix: "start it again, or let it stand by: --leader-election")
    }
  }

  // MARK: The directory

  private func lose() throws {
    leave()
    guard !isLost else { return }
    isLost = true
    try tell(.lostDirectory)
  }

  /// Whether a directory that can be worked on is at the place again; if not, tells that its state is unknown.
  ///
  /// An empty one is not it: a mount point before the mount must not be written to.
  private func isBack() async throws -> Bool {
    let look = try EngineHost(path: loop.path, settings: settings, access: .dryRun, world: world)
    defer { look.close() }
    let report = try await look.runCycle(options, loop.extensions, supervision: supervision)
    if report.observation.blind != nil {
      try tell(.completed(report))
      return false
    }
    isLost = false
    try tell(.foundDirectory)
    return true
  }

  // MARK: Configuration

  /// Reads configuration and policy again when that was asked for; keeps those in force when they are wrong.
  func reloadIfAsked() throws {
    guard control.takeReload() else { return }
    try tell(.reloading)
    let plan: AutonomousLoop.Plan
    do {
      plan = try loop.reload()
      try expectPolicy(plan)
    } catch {
      let error = error as? DSLError ?? DSLError(.internalError, "\(error)")
      return try tell(.notReloaded(error))
    }
    settings = plan.settings
    host?.close()
    host = nil
    if !acts {
      seat?.leave()
      seat = nil
    }
    try tell(.reloaded(plan.warnings))
  }

  /// - Throws: `notFound`, `invalidInput`, `corrupt`, `io` where there is no policy as the settings name it.
  private func expectPolicy(_ plan: AutonomousLoop.Plan) throws {
    let types = loop.extensions.handlers.keys.sorted() + plan.settings.programs.handlers.map(\.type)
    _ = try PolicySource(plan.settings.policy, directory).load(for: plan.settings, types: types)
    if plan.settings.backend == SimBackend.word {
      _ = try ClusterStore(directory, plan.settings.sim).policy()
    }
  }

  // MARK: Waiting

  /// Waits for the next turn's time, for a change that is worth one, or until something is asked.
  private func wait(from started: Double, _ known: [String]) async {
    func left() -> Double { started + settings.loop.intervalSeconds - time.monotonicSeconds }
    control.progressed(until: started + settings.loop.intervalSeconds + loop.patienceSeconds)
    guard watcher != nil || hasPace else {
      await control.sleep(seconds: max(0, left()), time)
      return
    }
    var changed = false
    while !control.isStopping, !Task.isCancelled, left() > 0 {
      // Whoever has it stand still, and asks for a step then, does not wait for the interval; what went wrong is not tried again at once.
      if isHeld, !hasFailed { return }
      changed = changed || watcher.map { AutonomousLoop.matters($0.changes(), known) } ?? false
      if changed, time.monotonicSeconds - started >= Self.watchSeconds.gap { return }
      if await control.sleep(seconds: min(Self.watchSeconds.poll, max(0.01, left())), time) { return }
    }
  }
}
