package import DSLBase
import Synchronization

/// Everything that leaves a process for collectors, and the metrics and logs that go to the console: one for the whole
/// process, whatever engines come and go in it.
package final class TelemetryExport: Sendable {
  /// What it works with.
  package struct World: Sendable {
    package var transport: any HTTPTransport
    package var time: any TimeSource
    /// Of the jitter between repetitions.
    package var seed: UInt64
    /// Takes lines for people; never standard output.
    package var console: @Sendable ([UInt8]) throws -> Void
    /// Told of troubles, a sentence each.
    package var tell: @Sendable (String) -> Void

    package init(
      transport: any HTTPTransport, time: any TimeSource, seed: UInt64,
      console: @escaping @Sendable ([UInt8]) throws -> Void, tell: @escaping @Sendable (String) -> Void
    ) {
      self.transport = transport
      self.time = time
      self.seed = seed
      self.console = console
      self.tell = tell
    }
  }

  /// Tells what an engine knows of its fleet at the moment; `nil` when the engine is gone.
  package typealias Source = @Sendable () throws -> [MetricFamily]?

  private struct State {
    /// What is asked when metrics are collected, and whose it is.
    var source: (ask: Source, owner: ObjectIdentifier)?
    /// What the source said last.
    var engine: [MetricFamily] = []
    /// Whether the source failed when it was asked last: said once, until it succeeds.
    var isTroubled = false
    var isClosed = false
    var timer: Task<Void, Never>?
  }

  /// What this process counts.
  package let registry: MetricRegistry
  private let settings: TelemetrySettings
  private let world: World
  private let senders: [OTLPSignal: OTLPSender]
  private let state = Mutex(State())

  /// An export by settings; nothing is sent, and no task runs, before there is something to send.
  package init(_ settings: TelemetrySettings, registry: MetricRegistry, world: World) {
    self.settings = settings
    self.registry = registry
    self.world = world
    var senders: [OTLPSignal: OTLPSender] = [:]
    for (place, signal) in OTLPSignal.allCases.enumerated() {
      guard let endpoint = settings.export.endpoints[signal] else { continue }
      senders[signal] = OTLPSender(
        endpoint, resource: settings.resource, policy: Self.policy(signal, settings.export),
        transport: world.transport, time: world.time, seed: world.seed &+ UInt64(place),
        meters: ExportMeters(registry), tell: world.tell)
    }
    self.senders = senders
  }

  /// Metrics are collected at intervals already, so that they need not wait again.
  private static func policy(_ signal: OTLPSignal, _ settings: ExportSettings) -> BatchPolicy {
    switch signal {
    case .traces: return settings.spans
    case .logs: return settings.logs
    case .metrics:
      var policy = BatchPolicy()
      policy.delaySeconds = 0
      policy.maximumQueue = 65_536
      policy.maximumBatch = 8192
      return policy
    }
  }

  /// Where spans are handed over; `nil` when they are not sent.
  package var spans: (any SpanExporter)? { senders[.traces].map(CollectorExporter.init) }
  /// Whether messages of the log are wanted.
  package var wantsLogs: Bool { settings.chosen[.logs]?.isEmpty == false }
  /// Whether metrics are wanted.
  package var wantsMetrics: Bool { settings.chosen[.metrics]?.isEmpty == false }

  /// What became of the items of a signal so far.
  package func statistics(_ signal: OTLPSignal) -> OTLPSender.Statistics? { senders[signal]?.statistics }

  /// Takes a message of the log.
  package func log(_ record: LogRecord) {
    guard wantsLogs else { return }
    if settings.chosen[.logs]?.contains(.console) == true {
      show(OTLPWriter.line(resource: settings.resource, records: [record]))
    }
    senders[.logs]?.offer(record)
  }

  /// Has metrics sent at intervals from now on.
  package func begin() {
    guard wantsMetrics else { return }
    state.withLock { state in
      guard state.timer == nil, !state.isClosed else { return }
      state.timer = Task.detached(priority: .utility) {
        [weak self, world, seconds = settings.export.metricSeconds] in
        while (try? await world.time.sleep(seconds: seconds)) != nil { self?.collect() }
      }
    }
  }

  /// Has a source asked whenever metrics are collected, instead of the one before.
  ///
  /// Asking is put off because turns come more often than anybody collects: a turn pays for handing the question over, not
  /// for the answer.
  ///
  /// - Parameter owner: who can `settle` it.
  package func observe(_ owner: AnyObject, _ source: @escaping Source) {
    guard wantsMetrics else { return }
    state.withLock { $0.source = (source, ObjectIdentifier(owner)) }
    begin()
  }

  /// Asks the owner's source a last time, because what it reads from is about to close; its answer is told from now on.
  package func settle(_ owner: AnyObject) {
    guard state.withLock({ $0.source?.owner == ObjectIdentifier(owner) }) else { return }
    ask()
    state.withLock { state in
      if state.source?.owner == ObjectIdentifier(owner) { state.source = nil }
    }
  }

  /// Sends the metrics as they are now.
  package func collect() {
    guard wantsMetrics else { return }
    let families = (ask() + registry.families).filter { !$0.points.isEmpty }
    guard !families.isEmpty else { return }
    let line = OTLPWriter.line(
      resource: settings.resource, families: families, at: UInt64(clamping: world.time.now.nanoseconds))
    if settings.chosen[.metrics]?.contains(.console) == true { show(line) }
    senders[.metrics]?.offer(line, items: families.reduce(0) { $0 + $1.points.count })
  }

  /// What the source says now, or said last when it is gone; nothing while it fails, because old numbers with a new time
  /// would look like new ones.
  @discardableResult
  private func ask() -> [MetricFamily] {
    guard let source = state.withLock({ $0.source?.ask }) else { return state.withLock { $0.engine } }
    do {
      let answer = try source()
      return state.withLock { state in
        state.isTroubled = false
        state.engine = answer ?? state.engine
        return state.engine
      }
    } catch {
      let isNews = state.withLock { state in
        defer { (state.isTroubled, state.engine) = (true, []) }
        return !state.isTroubled
      }
      if isNews { world.tell("metrics could not be collected: \(error)") }
      return []
    }
  }

  /// Ends: sends what is left, for so long at most.
  package func close(withinSeconds limit: Double) async {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      state.timer?.cancel()
      return !state.isClosed
    }
    guard isFirst else { return }
    collect()
    await withTaskGroup { group in
      for sender in senders.values { group.addTask { await sender.close(withinSeconds: limit) } }
    }
  }

  /// A console that takes nothing more has nobody to tell it to.
  private func show(_ line: [UInt8]) { try? world.console(line + [0x0A]) }
}

/// Hands spans to a sender.
private struct CollectorExporter: SpanExporter {
  let sender: OTLPSender

  func export(_ line: [UInt8]) { export(line, spans: 1) }

  func export(_ line: [UInt8], spans: Int) { sender.offer(line, items: spans) }
}
