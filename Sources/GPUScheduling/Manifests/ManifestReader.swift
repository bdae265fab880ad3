package import DSLBase

/// A manifest in its canonical form, with where it stood.
package struct Manifest: Sendable, Equatable {
  package var kind: ManifestKind
  package var name: String
  package var namespace: String
  package var labels: JSONObject
  package var annotations: JSONObject
  /// Every field in the order of the definition, defaults filled in.
  package var spec: JSONObject
  package var file: String
  package var line: Int

  /// The document as the API server takes it.
  package var json: JSONValue {
    var metadata: JSONObject = ["name": .string(name), "namespace": .string(namespace)]
    if !labels.isEmpty { metadata["labels"] = .object(labels) }
    if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
    return [
      "apiVersion": .string("\(ManifestKind.group)/\(ManifestKind.version)"), "kind": .string(kind.rawValue),
      "metadata": .object(metadata), "spec": .object(spec),
    ]
  }

  /// "AgentPool chat in team-a".
  package var title: String {
    "\(kind.rawValue) \(name)" + (namespace == "default" ? "" : " in \(namespace)")
  }
}

/// Reads manifests: every problem of a file by line and field.
package struct ManifestReader {
  let reader: YAMLReader
  private var found: [Manifest] = []

  /// - Parameter isStrict: whether documents of other kinds are problems; otherwise they are passed over.
  /// - Throws: `invalidInput` with every problem.
  package static func manifests(_ text: String, file: String) throws -> [Manifest] {
    let documents = try YAMLNode.documents(in: text, file: file)
    var reading = ManifestReader(reader: YAMLReader(file: file))
    for document in documents { reading.read(document) }
    try reading.reader.finish()
    guard !reading.found.isEmpty else {
      throw DSLError(
        .invalidInput, "\(file) holds no manifest",
        fix: "write documents of kind \(ManifestKind.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return reading.found
  }

  private init(reader: YAMLReader) { self.reader = reader }

  private mutating func read(_ document: YAMLNode) {
    if document["kind"].flatMap({ text($0) }) == "List", let items = document["items"],
      let list = reader.list(items)
    {
      for item in list { read(item) }
      return
    }
    let keys = ["apiVersion", "kind", "metadata", "spec", "status"]
    guard let top = reader.mapping(document, keys: keys) else { return }
    let version = "\(ManifestKind.group)/\(ManifestKind.version)"
    if let node = reader.required("apiVersion", in: top), let text = reader.string(node), text != version {
      reader.report("expected \(version), found \(text)", at: node)
    }
    guard let kindNode = reader.required("kind", in: top),
      let kind = reader.choice(kindNode, of: ManifestKind.allCases.map(\.rawValue)).flatMap({
        ManifestKind(rawValue: $0)
      }),
      let metadata = reader.required("metadata", in: top).flatMap({ reader.mapping($0, keys: nil) }),
      let spec = reader.required("spec", in: top)
    else { return }
    guard let name = reader.required("name", in: metadata).flatMap({ form(.name, $0) }) else { return }
    let namespace = metadata["namespace"].flatMap { form(.name, $0) } ?? "default"
    guard case .object(let object)? = value(spec, .object(kind.spec)) else { return }
    let manifest = Manifest(
      kind: kind, name: name, namespace: namespace, labels: metadata["labels"]?.json.object ?? [:],
      annotations: metadata["annotations"]?.json.object ?? [:], spec: object, file: reader.file,
      line: document.line)
    ManifestRules(reader: reader, manifest: manifest, spec: spec).check()
    found.append(manifest)
  }

  private func text(_ node: YAMLNode) -> String? {
    if case .scalar(let scalar) = node.content { scalar.text } else { nil }
  }

  private func form(_ form: ManifestForm, _ node: YAMLNode) -> String? {
    guard let text = reader.string(node) else { return nil }
    if let canonical = form.canonical(text) { return canonical }
    reader.report("expected \(form.example), found \(node.kind)", at: node)
    return nil
  }

  /// A value in its canonical form; `nil` after noting what is wrong.
  private func value(_ node: YAMLNode, _ type: ManifestType) -> JSONValue? {
    switch type {
    case .text: return reader.string(node, allowEmpty: true).map { .string($0) }
    case .word(let words): return reader.choice(node, of: words).map { .string($0) }
    case .form(let form): return self.form(form, node).map { .string($0) }
    case .integer(let range): return reader.integer(node, in: range).map { .int($0) }
    case .number(let range): return number(node, range).map { .double($0) }
    case .flag: return reader.bool(node).map { .bool($0) }
    case .list(let element): return reader.list(node).map { .array($0.compactMap { value($0, element) }) }
    case .object(let fields): return object(node, fields)
    case .map:
      guard let members = reader.mapping(node, keys: nil) else { return nil }
      var object = JSONObject()
      for member in members.members {
        guard let text = reader.string(member.value, allowEmpty: true) else { continue }
        object[member.key] = .string(text)
      }
      return .object(object)
    }
  }

  /// A number, or a text that is one.
  private func number(_ node: YAMLNode, _ range: ClosedRange<Double>) -> Double? {
    guard case .scalar(let scalar) = node.content, !scalar.isPlain, let value = Double(scalar.text),
      value.isFinite
    else {
      return reader.number(node, in: range)
    }
    return reader.number(
      YAMLNode(
        content: .scalar(YAMLScalar(text: scalar.text, isPlain: true)), line: node.line, column: node.column,
        path: node.path), in: range)
  }

  private func object(_ node: YAMLNode, _ fields: [ManifestField]) -> JSONValue? {
    guard let mapping = reader.mapping(node, keys: fields.map(\.name)) else { return nil }
    var object = JSONObject()
    for field in fields {
      if let member = mapping[field.name] {
        object[field.name] = value(member, field.type)
      } else if field.isRequired {
        _ = reader.required(field.name, in: mapping)
      } else {
        object[field.name] = field.standard
      }
    }
    return .object(object)
  }
}
