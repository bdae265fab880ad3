package import Coordination
package import DSLBase
package import DecisionEngine

/// What the journal knows of incidents and of messages on their way.
package struct NotificationStatus: Sendable {
  /// What waits for one receiver.
  package struct Line: Sendable, Equatable {
    package var waiting = 0
    /// When the oldest was queued; `nil` when none waits.
    package var oldestAt: Timestamp?
    /// Failed attempts to send the oldest, and when it is tried again.
    package var attempts = 0
    package var nextAt: Timestamp?
  }

  /// Open incidents, oldest first.
  package let incidents: [Incident]
  /// Messages given up since the journal began.
  package let dropped: Int
  private let messages: [NotificationQueue.Message]

  /// - Throws: `corrupt` when the journal's note cannot be read; `io`.
  package init(_ journal: Journal?) throws {
    guard let json = try journal?.state(Notifications.stateKey) else {
      (incidents, dropped, messages) = ([], 0, [])
      return
    }
    let queue = try NotificationQueue(json: json["queue"], limit: .max)
    incidents = try IncidentWatch(json: json["watch"]).book.open
    (dropped, messages) = (queue.dropped, queue.messages)
  }

  /// Messages that wait, for receivers that are no longer configured too.
  package var waiting: Int { messages.count }

  /// What waits for a receiver.
  package func line(of receiver: String) -> Line {
    let own = messages.filter { $0.receiver == receiver }
    var line = Line(waiting: own.count)
    if let first = own.first {
      (line.oldestAt, line.attempts, line.nextAt) = (first.queuedAt, first.attempts, first.notBefore)
    }
    return line
  }
}

/// A message that says that nothing is wrong, to see whether it arrives.
package struct TestMessage: Sendable {
  /// What became of it at one receiver.
  package struct Result: Sendable, Equatable {
    package var receiver: String
    /// `delivered`, `failed` (it may work later) or `refused`.
    package var outcome: String
    /// Why it did not arrive.
    package var reason: String?
  }

  private let event: JSONValue
  private let sender: any MessageSender

  /// - Parameter by: who sends it.
  package init(_ directory: CoordinationDirectory, _ world: EngineHost.World, by: String) {
    var generator = SplitMix64(seed: world.seed)
    let source = CloudEvent.source(host: world.host, path: ProgramRunner.absolute(directory.path))
    event = CloudEvent.test(
      "i-" + generator.hex(bytes: 8), by: by, at: world.time.now, source: source)
    sender = EngineHost.sender(directory, world)
  }

  /// Sends it once to each receiver, in their order, whatever severity they ask for, past the queues.
  package func send(to receivers: [NotifySettings.Receiver]) async -> [Result] {
    var results: [Result] = []
    for receiver in receivers {
      switch await sender.send(event, to: receiver) {
      case .delivered: results.append(Result(receiver: receiver.name, outcome: "delivered"))
      case .failed(let reason):
        results.append(Result(receiver: receiver.name, outcome: "failed", reason: reason))
      case .refused(let reason):
        results.append(Result(receiver: receiver.name, outcome: "refused", reason: reason))
      }
    }
    return results
  }
}
