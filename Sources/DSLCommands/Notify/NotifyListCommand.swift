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
    let data: JSONValue = [
      "incidents": .array(status.incidents.map(Self.json)), "count": .int(status.incidents.count),
      "receivers": .array(receivers.map { Self.json($0, status.line(of: $0.name)) }),
      "waiting": .int(status.waiting), "dropped": .int(status.dropped),
    ]
    var report = Report(Self.reportName, data) { text(status, receivers, $0) }
    report.warnings = loaded.warnings
    return report
  }

  private static func json(_ incident: Incident) -> JSONValue {
    [
      "id": .string(incident.id), "rule": .string(incident.rule), "target": .string(incident.target),
      "severity": .string(incident.severity.rawValue), "summary": .string(incident.summary),
      "opened_at": incident.openedAt.json, "last_at": incident.lastAt?.json ?? .null,
      "count": .int(incident.count),
    ]
  }

  private static func json(
    _ receiver: NotifySettings.Receiver, _ line: NotificationStatus.Line
  ) -> JSONValue {
    [
      "name": .string(receiver.name), "kind": .string(receiver.kind),
      "min_severity": .string(receiver.minSeverity.rawValue), "waiting": .int(line.waiting),
      "oldest_at": line.oldestAt?.json ?? .null, "attempts": .int(line.attempts),
      "next_at": line.nextAt?.json ?? .null,
    ]
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
