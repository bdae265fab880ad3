import ArgumentParser
import Autonomy
import Coordination
import DSLBase
import DecisionEngine

/// `dsl notify list`: what is wrong, and what is still to be told.
struct NotifyListCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List open incidents, and the messages that wait for each receiver.",
    discussion: """
      Changes nothing. Incidents are kept while a receiver is configured under notify (docs/notifications.md).

      Examples:
        dsl notify list
        dsl notify list --format json | jq -r '.incidents[] | select(.severity == "critical") | .summary'
      """)
  static let reportName = "notify-list"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let status = try NotificationStatus(context.journal())
    let receivers = loaded.settings.notify.receivers
    let data = status.json(receivers)
    var report = Report(Self.reportName, data) { text(status, receivers, $0) }
    report.warnings = loaded.warnings
    return report
  }

  private func text(
    _ status: NotificationStatus, _ receivers: [NotifySettings.Receiver], _ paint: Paint
  ) -> String {
    var text = status.incidents.isEmpty ? "no open incidents\n" : ""
    for incident in status.incidents {
      let times = incident.count > 1 ? " (\(incident.count) times)" : ""
      text += String(incident.openedAt.description.prefix(19)) + "Z "
      text += paint(incident.severity.rawValue, incident.severity >= .error ? .bad : .warning)
      text += " \(incident.rule) \(Shown.safe(incident.target)): \(Shown.safe(incident.summary))\(times)\n"
    }
    guard !receivers.isEmpty else { return text + "nobody is told: notify names no receiver\n" }
    var table = TextTable(header: ["receiver", "kind", "from", "waiting", "attempts"])
    table.rightAligned = [3, 4]
    for receiver in receivers {
      let line = status.line(of: receiver.name)
      table.rows.append([
        Shown.safe(receiver.name), receiver.kind, receiver.minSeverity.rawValue, String(line.waiting),
        String(line.attempts),
      ])
    }
    text += table.text(paint)
    return status.dropped == 0 ? text : text + "\(status.dropped) messages were given up so far\n"
  }
}
