import DSLBase
import Synchronization

/// How much of all bodies together is in memory: many large ones at once are told to come again.
final class BodyBudget: Sendable {
  private let limit: Int
  private let held = Mutex(0)

  /// - Parameter limit: bytes.
  init(limit: Int) { self.limit = limit }

  /// - Throws: `busy` when there is no room; nothing is taken then.
  func take(_ bytes: Int) throws(DSLError) {
    let isRoom = held.withLock { held in
      guard held + bytes <= limit else { return false }
      held += bytes
      return true
    }
    guard isRoom else {
      throw DSLError(.busy, "too much is being sent at once", fix: "try again in a second")
    }
  }

  func give(_ bytes: Int) { held.withLock { $0 -= bytes } }
}
