import DSLBase
import Dispatch
import Synchronization

/// The one thread on which the server reads files and databases.
///
/// Reading blocks. The threads that Swift's tasks share are as few as the cores, and a loop in the same process lives on
/// them: requests that read there could hold it up. Here they hold up each other alone, and no more than `limit` of them
/// wait.
final class LookingThread: TaskExecutor {
  /// Requests that read or wait for it at once.
  private static let limit = 64

  private let queue = DispatchQueue(label: "dsl.serve.looks", qos: .utility)
  private let waiting = Mutex(0)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Runs something that reads.
  ///
  /// - Throws: `busy` when too many wait already; what `body` throws.
  func run<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
    let isRoom = waiting.withLock { waiting in
      guard waiting < Self.limit else { return false }
      waiting += 1
      return true
    }
    guard isRoom else {
      throw DSLError(.busy, "\(Self.limit) requests wait already", fix: "try again in a second")
    }
    defer { waiting.withLock { $0 -= 1 } }
    return try await withTaskExecutorPreference(self) { try await body() }
  }
}
