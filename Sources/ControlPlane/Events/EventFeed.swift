import DSLBase
import Hummingbird
import NIOCore

/// One client's stream of events: first what it missed, then what happens.
package struct EventFeed: Sendable {
  /// Milliseconds after which a client that lost the connection comes back.
  private static let retryMs = 2000

  let hub: EventHub
  let subscription: EventHub.Subscription
  /// What happened between the client's last event and the beginning of its subscription.
  let missed: [ServedEvent]
  /// Which events are wanted; all when empty.
  let names: [ServedEvent.Name]

  /// Writes until one of the two ends it.
  func write(to writer: inout any ResponseBodyWriter) async throws {
    defer { hub.leave(subscription.id) }
    try await writer.write(
      ByteBuffer(
        string: "retry: \(Self.retryMs)\n\n"))
    for event in missed where wants(event) { try await writer.write(ByteBuffer(string: event.text)) }
    for await item in subscription.items {
      switch item {
      case .alive: try await writer.write(ByteBuffer(string: ": alive\n\n"))
      case .event(let event):
        if wants(event) { try await writer.write(ByteBuffer(string: event.text)) }
      }
    }
    try await writer.finish(nil)
  }

  private func wants(_ event: ServedEvent) -> Bool {
    names.isEmpty || names.contains(event.name) || event.name == .gap
  }
}
