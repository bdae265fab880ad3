package import DSLBase
import DecisionEngine

extension NotificationStatus {
  /// The payload of `dsl notify list`.
  ///
  /// - Parameter receivers: those that are configured.
  package func json(_ receivers: [NotifySettings.Receiver]) -> JSONValue {
    [
      "incidents": .array(incidents.map(Self.json)), "count": .int(incidents.count),
      "receivers": .array(receivers.map { Self.json($0, line(of: $0.name)) }),
      "waiting": .int(waiting), "dropped": .int(dropped),
    ]
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
}
