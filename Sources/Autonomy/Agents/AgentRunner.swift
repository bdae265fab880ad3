package import Coordination
package import DSLBase
import Synchronization
package import Telemetry
import Tracing

/// A worker: registers, claims items, runs the command for each, writes down how it ended, until it is told
/// to stop.
///
/// The decisions are `AgentMachine`'s; this carries them out. Everything happens on one task, so that there
/// is one order of events; only the commands run beside it.
package struct AgentRunner: Sendable {
  /// What an agent works with.
  package struct World: Sendable {
    package var directory: CoordinationDirectory
    package var queue: WorkQueue
    package var processes: any ProcessControl
    package var tracer: SpanRecorder
    /// What this process counts; `nil` when nobody wants to know.
    package var meters: MetricRegistry?
    package var time: any TimeSource
    /// What commands get, besides what is said of their item.
    package var environment: [String: String]
    /// The name of this machine.
    package var host: String
    /// Opens the queue again, when its directory was replaced or came back.
    package var reopen: (@Sendable () throws -> WorkQueue)?
    /// Takes sentences for people: what went wrong and goes on.
    package var warn: @Sendable (String) -> Void

    package init(
      directory: CoordinationDirectory, queue: WorkQueue, processes: any ProcessControl, tracer: SpanRecorder,
      time: any TimeSource, environment: [String: String], host: String,
      reopen: (@Sendable () throws -> WorkQueue)? = nil,
      warn: @escaping @Sendable (String) -> Void
    ) {
      self.directory = directory
      self.queue = queue
      self.processes = processes
      self.tracer = tracer
      self.time = time
      self.environment = environment
      self.host = host
      self.reopen = reopen
      self.warn = warn
    }
  }

  private let options: AgentOptions
  private let world: World

  /// An agent that has not started.
  package init(_ options: AgentOptions, world: World) {
    self.options = options
    self.world = world
  }

  /// Works until told to stop, or idle for long enough.
  ///
  /// - Parameter stop: one element a signal. After the first the agent finishes what it holds and claims no
  ///   more; after the second it kills its commands and gives their items back.
  /// - Returns: what it did.
  /// - Throws: `invalidInput` for an id or option that cannot be; `conflict` when another process runs under
  ///   the id; `io` when the agent could not register. What fails later is a warning, and tried again.
  package func run(stop: AsyncStream<Void>) async throws(DSLError) -> AgentReport {
    try options.validate()
    let registration = try AgentRegistration(
      options, store: AgentStore(world.directory), processes: world.processes, time: world.time,
      host: world.host)
    let orders = try registration.register(concurrency: options.concurrency)
    world.queue.startProjector()
    let shift = AgentShift(options, world, registration, orders)
    let report = await shift.work(stop: stop)
    shift.world.queue.stopProjector()
    if shift.isInPlace() {
      attempt("results could not be written to files") { () throws(DSLError) in try shift.world.queue.flush()
      }
    }
    attempt("the record of agent \(options.id) could not be marked stopped") { () throws(DSLError) in
      try registration.retire()
    }
    world.tracer.flush()
    return report
  }

  private func attempt(_ what: String, _ body: () throws(DSLError) -> Void) {
    do throws(DSLError) { try body() } catch { world.warn("\(what): \(error)") }
  }
}

extension AgentOptions {
  /// - Throws: `invalidInput` naming the option.
  func validate() throws(DSLError) {
    func check(_ isGood: Bool, _ what: String) throws(DSLError) {
      if !isGood { throw DSLError(.invalidInput, what) }
    }
    try check(CoordinationDirectory.isSafe(id: id), "\"\(id)\" cannot be an agent's id")
    try check(!command.isEmpty, "the command of an agent is empty")
    try check(concurrency.map { (1...1024).contains($0) } ?? true, "the concurrency of an agent is 1 to 1024")
    for (name, seconds) in [
      ("lease", leaseSeconds), ("heartbeat", heartbeatSeconds), ("timeout", timeoutSeconds ?? 1),
      ("telemetry interval", telemetrySeconds),
    ] { try check(seconds > 0 && seconds < 1e9, "the \(name) of an agent is more than 0 s") }
    try check(
      untilIdleSeconds.map { $0 >= 0 && $0 < 1e9 } ?? true, "the idle time of an agent is at least 0 s")
    try check((0...(64 << 20)).contains(outputBytes), "an agent keeps at most 64 MiB of output")
    try check((1...1000).contains(telemetryKeep), "an agent has 1 to 1000 telemetry records")
  }
}
