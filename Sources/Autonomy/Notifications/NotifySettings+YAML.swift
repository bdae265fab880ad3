import DSLBase
import DecisionEngine

extension NotifySettings {
  /// The settings of notifications, for `SettingCatalog`.
  static let catalog: [Setting] = [
    Setting(
      "notify",
      .section(
        .init("list of receivers", show: { .array($0.notify.receivers.map(\.json)) }) {
          node, reader, settings in
          guard let found = receivers(node, reader) else { return false }
          settings.notify.receivers = found
          return true
        }), "Who is told of incidents: webhooks, commands, files (docs/notifications.md)."),
    Setting(
      "incidents.cycles", .integer(\.notify.cycles, 1...1000),
      "Cycles in a row that the fleet has to be unwell, or well again, before that is told."),
    Setting(
      "incidents.remind_after", .duration(\.notify.remindAfterSeconds, 0...31_536_000),
      "Time after which an incident that goes on is told again; 0 for never."),
    Setting(
      "incidents.quiet_after", .duration(\.notify.quietAfterSeconds, 0...31_536_000),
      "Time without another occurrence after which an incident is over."),
    Setting(
      "incidents.flush", .duration(\.notify.flushSeconds, 0...60),
      "Time that the end of a command may wait for messages to leave."),
    Setting(
      "incidents.queue", .integer(\.notify.queue, 1...10_000),
      "Messages that wait at most; beyond that the oldest are dropped, and that is reported."),
  ]

  private static let limit = 16
  private static let common = ["name", "kind", "min_severity"]
  private static let kinds: [(word: String, keys: [String])] = [
    ("webhook", ["url", "url_env", "url_file", "token_env", "token_file", "format", "timeout"]),
    ("command", ["command", "timeout", "memory", "output", "environment"]), ("file", ["path"]),
  ]

  private static func receivers(_ node: YAMLNode, _ reader: YAMLReader) -> [Receiver]? {
    guard let elements = reader.list(node) else { return nil }
    if elements.count > limit {
      reader.report("more than \(limit) receivers", at: node)
      return nil
    }
    var found: [Receiver] = []
    for element in elements {
      guard let receiver = receiver(element, reader) else { continue }
      if found.contains(where: { $0.name == receiver.name }) {
        reader.report("\"\(receiver.name)\" came before", at: element)
        continue
      }
      found.append(receiver)
    }
    return found.count == elements.count ? found : nil
  }

  private static func receiver(_ node: YAMLNode, _ reader: YAMLReader) -> Receiver? {
    let before = reader.problems.count
    guard let any = reader.mapping(node, keys: nil) else { return nil }
    guard let kind = reader.required("kind", in: any).flatMap({ reader.choice($0, of: kinds.map(\.word)) })
    else {
      return nil
    }
    let keys = common + (kinds.first { $0.word == kind }?.keys ?? [])
    guard let map = reader.mapping(node, keys: keys) else { return nil }
    guard let name = reader.required("name", in: map).flatMap({ reader.word($0) }) else { return nil }
    let way: Way?
    switch kind {
    case "webhook": way = webhook(map, reader).map(Way.webhook)
    case "command": way = ProgramSettings.Program.read(map, reader).map(Way.command)
    default: way = reader.required("path", in: map).flatMap { reader.string($0) }.map(Way.file)
    }
    guard let way else { return nil }
    var receiver = Receiver(name: name, way: way)
    if let node = map["min_severity"],
      let word = reader.choice(node, of: IncidentSeverity.allCases.map(\.rawValue)),
      let severity = IncidentSeverity(rawValue: word)
    {
      receiver.minSeverity = severity
    }
    return reader.problems.count == before ? receiver : nil
  }

  private static func webhook(_ map: YAMLMapping, _ reader: YAMLReader) -> Webhook? {
    let urls = ["url", "url_env", "url_file"].filter { map[$0] != nil }
    guard urls.count == 1, let key = urls.first, let node = map[key], let text = reader.string(node) else {
      if urls.count != 1 { reader.report("give one of url, url_env and url_file", at: map.node) }
      return nil
    }
    if key == "url", !text.hasPrefix("https://"), !text.hasPrefix("http://") {
      reader.report("expected a URL with http:// or https://", at: node)
      return nil
    }
    var webhook = Webhook(
      url: key == "url" ? .plain(text) : key == "url_env" ? .environment(text) : .file(text))
    if map["token_env"] != nil, let second = map["token_file"] {
      reader.report("give one of token_env and token_file", at: second)
    }
    webhook.token =
      map["token_env"].flatMap { reader.string($0) }.map(Secret.environment)
      ?? map["token_file"].flatMap { reader.string($0) }.map(Secret.file)
    if let node = map["format"], let word = reader.choice(node, of: Webhook.Format.allCases.map(\.rawValue)) {
      webhook.format = Webhook.Format(rawValue: word) ?? .cloudevents
    }
    if let node = map["timeout"], let value = reader.duration(node, in: 0.1...60) {
      webhook.timeoutSeconds = value
    }
    return webhook
  }
}

extension NotifySettings.Receiver {
  /// All fields but secrets.
  var json: JSONValue {
    var object: JSONObject = ["name": .string(name), "kind": .string(kind)]
    switch way {
    case .webhook(let webhook):
      object[webhook.url.key("url")] = .string(webhook.url.shown)
      if let token = webhook.token { object[token.key("token")] = .string(token.shown) }
      object["format"] = .string(webhook.format.rawValue)
      object["timeout"] = .double(webhook.timeoutSeconds)
    case .command(let program):
      for member in program.json.object ?? [:] where member.key != "name" {
        object[member.key] = member.value
      }
    case .file(let path): object["path"] = .string(path)
    }
    object["min_severity"] = .string(minSeverity.rawValue)
    return .object(object)
  }

  /// The word of its kind.
  package var kind: String {
    switch way {
    case .webhook: "webhook"
    case .command: "command"
    case .file: "file"
    }
  }
}

extension NotifySettings.Secret {
  /// The key in a file: `url`, `url_env`, `url_file`.
  func key(_ name: String) -> String {
    switch self {
    case .plain: name
    case .environment: name + "_env"
    case .file: name + "_file"
    }
  }

  /// Without what is secret.
  var shown: String {
    switch self {
    case .plain(let url): HTTPPost.masked(url)
    case .environment(let name): name
    case .file(let path): path
    }
  }
}
