package import DSLBase

/// Feeds the supervisor's watchdog at half its time, as long as the loop gets on.
package struct Watchdog: Sendable {
  private let notifier: ServiceNotifier
  private let control: LoopControl
  private let time: any TimeSource

  package init(_ notifier: ServiceNotifier, _ control: LoopControl, time: any TimeSource) {
    self.notifier = notifier
    self.control = control
    self.time = time
  }

  /// Until the task is cancelled; at once when no watchdog is wanted.
  package func run() async {
    guard let seconds = notifier.watchdogSeconds else { return }
    while !Task.isCancelled {
      if control.isAlive(at: time.monotonicSeconds) { notifier.send(.watchdog) }
      do { try await time.sleep(seconds: seconds / 2) } catch { return }
    }
  }
}
