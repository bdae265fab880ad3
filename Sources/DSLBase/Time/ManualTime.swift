import Synchronization

/// A clock that moves only when told to: for tests, simulation and replay.
///
/// Sleepers wake when the clock is advanced past their deadline; `sleepers` lets a test wait until somebody sleeps before
/// it moves the clock, which is what makes such a test exact.
public final class ManualTime: TimeSource {
  private struct State {
    var now: Timestamp
    var monotonic = 0.0
    var origin: String
    var nextSleeper = 0
    var sleepers: [Int: (deadline: Double, wake: CheckedContinuation<Void, any Error>)] = [:]
    var cancelled: Set<Int> = []
  }

  private let state: Mutex<State>

  /// A clock that stands at `now`, on a boot named `origin`.
  public init(_ now: Timestamp = Timestamp(seconds: 1_790_000_000), origin: String = "manual") {
    state = Mutex(State(now: now, origin: origin))
  }

  /// The wall clock.
  public var now: Timestamp { state.withLock { $0.now } }
  /// Seconds advanced so far.
  public var monotonicSeconds: Double { state.withLock { $0.monotonic } }
  /// The name of the boot.
  public var monotonicOrigin: String { state.withLock { $0.origin } }
  /// How many tasks are sleeping.
  public var sleepers: Int { state.withLock { $0.sleepers.count } }

  /// Moves both clocks on and wakes those whose time has come, earliest first.
  public func advance(seconds: Double) {
    let due = state.withLock { state in
      state.now = state.now.adding(seconds: seconds)
      state.monotonic += seconds
      let due = state.sleepers.filter { $0.value.deadline <= state.monotonic }.sorted {
        ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key)
      }
      for (id, _) in due { state.sleepers[id] = nil }
      return due
    }
    for sleeper in due { sleeper.value.wake.resume() }
  }

  /// Sets the wall clock, as an operator or NTP would; the monotonic clock does not notice.
  public func step(to now: Timestamp) { state.withLock { $0.now = now } }

  /// Starts another boot: the monotonic clock begins anew.
  public func reboot(origin: String) {
    state.withLock {
      $0.origin = origin
      $0.monotonic = 0
    }
  }

  /// Waits until the clock has been advanced by `seconds`.
  ///
  /// - Throws: `CancellationError` when the task is cancelled first.
  public func sleep(seconds: Double) async throws {
    let id = state.withLock { state in
      state.nextSleeper += 1
      return state.nextSleeper
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (wake: CheckedContinuation<Void, any Error>) in
        let stillborn = state.withLock { state in
          guard !state.cancelled.contains(id) else { return true }
          state.sleepers[id] = (state.monotonic + seconds, wake)
          return false
        }
        if stillborn { wake.resume(throwing: CancellationError()) }
      }
    } onCancel: {
      let sleeper = state.withLock { state in
        state.cancelled.insert(id)
        return state.sleepers.removeValue(forKey: id)
      }
      sleeper?.wake.resume(throwing: CancellationError())
    }
  }
}
