import Autonomy
import Coordination
import DSLBase

/// How a status is shown, as data and as a panel.
struct StatusView {
  private let status: EngineStatus
  private let directory: String

  init(_ status: EngineStatus, directory: String) {
    self.status = status
    self.directory = directory
  }

  private var observation: Observation { status.observation }
  private var metrics: SystemMetrics { status.observation.metrics }

  func report(verbose: Bool) -> Report {
    var report = Report("auto-status", status.json(directory: directory)) { panel($0, verbose: verbose) }
    if let blind = observation.blind { report.errors = ["the state is unknown: \(blind)"] }
    return report
  }

  private func panel(_ paint: Paint, verbose: Bool) -> String {
    var text = paint("Health: ", .strong) + paint(metrics.healthState)
    text += metrics.healthScore.map { " (\(Shown.number($0, decimals: 5)))" } ?? ""
    text += paint("  \(directory)", .quiet) + "\n"
    if let blind = observation.blind { text += "  " + paint(blind, .warning) + "\n" }
    text += leader(paint)
    text += status.control.text(paint)
    var table = TextTable(rows: rows(paint))
    table.rightAligned = [2]
    text += table.text(paint)
    let problems = status.snapshot.problemCount
    if problems > 0 { text += paint("  \(problems.counted("file")) cannot be read\n", .warning) }
    if verbose {
      text += evidence(paint)
      for problem in status.snapshot.problems { text += "  " + Shown.safe(problem.description) + "\n" }
      if let head = status.journalHead { text += "  journal head \(head)\n" }
    }
    return text + DecisionView.recent(status.recentDecisions, paint)
  }

  /// Who leads, or led last; nothing where nobody ever did.
  private func leader(_ paint: Paint) -> String {
    let leader = status.leader
    guard let record = leader.record else {
      return leader.isLocked == true ? "Leader: another engine, of which the journal does not know\n" : ""
    }
    let who = Shown.safe(record.holder.name) + ", epoch \(record.epoch)"
    let since = Shown.age(max(0, observation.at.seconds(since: record.acquired)))
    let silent = Shown.age(max(0, observation.at.seconds(since: record.renewed)))
    switch leader.standing {
    case .held(let left):
      let rest = left.map { ", lease for another " + Shown.age($0) } ?? ""
      return "Leader: \(who), for \(since)\(rest)\n"
    case .lapsed:
      let stuck = leader.isLocked == true ? ", though it still has the lock" : ""
      return paint("Leader: none; the lease of \(who) lapsed, silent for \(silent)\(stuck)\n", .warning)
    case .open:
      let end = record.released == nil ? "died" : "gave it up"
      return paint("Leader: none; \(who) \(end)\n", .quiet)
    }
  }

  /// The marks follow the original: agents from 2, queue below 10, completion above 0.7.
  private func rows(_ paint: Paint) -> [[String]] {
    func row(_ name: String, _ metric: MetricName, _ isGood: (Double) -> Bool?, percent: Bool = false)
      -> [String]
    {
      let value = metrics[metric]
      let shown = percent ? Shown.percent(value) : value.map { Shown.number($0, decimals: 0) } ?? "-"
      return ["  " + paint.mark(value.flatMap(isGood)), name, shown]
    }
    return [
      row("active agents", .activeAgents, { $0 >= 2 }), row("work queue", .workQueueSize, { $0 < 10 }),
      row("completion rate", .completionRate, { $0 > 0.7 }, percent: true),
      row("telemetry", .telemetryVolume, { $0 > 0 }),
    ]
  }

  private func evidence(_ paint: Paint) -> String {
    var table = TextTable(header: ["  source", "evidence", "records", "unreadable", "newest", "oldest"])
    table.rightAligned = [2, 3, 4, 5]
    for source in observation.evidence {
      table.rows.append([
        "  " + source.source, source.status.rawValue, String(source.records), String(source.unreadable),
        Shown.age(source.newestAgeSeconds), Shown.age(source.oldestAgeSeconds),
      ])
    }
    let notes = observation.evidence.flatMap { source in source.notes.map { "  \(source.source): \($0)\n" } }
    return table.text(paint) + notes.joined()
  }
}
