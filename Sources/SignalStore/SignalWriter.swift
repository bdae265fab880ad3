import Coordination
import DSLBase
import Dispatch
import Synchronization
import Telemetry

/// Stores what requests bring, all that waits in one commit, on a thread of its own.
///
/// While a commit is under way others gather for the next one, so that many small requests cost few commits.
final class SignalWriter: Sendable {
  private struct Waiting {
    var block: SignalBlock?
    var refused: Int
    var answer: CheckedContinuation<DSLError?, Never>
  }

  private struct State {
    var waiting: [Waiting] = []
    var isWriting = false
    /// Bytes that requests hold.
    var held = 0
    /// When upkeep was last done, seconds of the monotonic clock, and bytes stored since.
    var lastUpkeep = -Double.infinity
    var stored = 0
  }

  /// Bytes that count for a request however small it is.
  private static let least = 4096
  /// Upkeep follows so many seconds or so many bytes after the last one.
  private static let upkeepSeconds = 30.0
  private static let upkeepBytes = 64 << 20

  private let directory: CoordinationDirectory
  private let time: any TimeSource
  private let retention: SignalRetention
  private let pending: Int
  private let state = Mutex(State())
  private let store: Mutex<SignalStore>
  private let queue = DispatchQueue(label: "dsl.telemetry.store")

  init(
    directory: CoordinationDirectory, time: any TimeSource, retention: SignalRetention, pending: Int
  ) throws(DSLError) {
    self.directory = directory
    self.time = time
    self.retention = retention
    self.pending = pending
    store = Mutex(try SignalStore(directory: directory, access: .readWrite))
  }

  /// What one request holds of the bytes that may wait.
  final class Claim {
    private let writer: SignalWriter
    private var bytes = 0

    init(on writer: SignalWriter) { self.writer = writer }

    /// Takes so many bytes more, if there is room for them. A request that is alone gets what it wants.
    func take(_ more: Int) -> Bool {
      let more = bytes == 0 ? max(more, SignalWriter.least) : more
      let isRoom = writer.state.withLock { state in
        guard state.held == bytes || state.held + more <= writer.pending else { return false }
        state.held += more
        return true
      }
      if isRoom { bytes += more }
      return isRoom
    }

    /// Gives all of them back.
    func release() {
      writer.state.withLock { $0.held -= bytes }
      bytes = 0
    }
  }

  /// Bytes that all requests hold.
  var held: Int { state.withLock { $0.held } }

  /// Stores a block.
  ///
  /// - Returns: what went wrong; `nil` when it is stored.
  func store(_ block: SignalBlock?, refused: Int) async -> DSLError? {
    await withCheckedContinuation { continuation in
      let isFirst = state.withLock { state in
        state.waiting.append(Waiting(block: block, refused: refused, answer: continuation))
        defer { state.isWriting = true }
        return !state.isWriting
      }
      if isFirst { queue.async { self.write() } }
    }
  }

  /// Commits until nothing waits.
  private func write() {
    while true {
      let waiting = state.withLock { state in
        let waiting = state.waiting
        state.waiting = []
        if waiting.isEmpty { state.isWriting = false }
        return waiting
      }
      guard !waiting.isEmpty else { return }
      let failure = commit(waiting)
      for request in waiting { request.answer.resume(returning: failure) }
      keepUp(waiting.reduce(0) { $0 + ($1.block.map { $0.index.count + $0.details.count } ?? 0) })
    }
  }

  private func commit(_ waiting: [Waiting]) -> DSLError? {
    let blocks = waiting.compactMap(\.block)
    let refused = waiting.reduce(0) { $0 + $1.refused }
    return store.withLock { store in
      do throws(DSLError) {
        do throws(DSLError) { try store.append(blocks, refused: refused, at: time.now) } catch {
          // The directory was replaced, as a restore does: what is there now is gone on with.
          guard error.code == .gone else { throw error }
          store = try SignalStore(directory: directory, access: .readWrite)
          try store.append(blocks, refused: refused, at: time.now)
        }
        return nil
      } catch {
        return error
      }
    }
  }

  /// Retention and joining, now and then. What fails is tried again the next time.
  private func keepUp(_ bytes: Int) {
    let now = time.monotonicSeconds
    let isDue = state.withLock { state in
      state.stored += bytes
      guard now - state.lastUpkeep >= Self.upkeepSeconds || state.stored >= Self.upkeepBytes else {
        return false
      }
      (state.lastUpkeep, state.stored) = (now, 0)
      return true
    }
    guard isDue else { return }
    store.withLock { store in _ = try? store.keep(retention, now: time.now) }
  }
}
