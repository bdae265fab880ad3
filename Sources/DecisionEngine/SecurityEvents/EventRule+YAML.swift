package import DSLBase

extension EventRule {
  /// Keys of a rule in a file.
  private static let keys = ["name", "off", "type", "tests", "sum", "levels", "within", "meaning"]
  private static let testKeys = [
    "attributes", "fields", "is", "contains", "contains_all", "segment", "tautology",
  ]
  /// Elements that a list of a rule may have.
  private static let limit = 256

  /// Reads a rule, noting what is wrong at its place.
  ///
  /// - Returns: the rule; without tests, levels and the rest for one that only turns another off.
  static func read(_ node: YAMLNode, _ reader: YAMLReader) -> EventRules.Entry? {
    guard let map = reader.mapping(node, keys: keys),
      let name = reader.required("name", in: map).flatMap({ Self.name($0, reader) })
    else { return nil }
    if let off = map["off"] {
      guard let isOff = reader.bool(off) else { return nil }
      if isOff { return only(["name", "off"], map, reader) ? .off(name) : nil }
    }
    let type = reader.required("type", in: map).flatMap {
      reader.choice($0, of: SecurityEventType.allCases.map(\.rawValue))
    }
    let steps = reader.required("levels", in: map).flatMap { Self.steps($0, reader) }
    let window = reader.required("within", in: map).flatMap { reader.duration($0, in: 1...86_400) }
    let meaning = reader.required("meaning", in: map).flatMap { reader.string($0) }
    guard let tests = map["tests"].map({ Self.tests($0, reader) }) ?? [],
      let sum = map["sum"].map({ texts($0, reader) }) ?? [], let type, let steps, let window, let meaning,
      let kind = SecurityEventType(rawValue: type)
    else { return nil }
    if tests.isEmpty, sum.isEmpty {
      reader.report("a rule needs tests, or a sum: every signal would count", at: node)
      return nil
    }
    return .rule(
      EventRule(
        name, kind, tests, sum.isEmpty ? .signals : .sum(sum), steps: steps, within: window, meaning))
  }

  private static func name(_ node: YAMLNode, _ reader: YAMLReader) -> String? {
    guard let name = reader.string(node) else { return nil }
    let isWord = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 0x5F }
    if isWord, name.utf8.count <= 64 { return name }
    reader.report("expected 1 to 64 of a-z, 0-9 and _, such as sql_injection", at: node)
    return nil
  }

  /// Whether nothing else stands there.
  private static func only(_ keys: [String], _ map: YAMLMapping, _ reader: YAMLReader) -> Bool {
    guard let other = map.members.first(where: { !keys.contains($0.key) }) else { return true }
    reader.report(
      "a rule that is off has no \(other.key)", line: other.line, column: other.column, path: map.node.path)
    return false
  }

  /// `{medium: 5, high: 20}`: counts that grow with the level.
  private static func steps(_ node: YAMLNode, _ reader: YAMLReader) -> [Step]? {
    guard let map = reader.mapping(node, keys: SecurityEventLevel.allCases.map(\.rawValue)) else {
      return nil
    }
    var steps: [Step] = []
    for level in SecurityEventLevel.allCases {
      guard let given = map[level.rawValue] else { continue }
      guard let least = reader.number(given, in: 1...1e15) else { return nil }
      if let last = steps.last, least <= last.least {
        reader.report("\(level.rawValue) has to need more than \(last.level.rawValue)", at: given)
        return nil
      }
      steps.append(Step(least, level))
    }
    if steps.isEmpty { reader.report("at least one level, such as {high: 1}, is needed", at: node) }
    return steps.isEmpty ? nil : steps
  }

  /// Texts in lower case, as they are compared.
  private static func texts(_ node: YAMLNode, _ reader: YAMLReader, lowered: Bool = false) -> [String]? {
    let elements = reader.oneOrMore(node)
    guard (1...limit).contains(elements.count) else {
      reader.report("expected 1 to \(limit) texts", at: node)
      return nil
    }
    let texts = elements.compactMap { reader.string($0).map { lowered ? $0.lowercased() : $0 } }
    return texts.count == elements.count ? texts : nil
  }

  private static func tests(_ node: YAMLNode, _ reader: YAMLReader) -> [Test]? {
    guard let elements = reader.list(node) else { return nil }
    guard elements.count <= limit else {
      reader.report("more than \(limit) tests", at: node)
      return nil
    }
    let tests = elements.compactMap { test($0, reader) }
    return tests.count == elements.count ? tests : nil
  }

  private static func test(_ node: YAMLNode, _ reader: YAMLReader) -> Test? {
    guard let map = reader.mapping(node, keys: testKeys) else { return nil }
    let asked = ["is", "contains", "contains_all", "segment", "tautology"].filter { map[$0] != nil }
    guard asked.count == 1, let what = asked.first, let value = map[what] else {
      reader.report("a test asks one thing: is, contains, contains_all, segment or tautology", at: node)
      return nil
    }
    let place = what == "is" ? "attributes" : "fields"
    guard let given = reader.required(place, in: map), let names = texts(given, reader) else { return nil }
    if map[place == "fields" ? "attributes" : "fields"] != nil {
      reader.report("\(what) is asked of \(place)", at: node)
      return nil
    }
    let fields = names.map(Field.init(text:))
    switch what {
    case "is": return texts(value, reader, lowered: true).map { .attribute(names, $0) }
    case "contains": return texts(value, reader, lowered: true).map { .contains(fields, $0) }
    case "segment": return texts(value, reader, lowered: true).map { .segment(fields, $0) }
    case "contains_all":
      guard let lists = reader.list(value) else { return nil }
      let read = lists.compactMap { texts($0, reader, lowered: true) }
      return read.count == lists.count && !read.isEmpty ? .containsAll(fields, read) : nil
    default:
      guard let holds = reader.bool(value) else { return nil }
      if holds { return .tautology(fields) }
      reader.report("expected true: leave the test out instead", at: value)
      return nil
    }
  }
}

extension EventRule.Field {
  /// `body`, the name of an attribute, or the beginning of names before a `*`.
  init(text: String) {
    if text == "body" {
      self = .body
    } else if text.hasSuffix("*") {
      self = .attributes(prefix: String(text.dropLast()))
    } else {
      self = .attribute(text)
    }
  }

  /// As it stands in a file.
  var text: String {
    switch self {
    case .body: "body"
    case .attribute(let name): name
    case .attributes(let prefix): prefix + "*"
    }
  }
}

extension EventRule {
  /// As it stands in a file: what is read from it is the same rule.
  package var json: JSONValue {
    var object: JSONObject = ["name": .string(name), "type": .string(type.rawValue)]
    if !tests.isEmpty { object["tests"] = .array(tests.map(Self.json)) }
    if case .sum(let names) = measure { object["sum"] = .strings(names) }
    var levels = JSONObject()
    for step in steps { levels[step.level.rawValue] = .number(of: step.least) }
    object["levels"] = .object(levels)
    object["within"] = .number(of: windowSeconds)
    object["meaning"] = .string(meaning)
    return .object(object)
  }

  private static func json(_ test: Test) -> JSONValue {
    func names(_ fields: [Field]) -> JSONValue { .strings(fields.map(\.text)) }
    return switch test {
    case .attribute(let names, let values): ["attributes": .strings(names), "is": .strings(values)]
    case .contains(let fields, let texts): ["fields": names(fields), "contains": .strings(texts)]
    case .containsAll(let fields, let lists):
      ["fields": names(fields), "contains_all": .array(lists.map(JSONValue.strings))]
    case .segment(let fields, let texts): ["fields": names(fields), "segment": .strings(texts)]
    case .tautology(let fields): ["fields": names(fields), "tautology": true]
    }
  }
}

extension JSONValue {
  /// A whole number without a point.
  fileprivate static func number(of value: Double) -> JSONValue {
    Int(exactly: value).map { .int($0) } ?? .double(value)
  }
}
