package import DSLBase
import Synchronization

/// Where the telemetry of one signal goes.
package struct OTLPEndpoint: Sendable, Equatable {
  package var signal: OTLPSignal
  /// With its path; may hold secrets.
  package var url: String
  package var headers: [HTTPHeader] = []
  /// Seconds that one request may take.
  package var timeoutSeconds = 10.0
  /// Whether bodies are compressed.
  package var gzip = false
  /// How bodies are encoded.
  package var encoding = OTLPEncoding.json

  package init(_ signal: OTLPSignal, url: String) {
    self.signal = signal
    self.url = url
  }
}

/// Sends the telemetry of one signal to a collector, as OTLP/HTTP.
///
/// Whoever offers telemetry never waits: it goes into a bounded queue, and a task of its own sends it, batch by batch,
/// tries again what may succeed later, and counts what is lost. There is no task while there is nothing to send.
package final class OTLPSender: Sendable {
  /// What became of the items so far.
  package struct Statistics: Sendable, Equatable {
    /// Taken by the receiver.
    package var sent = 0
    /// Rejected by the receiver: all of a request, or by its `partialSuccess`.
    package var rejected = 0
    /// Left out because the queue was full.
    package var dropped = 0
    /// Given up: the receiver could not be reached, or not in time.
    package var failed = 0
    /// Requests that were made.
    package var requests = 0

    package init() {}

    /// Items that nobody will see.
    package var lost: Int { rejected + dropped + failed }
  }

  struct State {
    var queue: ExportQueue
    var worker: Task<Void, Never>?
    /// What the worker sleeps in; `nil` while it works.
    var sleep: (task: Task<Void, any Error>, isBackOff: Bool)?
    /// On the monotonic clock, when sending has to be over; set once the end has come.
    var deadline: Double?
    var statistics = Statistics()
    /// Whether the last request failed: said once, until one succeeds.
    var isTroubled = false
    /// Items lost that somebody was told of.
    var toldLost = 0
    var random: SplitMix64
  }

  let endpoint: OTLPEndpoint
  let resource: Resource
  let policy: BatchPolicy
  let schedule: RetrySchedule
  let transport: any HTTPTransport
  let time: any TimeSource
  /// Told what somebody should know, a sentence each.
  let tell: @Sendable (String) -> Void
  let meters: ExportMeters
  let state: Mutex<State>

  /// A sender.
  ///
  /// - Parameters:
  ///   - resource: what log records say of this process; lines say it themselves.
  ///   - seed: of the jitter.
  ///   - tell: told of troubles, when they begin and when they end.
  package init(
    _ endpoint: OTLPEndpoint, resource: Resource, policy: BatchPolicy,
    schedule: RetrySchedule = RetrySchedule(), transport: any HTTPTransport, time: any TimeSource,
    seed: UInt64, meters: ExportMeters, tell: @escaping @Sendable (String) -> Void
  ) {
    self.endpoint = endpoint
    self.resource = resource
    self.policy = policy
    self.schedule = schedule
    self.transport = transport
    self.time = time
    self.tell = tell
    self.meters = meters
    state = Mutex(State(queue: ExportQueue(policy), random: SplitMix64(seed: seed)))
  }

  /// What became of the items so far.
  package var statistics: Statistics { state.withLock { $0.statistics } }

  /// Lets a line of OTLP/JSON wait to be sent. Returns at once, from any thread.
  package func offer(_ line: [UInt8], items: Int) { offer(.init(content: .line(line), items: items)) }

  /// Lets a message of the log wait to be encoded and sent. Returns at once, from any thread.
  package func offer(_ record: LogRecord) { offer(.init(content: .record(record), items: 1)) }

  private func offer(_ entry: ExportQueue.Entry) {
    let isDropped = state.withLock { state in
      guard state.deadline == nil, state.queue.offer(entry) else {
        state.statistics.dropped += entry.items
        return true
      }
      if state.worker == nil {
        state.worker = Task.detached(priority: .utility) { await self.work() }
      } else if state.queue.isFull, let sleep = state.sleep, !sleep.isBackOff {
        sleep.task.cancel()
      }
      return false
    }
    if isDropped { meters.count(endpoint.signal, .dropped, entry.items) }
  }

  /// Sends what is left, for so long at most; what comes afterwards is dropped.
  package func close(withinSeconds limit: Double) async {
    let worker = state.withLock { state in
      state.deadline = time.monotonicSeconds + limit
      state.sleep?.task.cancel()
      return state.worker
    }
    if let worker {
      let time = time
      let end = Task {
        try await time.sleep(seconds: limit)
        worker.cancel()
      }
      await worker.value
      end.cancel()
    }
    let left = state.withLock { state in
      let left = state.queue.items
      state.statistics.failed += left
      return left
    }
    if left > 0 { meters.count(endpoint.signal, .failed, left) }
    sayLosses()
  }

  /// Until the queue is empty.
  private func work() async {
    while true {
      await rest(policy.delaySeconds, isBackOff: false)
      let batch = state.withLock { state -> [ExportQueue.Entry]? in
        guard !state.queue.isEmpty, !Task.isCancelled else {
          state.worker = nil
          return nil
        }
        return state.queue.take()
      }
      guard let batch else { return }
      await send(batch)
    }
  }

  /// Sleeps, unless a batch is full or the end has come.
  func rest(_ seconds: Double, isBackOff: Bool) async {
    let time = time
    let nap = state.withLock { state -> Task<Void, any Error>? in
      guard state.deadline == nil || isBackOff, isBackOff || !state.queue.isFull else { return nil }
      let nap = Task { try await time.sleep(seconds: seconds) }
      state.sleep = (nap, isBackOff)
      return nap
    }
    guard let nap else { return }
    await withTaskCancellationHandler {
      _ = await nap.result
    } onCancel: {
      nap.cancel()
    }
    state.withLock { $0.sleep = nil }
  }
}
