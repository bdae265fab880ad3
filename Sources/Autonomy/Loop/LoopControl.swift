import DSLBase
import Synchronization

/// What the outside tells a running loop, and what it can ask about it. Any thread may.
package final class LoopControl: Sendable {
  private struct State {
    var isStopping = false
    var wantsReload = false
    var isRung = false
    var sleeper: Task<Void, any Error>?
    /// Until when the loop counts as alive without another sign of progress, on the monotonic clock.
    var aliveUntil = Double.infinity
  }

  private let state = Mutex(State())

  package init() {}

  /// Ends the loop after the effect under way.
  package func stop() {
    state.withLock { $0.isStopping = true }
    ring()
  }

  /// Whether it was told to end.
  package var isStopping: Bool { state.withLock { $0.isStopping } }

  /// Has configuration and policy read again before the next turn, and cuts the wait for that short.
  package func reload() {
    state.withLock { $0.wantsReload = true }
    ring()
  }

  /// Cuts a wait short.
  package func ring() {
    state.withLock { state in
      state.isRung = true
      state.sleeper?.cancel()
    }
  }

  /// Whether a reload was asked for since the last call.
  func takeReload() -> Bool {
    state.withLock { state in
      defer { state.wantsReload = false }
      return state.wantsReload
    }
  }

  /// Waits, unless rung or cancelled.
  ///
  /// - Returns: whether it was rung.
  @discardableResult
  func sleep(seconds: Double, _ time: any TimeSource) async -> Bool {
    let task = Task { try await time.sleep(seconds: seconds) }
    state.withLock { state in
      if state.isRung { task.cancel() }
      state.sleeper = task
    }
    await withTaskCancellationHandler {
      _ = await task.result
    } onCancel: {
      task.cancel()
    }
    return state.withLock { state in
      defer { state.isRung = false }
      state.sleeper = nil
      return state.isRung
    }
  }

  /// Notes that the loop got on, and by when it will again at the latest.
  func progressed(until: Double) { state.withLock { $0.aliveUntil = until } }

  /// Whether the loop got on as it should; a watchdog is fed only as long as it does.
  package func isAlive(at now: Double) -> Bool { state.withLock { now < $0.aliveUntil } }
}
