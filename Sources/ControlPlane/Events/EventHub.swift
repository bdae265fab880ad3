import DSLBase
import Synchronization

/// Followers of events, and what waits to be sent to each.
///
/// Bounded: so many followers, so many events for each. Who reads too slowly is let go; he comes back with the number of
/// the last event that he got, and misses nothing.
package final class EventHub: Sendable {
  /// What a follower gets.
  enum Item: Sendable {
    case event(ServedEvent)
    /// A comment, so that proxies and clients know that the connection lives.
    case alive
  }

  /// A follower's end.
  struct Subscription: Sendable {
    let id: Int
    let items: AsyncStream<Item>
    /// Events up to this entry were told before the follower came.
    let since: Int64
  }

  private struct State {
    var followers: [Int: AsyncStream<Item>.Continuation] = [:]
    var nextID = 0
    /// The last entry of the journal that was told; `nil` before the first look.
    var told: Int64?
    var isClosed = false
  }

  private let limit: Int
  private let waiting: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - limit: followers at once.
  ///   - waiting: events that wait for one follower at most.
  package init(limit: Int = 64, waiting: Int = 256) {
    self.limit = limit
    self.waiting = waiting
  }

  /// Whether anybody follows.
  var isFollowed: Bool { state.withLock { !$0.followers.isEmpty } }
  /// The last entry that was told.
  var told: Int64? { state.withLock { $0.told } }
  package var count: Int { state.withLock { $0.followers.count } }

  /// - Parameter newest: the journal's newest entry, from which on events are told if nobody followed before.
  /// - Throws: `busy` when there are too many followers, `cancelled` when the server is shutting down.
  func subscribe(newest: Int64) throws(DSLError) -> Subscription {
    let (items, continuation) = AsyncStream.makeStream(
      of: Item.self, bufferingPolicy: .bufferingOldest(waiting))
    let outcome = state.withLock { state -> Result<Subscription, DSLError> in
      guard !state.isClosed else {
        return .failure(DSLError(.cancelled, "the server is shutting down"))
      }
      guard state.followers.count < limit else {
        return .failure(DSLError(.busy, "\(limit) clients follow already", fix: "close one, or try later"))
      }
      if state.followers.isEmpty || state.told == nil { state.told = newest }
      let id = state.nextID
      state.nextID += 1
      state.followers[id] = continuation
      return .success(Subscription(id: id, items: items, since: state.told ?? newest))
    }
    let subscription = try outcome.get()
    continuation.onTermination = { [weak self] _ in self?.leave(subscription.id) }
    return subscription
  }

  func leave(_ id: Int) {
    let continuation = state.withLock { $0.followers.removeValue(forKey: id) }
    continuation?.finish()
  }

  /// Tells everybody, in order.
  ///
  /// - Parameter last: the journal's entry up to which this goes.
  func tell(_ items: [Item], last: Int64?) {
    let slow = state.withLock { state -> [AsyncStream<Item>.Continuation] in
      if let last { state.told = last }
      var slow: [(Int, AsyncStream<Item>.Continuation)] = []
      for (id, follower) in state.followers.sorted(by: { $0.key < $1.key }) {
        for item in items {
          if case .dropped = follower.yield(item) {
            slow.append((id, follower))
            break
          }
        }
      }
      for (id, _) in slow { state.followers[id] = nil }
      return slow.map(\.1)
    }
    for follower in slow { follower.finish() }
  }

  /// Ends all streams, so that connections can close.
  package func close() {
    let all = state.withLock { state in
      state.isClosed = true
      defer { state.followers = [:] }
      return state.followers.sorted { $0.key < $1.key }.map(\.value)
    }
    for follower in all { follower.finish() }
  }
}
