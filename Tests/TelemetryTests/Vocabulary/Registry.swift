import Coordination
import DSLBase

/// `docs/semconv/autonomous.yaml`, and what it says of a span.
struct Registry {
  struct Attribute {
    var id: String
    var type: String
    var required: Bool
  }

  struct Group {
    var id: String
    var type: String
    var name: String
    var kind: String?
    var events: [String]
    var attributes: [Attribute]
  }

  private(set) var groups: [Group] = []
  /// What breaks the rules of weaver's `registry check --future`.
  private(set) var faults: [String] = []

  init() throws {
    let path = Repository.path("docs/semconv/autonomous.yaml")
    let text = String(decoding: try PosixFileSystem().read(path, limit: 1 << 20), as: UTF8.self)
    let root = try YAMLNode.document(in: text, file: path)?.json
    for group in root?["groups"]?.array ?? [] { read(group) }
    let ids = groups.map(\.id)
    if Set(ids).count != ids.count { faults.append("a group id repeats") }
  }

  private mutating func read(_ group: JSONValue) {
    let id = group["id"]?.string ?? ""
    let type = group["type"]?.string ?? ""
    if id.isEmpty || !["span", "event", "attribute_group"].contains(type) {
      faults.append("\(id): id or type")
    }
    if group["prefix"] != nil { faults.append("\(id): prefix is no longer used") }
    for key in ["stability", "brief"] where group[key]?.string?.isEmpty ?? true {
      faults.append("\(id): no \(key)")
    }
    let kinds = ["internal", "client", "server", "producer", "consumer"]
    if type == "span", !kinds.contains(group["span_kind"]?.string ?? "") { faults.append("\(id): span_kind") }
    if type != "attribute_group", group["name"]?.string?.isEmpty ?? true { faults.append("\(id): no name") }
    let attributes = (group["attributes"]?.array ?? []).map { attribute($0, in: id) }
    if Set(attributes.map(\.id)).count != attributes.count { faults.append("\(id): an attribute repeats") }
    groups.append(
      Group(
        id: id, type: type, name: group["name"]?.string ?? "", kind: group["span_kind"]?.string,
        events: (group["events"]?.array ?? []).compactMap(\.string), attributes: attributes))
  }

  private mutating func attribute(_ json: JSONValue, in group: String) -> Attribute {
    let id = json["id"]?.string ?? ""
    for key in ["id", "stability", "brief"] where json[key]?.string?.isEmpty ?? true {
      faults.append("\(group).\(id): no \(key)")
    }
    let type = json["type"]?.string ?? ""
    if !["string", "int", "double", "boolean", "string[]"].contains(type) {
      faults.append("\(group).\(id): type")
    }
    let level = json["requirement_level"]
    let known = ["required", "recommended", "opt_in"].contains(level?.string ?? "")
    if !known, level?["conditionally_required"]?.string == nil {
      faults.append("\(group).\(id): requirement_level")
    }
    return Attribute(id: id, type: type, required: level == "required")
  }

  /// What a span, as JSON, has that is not declared, or lacks that is required.
  func violations(span: JSONValue) -> [String] {
    let name = span["name"]?.string ?? ""
    guard let group = groups.first(where: { $0.type == "span" && $0.name == name }) else {
      return ["\(name) is not declared"]
    }
    var found: [String] = []
    let kinds = ["", "internal", "server", "client", "producer", "consumer"]
    if kinds.firstIndex(of: group.kind ?? "") != span["kind"]?.int { found.append("\(name): wrong kind") }
    let shared = groups.filter { $0.type == "attribute_group" }.flatMap(\.attributes)
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
    let everything = groups.flatMap(\.attributes)
    for link in span["links"]?.array ?? [] {
      found += violations(
        "\(name)/link", link["attributes"],
        everything.map { Attribute(id: $0.id, type: $0.type, required: false) })
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
      if Self.type(of: pair["value"]) != attribute.type {
        found.append("\(place): \(key) is not \(attribute.type)")
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
