import Autonomy
import Glibc

/// What signals mean to a loop: the first SIGINT or SIGTERM ends it within a bound, the second at once; SIGHUP reloads.
struct LoopSignals: Sendable {
  private let control: LoopControl
  private let notifier: ServiceNotifier
  private let console: Console
  private let stopSeconds: Double

  /// - Parameter stopSeconds: the time that the effect under way gets to end in.
  init(_ control: LoopControl, _ notifier: ServiceNotifier, _ console: Console, stopSeconds: Double) {
    self.control = control
    self.notifier = notifier
    self.console = console
    self.stopSeconds = stopSeconds
  }

  /// Until the task is cancelled.
  func run() async {
    var count = 0
    for await number in Signals.stream([SIGINT, SIGTERM, SIGHUP]) {
      if number == SIGHUP {
        control.reload()
        continue
      }
      count += 1
      if count > 1 { _exit(ExitStatus.cancelled.rawValue) }
      notifier.send(.stopping, .status("ending after the effect under way"))
      Self.limit(stopSeconds)
      control.stop()
    }
  }

  /// Has the kernel end the process after that time, whatever the process does then: what it leaves half done is settled by
  /// the next engine.
  static func limit(_ seconds: Double) {
    signal(SIGALRM) { _ in _exit(124) }
    let whole = Int(seconds.rounded(.down))
    var timer = itimerval()
    timer.it_value = timeval(tv_sec: whole, tv_usec: Int((seconds - Double(whole)) * 1_000_000))
    setitimer(Int32(ITIMER_REAL.rawValue), &timer, nil)
  }
}
