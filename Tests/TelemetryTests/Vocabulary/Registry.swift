import Coordination
import DSLBase

/// The files of `docs/semconv`, and what they say of telemetry: the rules of weaver's `registry check --future` and of its
/// `registry live-check`, which cannot be had here.
struct Registry {
  struct Attribute {
    var id: String
    /// `string`, `int`, `double`, `boolean`, `string[]`, or `enum`.
    var type: String
    /// The values of an `enum`.
    var members: [String] = []
    var required = false
  }

  struct Group {
    var id: String
    var type: String
    var name: String
    var kind: String?
    var instrument: String?
    var unit: String?
    var brief: String
    var events: [String]
    var attributes: [Attribute]
  }

  private(set) var groups: [Group] = []
  /// What breaks the rules.
  private(set) var faults: [String] = []
  /// Every attribute by its id; each is declared once.
  private var declared: [String: Attribute] = [:]

  static let files = ["attributes.yaml", "metrics.yaml", "spans.yaml"]

  init() throws {
    let files = PosixFileSystem()
    try self.init(
      texts: Self.files.map { name in
        let path = Repository.path("docs/semconv/\(name)")
        return (path, String(decoding: try files.read(path, limit: 1 << 20), as: UTF8.self))
      })
  }

  init(texts: [(path: String, text: String)]) throws {
    let all = try texts.flatMap { path, text in
      try YAMLNode.document(in: text, file: path)?.json["groups"]?.array ?? []
    }
    for group in all { declare(group) }
    for group in all { read(group) }
    unique(groups.map(\.id), "group id")
    for type in ["span", "metric", "event"] {
      unique(groups.filter { $0.type == type }.map(\.name), "\(type) name")
    }
    let events = Set(groups.filter { $0.type == "event" }.map(\.name))
    for group in groups {
      for event in group.events where !events.contains(event) { faults.append("\(group.id): event \(event)") }
    }
  }

  private mutating func unique(_ names: [String], _ what: String) {
    for name in Set(names) where names.count(where: { $0 == name }) > 1 {
      faults.append("\(what) \(name) repeats")
    }
  }

  // MARK: Declarations

  /// Reads the attributes that a group declares by `id`.
  private mutating func declare(_ group: JSONValue) {
    let place = group["id"]?.string ?? "?"
    for json in group["attributes"]?.array ?? [] where json["ref"] == nil {
      let id = json["id"]?.string ?? ""
      for key in ["id", "stability", "brief"] where json[key]?.string?.isEmpty ?? true {
        faults.append("\(place).\(id): no \(key)")
      }
      if !["stable", "development", "alpha", "beta", "release_candidate"].contains(json["stability"]?.string)
      {
        faults.append("\(place).\(id): stability")
      }
      if declared[id] != nil { faults.append("attribute \(id) is declared twice") }
      declared[id] = attribute(id, json, place)
    }
  }

  private mutating func attribute(_ id: String, _ json: JSONValue, _ place: String) -> Attribute {
    if let members = json["type"]?["members"]?.array {
      let values = members.compactMap { $0["value"]?.string }
      for member in members {
        for key in ["id", "value", "brief", "stability"] where member[key]?.string?.isEmpty ?? true {
          faults.append("\(place).\(id): a member has no \(key)")
        }
      }
      if values.isEmpty || Set(values).count != values.count { faults.append("\(place).\(id): members") }
      return Attribute(id: id, type: "enum", members: values)
    }
    let type = json["type"]?.string ?? ""
    if !["string", "int", "double", "boolean", "string[]"].contains(type) {
      faults.append("\(place).\(id): type")
    }
    // Weaver asks for examples of what a string may be.
    if type.hasPrefix("string"), json["examples"]?.array?.isEmpty ?? true {
      faults.append("\(place).\(id): no examples")
    }
    return Attribute(id: id, type: type)
  }

  private mutating func read(_ json: JSONValue) {
    let group = Group(
      id: json["id"]?.string ?? "", type: json["type"]?.string ?? "",
      name: json["name"]?.string ?? json["metric_name"]?.string ?? "", kind: json["span_kind"]?.string,
      instrument: json["instrument"]?.string, unit: json["unit"]?.string, brief: json["brief"]?.string ?? "",
      events: (json["events"]?.array ?? []).compactMap(\.string),
      attributes: (json["attributes"]?.array ?? []).map { use($0, in: json["id"]?.string ?? "?") })
    for key in ["id", "stability", "brief"] where json[key]?.string?.isEmpty ?? true {
      faults.append("\(group.id): no \(key)")
    }
    if json["prefix"] != nil { faults.append("\(group.id): prefix is no longer used") }
    let kinds = ["internal", "client", "server", "producer", "consumer"]
    switch group.type {
    case "span":
      if !kinds.contains(group.kind ?? "") || group.name.isEmpty { faults.append("\(group.id): span") }
    case "event": if group.name.isEmpty { faults.append("\(group.id): no name") }
    case "metric":
      let known = ["gauge", "counter", "updowncounter", "histogram"].contains(group.instrument ?? "")
      if !known || group.unit == nil || group.id != "metric.\(group.name)" {
        faults.append("\(group.id): metric")
      }
    case "attribute_group": break
    default: faults.append("\(group.id): type")
    }
    unique(group.attributes.map(\.id), "\(group.id): attribute")
    groups.append(group)
  }

  /// An attribute that a group has: by reference, with a level there.
  private mutating func use(_ json: JSONValue, in group: String) -> Attribute {
    let id = json["ref"]?.string ?? json["id"]?.string ?? ""
    guard var attribute = declared[id] else {
      faults.append("\(group): \(id) is declared nowhere")
      return Attribute(id: id, type: "")
    }
    guard json["ref"] != nil else { return attribute }
    let level = json["requirement_level"]
    let known = ["required", "recommended", "opt_in"].contains(level?.string ?? "")
    if !known, level?["conditionally_required"]?.string?.isEmpty ?? true {
      faults.append("\(group).\(id): requirement_level")
    }
    attribute.required = level == "required"
    return attribute
  }
}

// MARK: - Live check

extension Registry {
  /// What a span, as JSON, has that is not declared, or lacks that is required.
  func violations(span: JSONValue) -> [String] {
    let name = span["name"]?.string ?? ""
    guard let group = groups.first(where: { $0.type == "span" && $0.name == name }) else {
      return ["\(name) is not declared"]
    }
    var found: [String] = []
    let kinds = ["", "internal", "server", "client", "producer", "consumer"]
    if kinds.firstIndex(of: group.kind ?? "") != span["kind"]?.int { found.append("\(name): wrong kind") }
    let shared = groups.filter { $0.id == "attributes.any_span" }.flatMap(\.attributes)
    found += violations(name, span["attributes"], group.attributes + shared)
    for event in span["events"]?.array ?? [] {
      let eventName = event["name"]?.string ?? ""
      guard eventName == "exception" || group.events.contains(eventName),
        let declared = groups.first(where: { $0.type == "event" && $0.name == eventName })
      else {
        found.append("\(name): event \(eventName) is not declared")
        continue
      }
      found += violations("\(name)/\(eventName)", event["attributes"], declared.attributes)
    }
    for link in span["links"]?.array ?? [] {
      found += violations("\(name)/link", link["attributes"], Array(declared.values))
    }
    return found
  }

  /// What a metric, as JSON, has that is not declared, or lacks that is required.
  func violations(metric: JSONValue) -> [String] {
    let name = metric["name"]?.string ?? ""
    guard let group = groups.first(where: { $0.type == "metric" && $0.name == name }) else {
      return ["\(name) is not declared"]
    }
    var found: [String] = []
    if metric["unit"]?.string != group.unit { found.append("\(name): unit") }
    if metric["description"]?.string != group.brief { found.append("\(name): description") }
    let key = group.instrument == "counter" ? "sum" : group.instrument ?? ""
    guard let data = metric[key] else { return found + ["\(name) is no \(group.instrument ?? "")"] }
    if key == "sum", data["isMonotonic"]?.bool != true { found.append("\(name): not monotonic") }
    if key != "gauge", data["aggregationTemporality"]?.int != 2 { found.append("\(name): not cumulative") }
    for point in data["dataPoints"]?.array ?? [] {
      found += violations(name, point["attributes"], group.attributes)
    }
    return found
  }

  private func violations(_ place: String, _ attributes: JSONValue?, _ declared: [Attribute]) -> [String] {
    var found: [String] = []
    var present: Set<String> = []
    for pair in attributes?.array ?? [] {
      let key = pair["key"]?.string ?? ""
      present.insert(key)
      guard let attribute = declared.first(where: { $0.id == key }) else {
        found.append("\(place): \(key) is not declared")
        continue
      }
      let type = Self.type(of: pair["value"])
      if type != (attribute.type == "enum" ? "string" : attribute.type) {
        found.append("\(place): \(key) is not \(attribute.type)")
      }
      if attribute.type == "enum", !attribute.members.contains(pair["value"]?["stringValue"]?.string ?? "") {
        found.append("\(place): \(key) has a value that is no member: \(pair["value"]?.text() ?? "")")
      }
    }
    for attribute in declared where attribute.required && !present.contains(attribute.id) {
      found.append("\(place): \(attribute.id) is missing")
    }
    return found
  }

  /// The type of an OTLP `AnyValue`, in the words of the registry.
  private static func type(of value: JSONValue?) -> String {
    switch value?.object?.keys.first {
    case "stringValue": "string"
    case "intValue": "int"
    case "doubleValue": "double"
    case "boolValue": "boolean"
    case "arrayValue":
      (value?["arrayValue"]?["values"]?.array?.first).map { type(of: $0) + "[]" } ?? "string[]"
    default: "unknown"
    }
  }
}
