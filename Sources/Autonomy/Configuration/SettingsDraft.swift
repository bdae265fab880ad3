import DSLBase

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
    let inFiles = SettingCatalog.all.filter { !$0.flagOnly }
    let sections = SettingCatalog.sections.map(\.name)
    let topKeys = inFiles.filter(\.section.isEmpty).map(\.key) + sections
    guard let top = reader.mapping(root, keys: topKeys) else { return }
    for member in top.members where !member.value.isNull {
      guard sections.contains(member.key) else {
        if let setting = inFiles.first(where: { $0.key == member.key }) {
          keep(setting, member.value, reader, .file(file, line: member.line))
        }
        continue
      }
      let known = inFiles.filter { $0.section == member.key }
      guard let section = reader.mapping(member.value, keys: known.map(\.name)) else { continue }
      for inner in section.members where !inner.value.isNull {
        guard let setting = known.first(where: { $0.name == inner.key }) else { continue }
        keep(setting, inner.value, reader, .file(file, line: inner.line))
      }
    }
  }

  /// Takes the values of environment variables.
  mutating func apply(environment: [String: String]) {
    for setting in SettingCatalog.all {
      guard let name = setting.environment.first(where: { environment[$0]?.isEmpty == false }) else { continue }
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
    keep(setting, YAMLNode(plain: text, path: setting.key), reader, source)
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
    check(settings.work.retryBaseSeconds <= settings.work.retryMaxSeconds, "work.retry_base", "work.retry_max")
  }

  private mutating func check(_ holds: Bool, _ low: String, _ high: String) {
    guard !holds else { return }
    problems.append(
      "\(low) (\(loaded.source(of: low))) is above \(high) (\(loaded.source(of: high)))")
  }
}
