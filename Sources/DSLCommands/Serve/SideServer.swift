import DSLBase

/// A server beside a loop. Whatever becomes of it, the loop goes on: what cannot be served is told and tried again.
struct SideServer: Sendable {
  /// Time between two attempts to listen, seconds.
  private static let retrySeconds = 5.0

  private let service: Service
  private let context: Context
  private let stop = StopSign()

  init(_ service: Service, _ context: Context) {
    self.service = service
    self.context = context
  }

  /// Serves until `end`.
  func run() async {
    let (console, stop) = (context.console, stop)
    while !stop.isUp {
      do {
        try await service.run(
          until: { await stop.wait() }, started: { url, _ in console.note("dsl: serving at \(url)") })
      } catch {
        for line in Failure(error).lines {
          console.note("dsl: warning: \(Shown.safe(line)); the loop goes on without it")
        }
        await pause()
      }
    }
  }

  /// Until it is time to try again, or to stop.
  private func pause() async {
    let (time, stop) = (context.time, stop)
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try? await time.sleep(seconds: Self.retrySeconds) }
      tasks.addTask { await stop.wait() }
      await tasks.next()
      tasks.cancelAll()
    }
  }

  /// Lets requests end, within a bound that the server keeps itself.
  func end(_ task: Task<Void, Never>?) async {
    stop.raise()
    await task?.value
  }
}
