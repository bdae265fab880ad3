import DSLBase

/// Messages on their way, a queue for each receiver: in order, tried again with growing waits, bounded. Pure.
struct NotificationQueue: Sendable, Equatable {
  /// Waits between attempts, seconds; each is drawn between half of the wait and the whole.
  static let wait = (first: 1.0, longest: 300.0)
  /// Seconds after which a message that could not be delivered is given up.
  static let giveUpSeconds = 86_400.0

  /// One message to one receiver.
  struct Message: Sendable, Equatable {
    var receiver: String
    /// The CloudEvent.
    var event: JSONValue
    var queuedAt: Timestamp
    var attempts = 0
    /// Not to be tried before.
    var notBefore: Timestamp
  }

  /// Oldest first.
  private(set) var messages: [Message] = []
  /// Messages given up since the journal began.
  private(set) var dropped = 0
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Puts a message at the end of a receiver's queue.
  ///
  /// - Returns: messages that had to go for it.
  mutating func add(_ event: JSONValue, for receiver: String, at now: Timestamp) -> Int {
    messages.append(Message(receiver: receiver, event: event, queuedAt: now, notBefore: now))
    let surplus = max(0, messages.count - limit)
    messages.removeFirst(surplus)
    dropped += surplus
    return surplus
  }

  /// The message that a receiver gets next, and how many seconds it has to wait for it.
  func next(for receiver: String, at now: Timestamp) -> (message: Message, waitSeconds: Double)? {
    guard let message = messages.first(where: { $0.receiver == receiver }) else { return nil }
    // A wait longer than the longest belongs to a clock that was set back.
    return (message, min(max(0, message.notBefore.seconds(since: now)), Self.wait.longest))
  }

  /// Takes a message out: it was delivered.
  mutating func delivered(_ message: Message) { remove(message) }

  /// Takes a message out that can never be delivered.
  mutating func refused(_ message: Message) {
    if remove(message) { dropped += 1 }
  }

  /// Notes a failed attempt.
  ///
  /// - Returns: whether the message was given up.
  mutating func failed(
    _ message: Message, at now: Timestamp, using generator: inout some RandomNumberGenerator
  ) -> Bool {
    guard let place = place(of: message) else { return false }
    if now.seconds(since: message.queuedAt) >= Self.giveUpSeconds {
      messages.remove(at: place)
      dropped += 1
      return true
    }
    messages[place].attempts += 1
    let doublings = min(messages[place].attempts - 1, 20)
    let whole = min(Self.wait.longest, Self.wait.first * Double(1 << doublings))
    let wait = Double.random(in: whole / 2...whole, using: &generator)
    messages[place].notBefore = now.adding(seconds: wait)
    return false
  }

  /// Forgets messages to receivers that are no longer configured.
  mutating func keepOnly(_ receivers: [String]) {
    let before = messages.count
    messages.removeAll { !receivers.contains($0.receiver) }
    dropped += before - messages.count
  }

  private func place(of message: Message) -> Int? {
    messages.firstIndex { $0.receiver == message.receiver && $0.event["id"] == message.event["id"] }
  }

  @discardableResult
  private mutating func remove(_ message: Message) -> Bool {
    guard let place = place(of: message) else { return false }
    messages.remove(at: place)
    return true
  }
}

extension NotificationQueue {
  /// All of it, for the journal.
  var json: JSONValue {
    [
      "dropped": .int(dropped),
      "messages": .array(
        messages.map {
          [
            "receiver": .string($0.receiver), "event": $0.event, "queued_ns": .int($0.queuedAt.nanoseconds),
            "attempts": .int($0.attempts), "not_before_ns": .int($0.notBefore.nanoseconds),
          ]
        }),
    ]
  }

  /// - Throws: `DSLError` (`corrupt`) when a member is missing or of the wrong kind.
  init(json: JSONValue?, limit: Int) throws(DSLError) {
    let fields = try JSONFields(json, "notifications")
    self.limit = limit
    dropped = try fields.int("dropped")
    messages = try fields.array("messages").map { (value) throws(DSLError) in
      let entry = try JSONFields(value, "notification")
      return Message(
        receiver: try entry.string("receiver"), event: entry["event"] ?? .null,
        queuedAt: Timestamp(nanoseconds: Int64(try entry.int("queued_ns"))),
        attempts: try entry.int("attempts"),
        notBefore: Timestamp(nanoseconds: Int64(try entry.int("not_before_ns"))))
    }
  }
}
