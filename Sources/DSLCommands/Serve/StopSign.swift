import Synchronization

/// Something that is said once and stays said: it is time to stop. Any number of tasks may wait for it.
final class StopSign: Sendable {
  private struct State {
    var isUp = false
    var waiting: [AsyncStream<Void>.Continuation] = []
  }

  private let state = Mutex(State())

  var isUp: Bool { state.withLock { $0.isUp } }

  func raise() {
    let waiting = state.withLock { state in
      state.isUp = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.finish() }
  }

  /// Returns when it is up, or the task is cancelled.
  func wait() async {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    let isUp = state.withLock { state in
      if !state.isUp { state.waiting.append(continuation) }
      return state.isUp
    }
    guard !isUp else { return }
    for await _ in stream {}
  }
}
