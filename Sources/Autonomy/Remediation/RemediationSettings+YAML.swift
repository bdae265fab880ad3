package import DSLBase
import DecisionEngine

extension RemediationSettings {
  /// The settings of remediation, processing and security, for `SettingCatalog`.
  static let catalog: [Setting] = [
    Setting(
      "remediation.enabled",
      .section(
        .init("true or false", show: { $0.remediation.enabled.map(JSONValue.bool) ?? .null }) {
          node, reader, settings in
          guard let value = anyBool(node, reader) else { return false }
          settings.remediation.enabled = value
          return true
        }),
      "Overrules the switch: true makes plans although it is off, false never makes any (docs/remediation.md).",
      environment: ["DSLMODEL_REMEDIATION_ENABLED"]),
    Setting(
      "remediation.max_concurrent", .integer(\.remediation.maxConcurrent, 1...100),
      "Remediations at a time; further issues wait.", environment: ["DSLMODEL_REMEDIATION_MAX_CONCURRENT"]),
    Setting(
      "remediation.confidence_threshold", .share(\.remediation.confidenceThreshold),
      "The least confidence of a plan that is made without a person.",
      environment: ["DSLMODEL_REMEDIATION_CONFIDENCE_THRESHOLD"]),
    Setting(
      "remediation.settle", .duration(\.remediation.settleSeconds, 1...86_400),
      "Time that the effect of a remediation is waited for, and that an issue has to be quiet to be over."),
    Setting(
      "remediation.max_attempts", .integer(\.remediation.maxAttempts, 1...100),
      "Times that an issue is tried to be remedied before it is left to people."),
    Setting(
      "remediation.plans",
      .section(
        .init(
          "list of issue, service, action, confidence, parameters",
          show: { settings in
            .array(settings.remediation.plans.map(\.json))
          }
        ) { node, reader, settings in
          guard let rows = all(node, reader, row) else { return false }
          settings.remediation.plans = rows
          return true
        }), "What is done about which issue; these lines come before the default ones."),
    Setting(
      "remediation.commands",
      .section(
        .init("list of programs with an action", show: { .array($0.remediation.commands.map(\.json)) }) {
          node, reader, settings in
          guard let found = all(node, reader, command) else { return false }
          settings.remediation.commands = found
          return true
        }), "Commands that carry actions out for services."),
    Setting(
      "processing.window", .duration(\.processing.windowSeconds, 1...86_400),
      "Length of the stretches of telemetry that detectors compare.",
      environment: ["DSLMODEL_TELEMETRY_WINDOW_SECONDS"]),
    Setting(
      "processing.interval", .duration(\.processing.intervalSeconds, 0...86_400),
      "Least time between two looks at new telemetry.", environment: ["DSLMODEL_HEALTH_CHECK_INTERVAL"]),
    Setting(
      "processing.delay", .duration(\.processing.delaySeconds, 0...3600),
      "Time that is left for telemetry to arrive before its window is looked at."),
    Setting(
      "security.monitoring", .bool(\.security.monitoring), "Whether telemetry is searched for attacks.",
      environment: ["DSLMODEL_SECURITY_MONITORING"]),
    Setting(
      "security.threat_threshold", .share(\.security.threatThreshold),
      "From which score on an event is a threat: low 0.3, medium 0.5, high 0.7, critical 0.9.",
      environment: ["DSLMODEL_SECURITY_THREAT_THRESHOLD"]),
    Setting(
      "security.event_retention_hours", .number(\.security.retentionHours, 0.01...8760),
      "Hours that security events are kept.", environment: ["DSLMODEL_SECURITY_EVENT_RETENTION_HOURS"]),
    Setting(
      "security.rules",
      .section(
        .init("list of rules", show: { $0.security.rules.json }) { node, reader, settings in
          guard let rules = EventRules(node, reader) else { return false }
          settings.security.rules = rules
          return true
        }),
      "Rules beside or in place of the standard ones; dsl telemetry security-report --print-rules prints all."
    ),
  ]

  /// Entries that one list may have.
  private static let limit = 64
  /// Actions that are the fleet's own: a command in their place would carry out the policy's decisions too.
  private static let own: [RemediationAction] = [.scaleUp, .scaleDown, .healthCheck]

  private static func anyBool(_ node: YAMLNode, _ reader: YAMLReader) -> Bool? {
    if case .scalar(let scalar) = node.content {
      switch scalar.text.lowercased() {
      case "1", "yes", "on", "true": return true
      case "0", "no", "off", "false": return false
      default: break
      }
    }
    return reader.bool(node)
  }

  private static func all<Entry>(
    _ node: YAMLNode, _ reader: YAMLReader, _ read: (YAMLNode, YAMLReader) -> Entry?
  ) -> [Entry]? {
    guard let elements = reader.list(node) else { return nil }
    if elements.count > limit {
      reader.report("more than \(limit) entries", at: node)
      return nil
    }
    let entries = elements.compactMap { read($0, reader) }
    return entries.count == elements.count ? entries : nil
  }

  private static func row(_ node: YAMLNode, _ reader: YAMLReader) -> RemediationTable.Row? {
    let keys = ["issue", "service", "action", "confidence", "parameters"]
    guard let map = reader.mapping(node, keys: keys),
      let issue = reader.required("issue", in: map).flatMap({
        reader.choice($0, of: RemediationTable.issues)
      }),
      let word = reader.required("action", in: map).flatMap({
        reader.choice($0, of: RemediationAction.allCases.map(\.rawValue) + ["none"])
      })
    else { return nil }
    var row = RemediationTable.Row(
      issue, RemediationAction(rawValue: word),
      confidence: RemediationTable.standard.rows.first { $0.issue == issue }?.confidence ?? 0)
    if let given = map["service"] {
      guard let service = reader.string(given) else { return nil }
      row.service = service
    }
    if let given = map["confidence"] {
      guard let confidence = reader.fraction(given) else { return nil }
      row.confidence = confidence
    }
    guard let action = row.action else { return row }
    let parameters = map["parameters"]
    if let parameters, reader.mapping(parameters, keys: nil) == nil { return nil }
    row.parameters = parameters?.json.object ?? [:]
    do throws(DSLError) { _ = try RemediationCatalog.info(action).complete(row.parameters) } catch {
      reader.report(error.message, at: parameters ?? node)
      return nil
    }
    return row
  }

  private static func command(_ node: YAMLNode, _ reader: YAMLReader) -> Command? {
    let actions = RemediationAction.allCases.map(\.rawValue)
    guard let map = reader.mapping(node, keys: ProgramSettings.Program.keys + ["action", "service", "undo"]),
      let given = reader.required("action", in: map),
      let action = reader.choice(given, of: actions).flatMap(RemediationAction.init(rawValue:))
    else { return nil }
    if own.contains(action) {
      reader.report("\(action.rawValue) is carried out by the fleet itself and takes no command", at: given)
      return nil
    }
    guard let program = ProgramSettings.Program.read(map, reader, named: action.rawValue) else { return nil }
    var command = Command(action: action, program: program)
    if let given = map["service"] {
      guard let service = reader.string(given) else { return nil }
      command.service = service
    }
    guard let given = map["undo"] else { return command }
    guard let words = reader.list(given)?.compactMap({ reader.string($0, allowEmpty: true) }),
      words.first?.isEmpty == false
    else {
      reader.report("an undo needs a program", at: given)
      return nil
    }
    command.undo = words
    return command
  }
}

extension RemediationSettings.Command {
  /// All fields, as a file has them.
  package var json: JSONValue {
    var object: JSONObject = ["action": .string(action.rawValue), "service": .optional(service)]
    for member in program.json.object ?? [:] { object[member.key] = member.value }
    object["undo"] = undo.map(JSONValue.strings) ?? .null
    return .object(object)
  }
}
