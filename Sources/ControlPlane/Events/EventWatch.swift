import Autonomy
import Coordination
import DSLBase
import HTTPTypes
import Logging

/// Looks what happened, as long as somebody follows, and tells the hub: one look for all followers.
struct EventWatch: Sendable {
  /// How often the journal is asked, seconds.
  private static let journalSeconds = 0.5
  /// How often the status is told at most, seconds, and what share of the time looking may take.
  private static let status = (seconds: 2.0, share: 0.05)
  /// How often followers hear that the connection lives, seconds.
  private static let aliveSeconds = 15.0
  /// Entries that are read at once, and beyond which followers are told to read anew.
  private static let batch = 500
  private static let batches = 4

  let surface: ControlSurface
  let room: ClusterRoom
  let hub: EventHub
  let looks: LookingThread
  let log: Logger

  /// Until the task is cancelled.
  func run() async {
    let time = surface.time
    var nextStatus = 0.0
    var nextAlive = 0.0
    while !Task.isCancelled {
      do { try await time.sleep(seconds: Self.journalSeconds) } catch { return }
      guard hub.isFollowed else { continue }
      do {
        try await happened()
        let news = try await looks.run { try await room.news() }
        if !news.isEmpty { hub.tell(news.map { .event($0) }, last: nil) }
        let began = time.monotonicSeconds
        if began >= nextAlive {
          hub.tell([.alive], last: nil)
          nextAlive = began + Self.aliveSeconds
        }
        guard began >= nextStatus else { continue }
        let envelope = try await looks.run { try await surface.statusEnvelope() }
        let took = time.monotonicSeconds - began
        nextStatus = began + max(Self.status.seconds, took / Self.status.share)
        hub.tell([.event(ServedEvent(nil, .status, envelope.data))], last: nil)
      } catch {
        log.warning("followers are not told what happens: \(error)")
        nextStatus = time.monotonicSeconds + Self.status.seconds
      }
    }
  }

  /// Tells what the journal got since the last time.
  private func happened() async throws {
    guard let told = hub.told else { return }
    let surface = surface
    let (events, last) = try await looks.run { try Self.events(surface, after: told) }
    if last != told { hub.tell(events.map { .event($0) }, last: last) }
  }

  /// The events after an entry; of very many only that there were.
  static func events(
    _ surface: ControlSurface, after number: Int64
  ) throws -> (events: [ServedEvent], last: Int64) {
    guard let journal = try surface.journal() else { return ([], number) }
    let newest = try journal.lastEntry()
    // A journal that begins anew, or was restored, is told from its end.
    guard newest >= number, newest - number <= Int64(batch * batches) else {
      return ([ServedEvent(newest, .gap, ["last": .int(newest)])], newest)
    }
    let reader = JournalEvents(journal, time: surface.time)
    var events: [ServedEvent] = []
    var last = number
    while true {
      let read = try reader.read(after: last, limit: batch)
      events += read.events
      last = read.last
      guard read.isMore else { return (events, last) }
    }
  }
}

/// The route by which clients follow.
struct Following: Sendable {
  let surface: ControlSurface
  let hub: EventHub
  let looks: LookingThread

  var route: Route {
    let (surface, hub, looks) = (surface, hub, looks)
    var route = Route(
      .get, "/api/v1/events", .read,
      "What happens, as server-sent events; goes on behind the entry that Last-Event-ID names."
    ) { call in
      let after = try Self.lastEventID(call)
      let subscription = try await looks.run {
        try hub.subscribe(newest: try surface.journal()?.lastEntry() ?? 0)
      }
      do {
        let missed = try await looks.run { try Self.missed(surface, after: after, until: subscription.since) }
        let names = call.all("event").map(ServedEvent.Name.init)
        return .events(EventFeed(hub: hub, subscription: subscription, missed: missed, names: names))
      } catch {
        hub.leave(subscription.id)
        throw error
      }
    }.taking(
      Parameter(
        "event", .word(ServedEvent.Name.all.map(\.rawValue)), "Only events of this name.", repeats: true),
      Parameter(
        "last_event_id", .integer(0...Int.max >> 10),
        "Instead of the header Last-Event-ID, for clients that cannot set it."))
    route.mediaType = "text/event-stream"
    route.errors = [.busy]
    return route
  }

  /// The entry behind which a client wants to go on; `nil` for one that begins.
  private static func lastEventID(_ call: Call) throws(DSLError) -> Int64? {
    if let number = call.int("last_event_id") { return Int64(number) }
    guard let name = Headers.lastEventID, let text = call.headers[name], !text.isEmpty else { return nil }
    guard let number = Int64(text), number >= 0 else {
      throw DSLError(.invalidInput, "Last-Event-ID: expected the number of an event")
    }
    return number
  }

  private static func missed(
    _ surface: ControlSurface, after: Int64?, until: Int64
  ) throws -> [ServedEvent] {
    guard let after, after != until else { return [] }
    return try EventWatch.events(surface, after: after).events.filter {
      $0.name == .gap || ($0.number ?? 0) <= until
    }
  }
}
