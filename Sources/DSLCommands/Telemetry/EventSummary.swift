import Autonomy
import DSLBase
import DecisionEngine

/// The security events of telemetry, counted.
struct EventSummary {
  /// Events and addresses that are listed.
  private static let limit = 100

  /// Oldest first.
  let all: [SecurityEvent]
  /// Those that reach the threshold.
  let threats: [SecurityEvent]

  init(_ events: [SecurityEvent], threshold: Double) {
    all = events
    threats = events.filter { $0.level.score >= threshold }
  }

  /// How many threats are of a level.
  func threats(_ level: ThreatLevel) -> Int { threats.count { $0.level.rawValue == level.rawValue } }

  /// How many events are of each type.
  var types: JSONValue {
    var object = JSONObject()
    for type in SecurityEventType.allCases { object[type.rawValue] = .int(all.count { $0.type == type }) }
    return .object(object)
  }

  /// The latest, newest first.
  var listed: JSONValue { latest(Self.limit) }

  func latest(_ count: Int) -> JSONValue { .array(all.reversed().prefix(count).map(\.json)) }

  /// Addresses that threats came from, those with most of them first.
  var suspiciousIPs: JSONValue {
    var order: [String] = []
    var counts: [String: (events: Int, worst: SecurityEventLevel)] = [:]
    for event in threats {
      guard let source = event.source else { continue }
      if counts[source] == nil { order.append(source) }
      let known = counts[source] ?? (0, .info)
      counts[source] = (known.events + 1, known.worst.score < event.level.score ? event.level : known.worst)
    }
    let ranked = order.enumerated().sorted { a, b in
      let (x, y) = (counts[a.element]?.events ?? 0, counts[b.element]?.events ?? 0)
      return x != y ? x > y : a.offset < b.offset
    }
    return .array(
      ranked.prefix(Self.limit).map { entry in
        [
          "ip": .string(entry.element), "events": .int(counts[entry.element]?.events ?? 0),
          "level": .string(counts[entry.element]?.worst.rawValue ?? "info"),
        ]
      })
  }

  /// What to do, a sentence each.
  var recommendations: [String] {
    let advice: [(SecurityEventType, String)] = [
      (
        .injection,
        "block the sources of injected code, and look whether the services that got it escape what they are sent"
      ),
      (.dataExfiltration, "find out what was sent to whom, and revoke the access that it was read with"),
      (.authFailure, "limit attempts to authenticate by source, and look whether one of them succeeded"),
      (.suspiciousAccess, "block the sources that probe, and look what they were answered"),
    ]
    return advice.filter { entry in threats.contains { $0.type == entry.0 } }.map(\.1)
  }

  /// The latest threats, for people.
  func text(_ paint: Paint) -> String {
    guard !threats.isEmpty else { return "" }
    var table = TextTable(header: ["at", "level", "type", "service", "from", "what"])
    for event in threats.suffix(20).reversed() {
      table.rows.append([
        String(event.at.description.prefix(19)) + "Z",
        paint(event.level.rawValue, event.level.score >= 0.7 ? .bad : .warning), event.type.rawValue,
        Shown.safe(event.service), Shown.safe(event.source ?? "-"),
        Shown.clipped(Shown.safe(event.evidence), 60) + (event.isSimulated ? " (simulated)" : ""),
      ])
    }
    return table.text(paint)
  }
}
