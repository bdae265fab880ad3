import Coordination
import DSLBase
import Telemetry
import Tracing

/// One run of an agent: feeds events to the machine and carries out what it says.
final class AgentShift {
  let options: AgentOptions
  var world: AgentRunner.World
  let registration: AgentRegistration
  var machine: AgentMachine
  var meter = AgentMeter()
  /// Commands and spans of the items that are being worked on.
  var running: [String: RunningCommand] = [:]
  var spans: [String: RecordedSpan] = [:]
  var concurrency: Int
  private let events: AsyncStream<AgentEvent>
  let feed: AsyncStream<AgentEvent>.Continuation
  private var alarm: (task: Task<Void, Never>, at: Double)?
  /// What the queue has open, and whether it has gone.
  var place: DirectoryIdentity?
  var isLost = false

  init(
    _ options: AgentOptions, _ world: AgentRunner.World, _ registration: AgentRegistration,
    _ orders: AgentOrders
  ) {
    self.options = options
    self.world = world
    self.registration = registration
    concurrency = orders.concurrency
    place = DirectoryIdentity(world.directory, database: world.directory.queue)
    machine = AgentMachine(options, orders: orders, now: world.time.monotonicSeconds)
    (events, feed) = AsyncStream.makeStream(of: AgentEvent.self)
  }

  /// Works to the end.
  func work(stop: AsyncStream<Void>) async -> AgentReport {
    let signals = Task { [feed] in
      for await _ in stop { feed.yield(.stopSignal) }
    }
    handle(.tick)
    for await event in events {
      if machine.hasEnded { break }
      handle(event)
      if machine.hasEnded { break }
    }
    signals.cancel()
    alarm?.task.cancel()
    if isInPlace() { writeTelemetry() }
    return machine.report
  }

  /// Hands an event to the machine, carries out what follows, and the events that follow from that.
  private func handle(_ event: AgentEvent) {
    var pending = [event]
    while !pending.isEmpty {
      let event = pending.removeFirst()
      for action in machine.on(event, now: world.time.monotonicSeconds) {
        if let next = perform(action) { pending.append(next) }
      }
    }
    if machine.hasEnded { feed.finish() } else { setAlarm() }
  }

  /// Makes sure that a tick comes when the machine's next deadline does.
  private func setAlarm() {
    let at = machine.nextDeadline
    guard alarm?.at != at else { return }
    alarm?.task.cancel()
    let wait = max(0, at - world.time.monotonicSeconds)
    let task = Task { [feed, time = world.time] in
      do { try await time.sleep(seconds: wait) } catch { return }
      feed.yield(.tick)
    }
    alarm = (task, at)
  }

  /// Carries out an action.
  ///
  /// - Returns: what is known at once; what takes time comes as an event later.
  private func perform(_ action: AgentAction) -> AgentEvent? {
    if action.needsDirectory, !isInPlace() { return held(action) }
    switch action {
    case .claim(let count): return claim(count)
    case .run(let claim): return start(claim)
    case .settle(let claim, let end): return settle(claim, end)
    case .kill(let id):
      running[id]?.signal(9)
      return nil
    case .release(let claim): return release(claim)
    case .abandon(let claim):
      world.warn("item \(claim.id) passed to another agent; its result here is dropped")
      end(claim, nil, outcome: "lost")
      return nil
    case .beat(let claims, let isDraining): return beat(claims, isDraining)
    case .checkRecord: return look()
    case .writeTelemetry:
      writeTelemetry()
      return nil
    }
  }

  /// Runs something that may fail without ending the agent.
  func attempt<Result>(_ what: String, _ body: () throws(DSLError) -> Result) -> Result? {
    do throws(DSLError) { return try body() } catch {
      world.warn("\(what): \(error)")
      return nil
    }
  }

  func writeTelemetry() {
    let record = meter.take(agent: options.id, keep: options.telemetryKeep, now: world.time.now)
    let path = world.directory.record(.telemetry, record.id)
    _ = attempt("telemetry could not be written") { () throws(DSLError) in
      try AtomicFile.commit(world.directory.files, path, record.content, exclusive: false)
    }
  }
}
