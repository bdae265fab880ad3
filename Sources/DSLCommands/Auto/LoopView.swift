import Autonomy
import Coordination
import DSLBase

/// Shows what a loop tells: turns on stdout, everything else on stderr and to the service supervisor.
struct LoopView {
  private let context: Context
  private let notifier: ServiceNotifier
  private var number = 0
  private var isReady = false
  private var lead = ""

  init(_ context: Context, _ notifier: ServiceNotifier) {
    self.context = context
    self.notifier = notifier
  }

  /// - Throws: `CancellationError` when nobody reads any more.
  mutating func show(_ notice: AutonomousLoop.Notice) throws {
    let console = context.console
    switch notice {
    case .completed(let cycle):
      number += 1
      show(cycle)
    case .failed(let error):
      number += 1
      show(Failure(error))
    case .leads(let record):
      lead = "leads with epoch \(record.epoch)"
      if context.global.verbose { console.note("dsl: \(lead)") }
      ready(lead)
    case .standsBy(let record):
      let who = record.map { ": \($0.holder.name) leads with epoch \($0.epoch)" } ?? ""
      lead = "standing by" + who
      console.note("dsl: " + Shown.safe(lead))
      ready(lead)
    case .steppedDown(let reason): console.note("dsl: no longer leading: " + Shown.safe(reason))
    case .lostDirectory:
      let what = "\(context.directory.path) has gone or was replaced; nothing is done until it is back"
      console.note("dsl: warning: " + Shown.safe(what))
      notifier.send(.status(what))
    case .foundDirectory: console.note("dsl: \(Shown.safe(context.directory.path)) is back")
    case .reloading: notifier.send(.reloading(microseconds: ServiceNotifier.monotonicMicroseconds))
    case .reloaded(let warnings):
      for warning in warnings { console.note("dsl: warning: \(warning)") }
      console.note("dsl: configuration and policy were read again")
      notifier.send(.ready)
    case .notReloaded(let error):
      for line in Failure(error).lines { console.note("dsl: error: not reloaded: " + Shown.safe(line)) }
      notifier.send(.ready, .status("not reloaded: \(error.message)"))
    case .standsStill(let reason):
      console.note("dsl: " + Shown.safe(reason))
      notifier.send(.status(reason))
    case .goesOn: console.note("dsl: the simulated cluster goes on")
    case .warning(let warning): console.note("dsl: warning: " + Shown.safe(warning))
    }
    if console.isClosed { throw CancellationError() }
  }

  private mutating func ready(_ status: String) {
    notifier.send(.ready, .status(status))
    isReady = true
  }

  private mutating func show(_ cycle: CycleReport) {
    let (console, global) = (context.console, context.global)
    let report = CycleView(cycle).report(LoopCommand.reportName)
    if global.json {
      console.write(report.envelope(at: context.time.now).text() + "\n")
    } else if global.format == .json || global.format == .jsonl {
      console.write(report.data.text() + "\n")
    } else if global.format == .yaml {
      console.write("---\n" + YAMLText.of(report.data))
    } else {
      console.write(CycleView(cycle).lines(number, context.paint))
      for warning in report.warnings { console.note("dsl: warning: " + Shown.safe(warning)) }
    }
    let metrics = cycle.observation.metrics
    let score = metrics.healthScore.map { " (\(Shown.number($0, decimals: 3)))" } ?? ""
    let status =
      "turn \(number): \(metrics.healthState.rawValue)\(score), \(cycle.executed.count) carried out; \(lead)"
    if isReady { notifier.send(.status(status)) } else { ready(status) }
  }

  private func show(_ failure: Failure) {
    if context.global.json {
      let envelope = Report.failure(at: context.time.now, command: LoopCommand.reportName, failure)
      context.console.write(envelope.text() + "\n")
    } else {
      for line in failure.lines { context.console.note("dsl: error: turn \(number): " + Shown.safe(line)) }
    }
    notifier.send(.status("turn \(number) failed: " + (failure.lines.first ?? "")))
  }
}
