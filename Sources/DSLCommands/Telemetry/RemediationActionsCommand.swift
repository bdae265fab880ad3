import ArgumentParser
import Autonomy
import DSLBase
import DecisionEngine

/// `dsl telemetry remediation-actions`: the catalogue.
struct RemediationActionsCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "remediation-actions",
    abstract: "List what can be done about issues: parameters, impact, undo, and who carries it out here.",
    discussion: "With the table of issues and actions in force. Changes nothing.")
  static let reportName = "remediation-actions"

  @Option(help: "The service that is asked about.")
  var service = "fleet"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    return try await context.withEngine(loaded.settings, .look) { engine in
      let observation = try await engine.backend.observe()
      let settings = loaded.settings.remediation
      let actions = RemediationCatalog.all.map { info -> JSONValue in
        var object = info.json.object ?? [:]
        let handler = engine.standing(info.action, service, observation)
        object["handler"] = .optional(handler.name)
        if case .missing(let reason, let fix) = handler {
          object["missing"] = .string(reason)
          object["fix"] = .string(fix)
        }
        return .object(object)
      }
      let data: JSONValue = [
        "service": .string(service), "actions": .array(actions),
        "plans": .array(settings.table.rows.map(\.json)),
        "confidence_threshold": .double(settings.confidenceThreshold),
        "max_concurrent": .int(settings.maxConcurrent),
      ]
      var report = Report(Self.reportName, data) { Self.text(data, $0) }
      report.warnings = loaded.warnings + engine.warnings
      return report
    }
  }

  private static func text(_ data: JSONValue, _ paint: Paint) -> String {
    var actions = TextTable(header: ["action", "parameters", "carried out by", "undo"])
    for action in data["actions"]?.array ?? [] {
      let parameters = (action["parameters"]?.array ?? []).map { parameter in
        let standard = parameter["default"].map { $0 == .null ? "" : "=\($0.text())" } ?? ""
        return (parameter["name"]?.string ?? "") + standard
      }
      actions.rows.append([
        action["action"]?.string ?? "", Shown.safe(parameters.joined(separator: " ")),
        action["handler"]?.string.map { Shown.safe($0) } ?? paint("nobody", .warning),
        Shown.clipped(action["undo"]?.string ?? "", 60),
      ])
    }
    var plans = TextTable(header: ["issue", "service", "action", "confidence"])
    plans.rightAligned = [3]
    for row in data["plans"]?.array ?? [] {
      plans.rows.append([
        row["issue"]?.string ?? "", Shown.safe(row["service"]?.string ?? "any"),
        row["action"]?.string ?? "none", Shown.number(row["confidence"]?.double),
      ])
    }
    return actions.text(paint) + "\n" + plans.text(paint)
  }
}
