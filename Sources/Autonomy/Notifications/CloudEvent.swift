import DSLBase
import DecisionEngine
import Telemetry
import Tracing

/// Messages as CloudEvents 1.0 (https://github.com/cloudevents/spec, `cloudevents/spec.md` and `formats/json-format.md`).
enum CloudEvent {
  /// What a structured CloudEvent's body is sent as.
  static let contentType = "application/cloudevents+json; charset=utf-8"
  private static let typePrefix = "dsl.incident."

  /// A change of an incident as an event. Its id is the same however often it is sent.
  ///
  /// - Parameter source: the URI reference that names the engine's directory.
  static func of(_ change: IncidentChange, source: String) -> JSONValue {
    let incident = change.incident
    var object: JSONObject = [
      "specversion": "1.0", "id": .string("\(incident.id)-\(incident.sequence)"), "source": .string(source),
      "type": .string(typePrefix + change.kind.rawValue),
      "subject": .string("\(incident.rule)/\(incident.target)"),
      "time": change.at.json, "datacontenttype": "application/json",
    ]
    // The extension of `extensions/distributed-tracing.md`.
    object["traceparent"] = ServiceContext.current?.traceContext.map { .string($0.traceparent) }
    object["data"] = [
      "incident": .string(incident.id), "change": .string(change.kind.rawValue),
      "rule": .string(incident.rule),
      "target": .string(incident.target), "severity": .string(incident.severity.rawValue),
      "summary": .string(incident.summary), "opened_at": incident.openedAt.json,
      "count": .int(incident.count),
      "duration_s": .double(max(0, change.at.seconds(since: incident.openedAt))),
    ]
    return .object(object)
  }

  /// A message in the form of an incident's, of the type `dsl.incident.test`.
  ///
  /// - Parameters:
  ///   - id: the place of an incident's id; of no incident.
  ///   - who: who sends it.
  static func test(_ id: String, by who: String, at time: Timestamp, source: String) -> JSONValue {
    [
      "specversion": "1.0", "id": .string(id + "-1"), "source": .string(source),
      "type": .string(typePrefix + "test"), "subject": "test/notify", "time": time.json,
      "datacontenttype": "application/json",
      "data": [
        "incident": .string(id), "change": "test", "rule": "test", "target": "notify", "severity": "info",
        "summary": .string("\(who) tries whether messages arrive; nothing is wrong"), "opened_at": time.json,
        "count": 1, "duration_s": 0.0,
      ],
    ]
  }

  /// The URI reference that names an engine's directory: `dsl://host/srv/coordination`.
  static func source(host: String, path: String) -> String {
    func encoded(_ text: String) -> String {
      var result = ""
      for byte in text.utf8 {
        let isPlain =
          (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
          || "-._~/".utf8.contains(byte)
        if isPlain {
          result.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
          result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
      }
      return result
    }
    return "dsl://\(encoded(host))\(path.hasPrefix("/") ? "" : "/")\(encoded(path))"
  }

  /// The event in a line for people: `[critical] opened: health fleet: health is 0.21 …`.
  static func text(_ event: JSONValue) -> String {
    let data = event["data"]
    func word(_ name: String) -> String { data?[name]?.string ?? "" }
    let times = (data?["count"]?.int).flatMap { $0 > 1 ? " (\($0) times)" : nil } ?? ""
    return
      "[\(word("severity"))] \(word("change")): \(word("rule")) \(word("target")): \(word("summary"))\(times)"
  }

  /// The body that Slack and those who do alike take. `&`, `<` and `>` are escaped, as its formatting asks
  /// (https://api.slack.com/reference/surfaces/formatting#escaping), so that no summary can mention or link anything.
  static func slack(_ event: JSONValue) -> JSONValue {
    var text = ""
    for character in Self.text(event) {
      switch character {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      default: text.append(character)
      }
    }
    return ["text": .string(text)]
  }
}
