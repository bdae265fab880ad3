import DSLBase
import DecisionEngine

/// Settings while they are put together, with what was found wrong on the way.
struct SettingsDraft {
  private(set) var loaded = LoadedSettings(settings: Settings())
  private(set) var problems: [String] = []
  private let localOffset: Int

  init(localOffset: Int) {
    self.localOffset = localOffset
    loaded.settings.records.assumedOffsetSeconds = localOffset
  }

  /// Takes the values of a file.
  mutating func apply(file path: String, _ text: String?) throws {
    guard let text else { return }
    let reader = YAMLReader(file: path)
    do {
      guard let root = try YAMLNode.document(in: text, file: path) else { return }
      apply(root, reader, file: path)
    } catch let error as DSLError where error.code == .invalidInput {
      problems.append(error.message)
    }
    problems += reader.sortedProblems.map(\.description)
  }

  private mutating func apply(_ root: YAMLNode, _ reader: YAMLReader, file: String) {
    apply(root, SettingCatalog.all.filter { !$0.flagOnly }, depth: 0, reader, file)
  }

  /// Takes the values of a section: of settings whose paths agree up to `depth`.
  private mutating func apply(
    _ node: YAMLNode, _ settings: [Setting], depth: Int, _ reader: YAMLReader, _ file: String
  ) {
    var names: [String] = []
    for setting in settings where !names.contains(setting.path[depth]) { names.append(setting.path[depth]) }
    guard let section = reader.mapping(node, keys: names) else { return }
    for member in section.members where !member.value.isNull {
      let meant = settings.filter { $0.path[depth] == member.key }
      if let setting = meant.first, setting.path.count == depth + 1 {
        keep(setting, member.value, reader, .file(file, line: member.line))
      } else if !meant.isEmpty {
        apply(member.value, meant, depth: depth + 1, reader, file)
      }
    }
  }

  /// Takes the values of environment variables.
  mutating func apply(environment: [String: String]) {
    for setting in SettingCatalog.all {
      guard let name = setting.environment.first(where: { environment[$0]?.isEmpty == false }) else {
        continue
      }
      apply(setting, environment[name] ?? "", .environment(name))
    }
    let known = SettingCatalog.all.flatMap(\.environment)
    for name in environment.keys.sorted() where name.hasPrefix("DSLMODEL_AUTO_") && !known.contains(name) {
      loaded.warnings.append(
        "environment variable \(name) is not known" + NearestSpelling.hint(for: name, among: known))
    }
  }

  /// Takes the values of flags.
  mutating func apply(flags: [SettingFlag]) {
    for flag in flags {
      guard let setting = SettingCatalog.all.first(where: { $0.key == flag.key }) else {
        let hint = NearestSpelling.hint(for: flag.key, among: SettingCatalog.all.map(\.key))
        problems.append("\(flag.flag): unknown setting \"\(flag.key)\"" + hint)
        continue
      }
      apply(setting, flag.text, .flag(flag.flag))
    }
  }

  private mutating func apply(_ setting: Setting, _ text: String, _ source: SettingSource) {
    var text = text
    if case .bool = setting.slot, let meant = Self.booleans[text.lowercased()] { text = meant }
    let reader = YAMLReader(file: source.description)
    var node = YAMLNode(plain: text, path: setting.key)
    // A list or mapping is written as in a file: [{name: a, command: [b]}].
    if case .section = setting.slot, let written = try? YAMLNode.document(in: text, file: source.description)
    {
      node = written
    }
    keep(setting, node, reader, source)
    problems += reader.problems.map { "\(source): \($0.reason)" }
  }

  /// What environment variables say for true and false.
  private static let booleans = [
    "1": "true", "yes": "true", "on": "true", "true": "true",
    "0": "false", "no": "false", "off": "false", "false": "false",
  ]

  private mutating func keep(
    _ setting: Setting, _ node: YAMLNode, _ reader: YAMLReader, _ source: SettingSource
  ) {
    if setting.read(node, reader, localOffset: localOffset, into: &loaded.settings) {
      loaded.sources[setting.key] = source
    }
  }

  /// Notes values that contradict each other, at the one that was set last in the order of precedence.
  mutating func checkPairs() {
    let settings = loaded.settings
    check(settings.limits.minAgents <= settings.limits.maxAgents, "limits.min_agents", "limits.max_agents")
    check(
      settings.agents.minConcurrency <= settings.agents.maxConcurrency, "agents.min_concurrency",
      "agents.max_concurrency")
    check(
      settings.work.retryBaseSeconds <= settings.work.retryMaxSeconds, "work.retry_base", "work.retry_max")
    let leader = settings.leader
    check(
      leader.retrySeconds < leader.renewDeadlineSeconds, "leader.retry", "leader.renew_deadline",
      "not below")
    check(
      leader.renewDeadlineSeconds < leader.durationSeconds, "leader.renew_deadline", "leader.lease",
      "not below")
  }

  private mutating func check(_ holds: Bool, _ low: String, _ high: String, _ how: String = "above") {
    guard !holds else { return }
    problems.append(
      "\(low) (\(loaded.source(of: low))) is \(how) \(high) (\(loaded.source(of: high)))")
  }
}
