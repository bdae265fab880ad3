import DSLBase

extension ProgramSettings {
  /// The settings of programs, for `SettingCatalog`.
  static let catalog: [Setting] = [
    Setting(
      "programs.strategies",
      .section(
        .init("list of programs", show: { .array($0.programs.strategies.map(\.json)) }) {
          node, reader, settings in
          guard let found = strategies(node, reader) else { return false }
          settings.programs.strategies = found
          return true
        }), "Programs that propose decisions (docs/programs.md)."),
    Setting(
      "programs.score",
      .section(
        .init("a program and its weight", show: { $0.programs.score?.json ?? .null }) {
          node, reader, settings in
          guard let found = score(node, reader) else { return false }
          settings.programs.score = found
          return true
        }), "The program that scores the fleet, and its share of the score."),
    Setting(
      "programs.handlers",
      .section(
        .init("list of programs with types", show: { .array($0.programs.handlers.map(\.json)) }) {
          node, reader, settings in
          guard let found = handlers(node, reader) else { return false }
          settings.programs.handlers = found
          return true
        }), "Programs that carry out decisions of a type."),
    Setting(
      "programs.max_failures", .integer(\.programs.maxFailures, 1...1000),
      "Failures in a row after which a program is held back."),
    Setting(
      "programs.retry_after", .duration(\.programs.retryAfterSeconds, 0.001...86_400),
      "Time until a program that is held back is tried again; doubles with every failed trial."),
  ]

  /// Programs that one section may name.
  private static let limit = 32

  private static func strategies(_ node: YAMLNode, _ reader: YAMLReader) -> [Program]? {
    list(node, reader) { entry in
      reader.mapping(entry, keys: Program.keys).flatMap { Program.read($0, reader) }
    } name: {
      $0.name
    }
  }

  private static func handlers(_ node: YAMLNode, _ reader: YAMLReader) -> [Handler]? {
    list(node, reader) { entry in
      guard let map = reader.mapping(entry, keys: Program.keys + ["type"]) else { return nil }
      guard let type = reader.required("type", in: map).flatMap({ reader.word($0) }) else { return nil }
      return Program.read(map, reader, named: type).map {
        Handler(type: DecisionType(rawValue: type), program: $0)
      }
    } name: {
      $0.type.rawValue
    }
  }

  private static func score(_ node: YAMLNode, _ reader: YAMLReader) -> Score? {
    guard let map = reader.mapping(node, keys: Program.keys + ["weight"]),
      let program = Program.read(map, reader, named: "score")
    else { return nil }
    var score = Score(program: program)
    if let weight = map["weight"] {
      guard let value = reader.fraction(weight) else { return nil }
      if value == 0 {
        reader.report("must be above 0", at: weight)
        return nil
      }
      score.weight = value
    }
    return score
  }

  /// A list of entries whose names differ; `nil` after a problem was noted.
  private static func list<Entry>(
    _ node: YAMLNode, _ reader: YAMLReader, read: (YAMLNode) -> Entry?, name: (Entry) -> String
  ) -> [Entry]? {
    guard let elements = reader.list(node) else { return nil }
    if elements.count > limit {
      reader.report("more than \(limit) programs", at: node)
      return nil
    }
    var names: Set<String> = []
    var found: [Entry] = []
    for element in elements {
      guard let entry = read(element) else { continue }
      if !names.insert(name(entry)).inserted {
        reader.report("\"\(name(entry))\" came before", at: element)
        continue
      }
      found.append(entry)
    }
    return found.count == elements.count ? found : nil
  }
}

extension ProgramSettings.Program {
  /// The members of a program.
  static let keys = ["name", "command", "timeout", "memory", "output", "environment"]

  /// Reads a program; `nil` after a problem was noted.
  ///
  /// - Parameter name: what it is called unless it says so itself; without one, it has to.
  static func read(_ map: YAMLMapping, _ reader: YAMLReader, named name: String? = nil) -> Self? {
    let before = reader.problems.count
    let given = name == nil ? reader.required("name", in: map) : map["name"]
    let name = given.flatMap { reader.word($0) } ?? name
    let words = reader.required("command", in: map).flatMap { node -> [String]? in
      guard let parts = reader.list(node) else { return nil }
      if parts.isEmpty { reader.report("a command needs a program", at: node) }
      return parts.compactMap { reader.string($0, allowEmpty: true) }
    }
    guard let name, let words, words.first?.isEmpty == false else {
      if reader.problems.count == before { reader.report("a command needs a program", at: map.node) }
      return nil
    }
    var program = Self(name: name, command: words)
    if let node = map["timeout"], let value = reader.duration(node, in: 0.01...3600) {
      program.timeoutSeconds = value
    }
    if let node = map["memory"] {
      if case .scalar(let scalar) = node.content, scalar.text == "none" {
        program.memoryBytes = nil
      } else if let value = reader.bytes(node, in: 1 << 20...1 << 44) {
        program.memoryBytes = value
      }
    }
    if let node = map["output"], let value = reader.bytes(node, in: 64...16 << 20) {
      program.outputBytes = value
    }
    if let node = map["environment"], let names = reader.list(node) {
      program.environment = names.compactMap { reader.string($0) }
      for (node, name) in zip(names, program.environment) where name.contains("=") {
        reader.report("expected the name of a variable, found one with \"=\"", at: node)
      }
    }
    return reader.problems.count == before ? program : nil
  }

  /// All fields, as a file has them.
  var json: JSONValue {
    [
      "name": .string(name), "command": .strings(command), "timeout": .double(timeoutSeconds),
      "memory": memoryBytes.map { .int($0) } ?? "none", "output": .int(outputBytes),
      "environment": .strings(environment),
    ]
  }
}

extension ProgramSettings.Score {
  /// The program's fields and the weight.
  var json: JSONValue {
    var object = program.json.object ?? [:]
    object["weight"] = .double(weight)
    return .object(object)
  }
}

extension ProgramSettings.Handler {
  /// The type and the program's fields.
  var json: JSONValue {
    var object: JSONObject = ["type": .string(type.rawValue)]
    for member in program.json.object ?? [:] { object[member.key] = member.value }
    return .object(object)
  }
}

extension YAMLReader {
  /// A name in letters, digits, `_`, `-` and `.`, at most 64 of them; notes anything else.
  func word(_ node: YAMLNode) -> String? {
    guard let text = string(node) else { return nil }
    let fits = text.utf8.allSatisfy {
      (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 45
        || $0 == 46
    }
    if fits, text.utf8.count <= 64 { return text }
    report("expected at most 64 letters, digits, _, - and ., found \(node.kind)", at: node)
    return nil
  }
}
