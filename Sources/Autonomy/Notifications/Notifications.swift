import Coordination
import DSLBase
import DecisionEngine
import Synchronization

/// Tells the outside of incidents, behind the loop's back: a cycle only puts messages into queues that the journal
/// keeps, and one task a receiver sends them.
///
/// A message is sent at least once: a process that dies between sending and noting sends it again, under the same id.
package final class Notifications: Sendable {
  /// Where the journal keeps incidents and queues.
  package static let stateKey = "notifications"
  /// Attempts to undo that one look takes; more is one incident anyway.
  private static let undoLimit = 50
  /// Notes of failed attempts that wait for the next report.
  private static let noteLimit = 20

  private struct State {
    var watch: IncidentWatch
    var queue: NotificationQueue
    var generator: SplitMix64
    var saved = JSONValue.null
    var notes: [String] = []
    /// Receivers whose task runs.
    var busy: [String: Task<Void, Never>] = [:]
    var isClosed = false
    /// Whether what changes from now on is no longer noted: the journal may be another engine's.
    var isOver = false
  }

  private let settings: NotifySettings
  private let journal: Journal
  private let sender: any MessageSender
  private let time: any TimeSource
  private let host: String
  private let source: String
  private let state: Mutex<State>

  /// - Parameters:
  ///   - source: the URI reference that names the engine's directory in messages.
  ///   - host: the machine's name.
  ///   - seed: where the jitter of waits comes from.
  /// - Throws: `io`, when the journal cannot be read. What an unknown version left there is begun anew, with a note.
  init(
    _ settings: NotifySettings, journal: Journal, sender: any MessageSender, time: any TimeSource,
    source: String,
    host: String, seed: UInt64
  ) throws {
    self.settings = settings
    self.journal = journal
    self.sender = sender
    self.time = time
    self.source = source
    self.host = host
    var state = State(
      watch: IncidentWatch(), queue: NotificationQueue(limit: settings.queue),
      generator: SplitMix64(seed: seed))
    if let json = try journal.state(Self.stateKey) {
      state.saved = json
      do throws(DSLError) {
        state.watch = try IncidentWatch(json: json["watch"])
        state.queue = try NotificationQueue(json: json["queue"], limit: settings.queue)
        state.queue.keepOnly(settings.receivers.map(\.name))
      } catch {
        state.notes.append("incidents and waiting messages cannot be read and are begun anew: \(error)")
      }
    }
    self.state = Mutex(state)
  }

  /// Open incidents.
  package var open: Int { state.withLock { $0.watch.book.open.count } }
  /// Messages that wait.
  package var waiting: Int { state.withLock { $0.queue.messages.count } }
  /// Messages that were given up since the journal began.
  package var dropped: Int { state.withLock { $0.queue.dropped } }

  /// Takes what one cycle came to, and lets what there is to tell be sent.
  ///
  /// - Returns: what a reader should know since the last time: failed attempts, messages given up.
  /// - Throws: when the journal fails: then nothing is sent that it does not know of.
  package func take(_ report: CycleReport, heldBack: [String]) throws -> [String] {
    let known = state.withLock { $0.watch.lastUndo }
    let undone = try journal.undone(after: known ?? .max, limit: Self.undoLimit)
    let facts = IncidentWatch.Facts(
      report: report, undone: undone.attempts, heldBack: heldBack, host: host)
    let timing = IncidentBook.Timing(
      cycles: settings.cycles, remindSeconds: settings.remindAfterSeconds,
      quietSeconds: settings.quietAfterSeconds)
    let now = time.now
    let notes = try state.withLock { state in
      for change in state.watch.look(facts, at: now, timing, newestUndo: undone.newest) {
        let event = CloudEvent.of(change, source: source)
        for receiver in settings.receivers where change.incident.worst >= receiver.minSeverity {
          let surplus = state.queue.add(event, for: receiver.name, at: now)
          if surplus > 0 {
            Self.note("\(surplus) waiting messages were dropped: more than \(settings.queue) waited", &state)
          }
        }
      }
      try save(&state)
      defer { state.notes = [] }
      return state.notes
    }
    wake()
    return notes
  }

  /// Waits until everything has left that can leave now, but no longer than configured; then sends nothing more.
  ///
  /// - Returns: what a reader should know.
  package func flush() async -> [String] {
    wake()
    let deadline = time.monotonicSeconds + settings.flushSeconds
    while !Task.isCancelled, time.monotonicSeconds < deadline,
      isSending(within: deadline - time.monotonicSeconds)
    {
      try? await time.sleep(seconds: 0.01)
    }
    let tasks = state.withLock { state in
      state.isClosed = true
      return Array(state.busy.values)
    }
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    return state.withLock { state in
      let left = state.queue.messages.count
      if left > 0 { Self.note("\(left) messages wait for the next run", &state) }
      defer { state.notes = [] }
      return state.notes
    }
  }

  /// Sends and notes nothing more; what waits is in the journal.
  package func close() {
    let tasks = state.withLock { state in
      (state.isClosed, state.isOver) = (true, true)
      return Array(state.busy.values)
    }
    for task in tasks { task.cancel() }
  }

  /// Whether a receiver has a message that is being sent or due within so many seconds.
  private func isSending(within seconds: Double) -> Bool {
    let now = time.now
    return state.withLock { state in
      settings.receivers.contains { receiver in
        state.queue.next(for: receiver.name, at: now).map { $0.waitSeconds <= seconds } ?? false
      }
    }
  }

  /// Starts a task for each receiver that has messages and none.
  private func wake() {
    let now = time.now
    state.withLock { state in
      guard !state.isClosed else { return }
      for receiver in settings.receivers where state.busy[receiver.name] == nil {
        guard state.queue.next(for: receiver.name, at: now) != nil else { continue }
        state.busy[receiver.name] = Task { await self.work(for: receiver) }
      }
    }
  }

  /// Sends a receiver's messages, one after another, until there are none.
  private func work(for receiver: NotifySettings.Receiver) async {
    while let (message, wait) = next(for: receiver.name) {
      if wait > 0 {
        try? await time.sleep(seconds: wait)
        continue
      }
      let delivery = await sender.send(message.event, to: receiver)
      if Task.isCancelled, delivery != .delivered { continue }
      state.withLock { state in
        settle(message, delivery, &state)
        do { try save(&state) } catch { Self.note("messages could not be noted: \(error)", &state) }
      }
    }
  }

  /// The receiver's next message; without one, or at the end, its task is over.
  private func next(for receiver: String) -> (message: NotificationQueue.Message, waitSeconds: Double)? {
    let now = time.now
    return state.withLock { state in
      if !Task.isCancelled, let next = state.queue.next(for: receiver, at: now) { return next }
      state.busy[receiver] = nil
      return nil
    }
  }

  private func settle(_ message: NotificationQueue.Message, _ delivery: Delivery, _ state: inout State) {
    switch delivery {
    case .delivered: state.queue.delivered(message)
    case .refused(let reason):
      state.queue.refused(message)
      Self.note("receiver \(message.receiver): \(reason); the message was dropped", &state)
    case .failed(let reason):
      let isGivenUp = state.queue.failed(message, at: time.now, using: &state.generator)
      let attempt = message.attempts + 1
      let end = isGivenUp ? "the message was dropped" : "attempt \(attempt), to be tried again"
      Self.note("receiver \(message.receiver): \(reason); \(end)", &state)
    }
  }

  private func save(_ state: inout State) throws {
    let json: JSONValue = ["watch": state.watch.json, "queue": state.queue.json]
    guard !state.isOver, json != state.saved else { return }
    try journal.setState(Self.stateKey, json)
    state.saved = json
  }

  private static func note(_ note: String, _ state: inout State) {
    if state.notes.count < noteLimit { state.notes.append(note) }
  }
}
