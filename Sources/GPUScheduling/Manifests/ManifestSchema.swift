package import DSLBase

extension ManifestKind {
  /// The custom resource definition (apiextensions.k8s.io/v1), made from the same fields that manifests are read by.
  package var definition: JSONValue {
    var spec = ManifestType.object(self.spec).schema
    if !rules.isEmpty, var object = spec.object {
      object["x-kubernetes-validations"] = .array(
        rules.map { ["rule": .string($0.rule), "message": .string($0.message)] })
      spec = .object(object)
    }
    let name = rawValue.lowercased()
    return [
      "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
      "metadata": ["name": .string("\(plural).\(Self.group)")],
      "spec": [
        "group": .string(Self.group), "scope": "Namespaced",
        "names": [
          "kind": .string(rawValue), "listKind": .string("\(rawValue)List"), "plural": .string(plural),
          "singular": .string(name), "shortNames": [.string(shortName)],
        ],
        "versions": [
          [
            "name": .string(Self.version), "served": true, "storage": true, "subresources": subresources,
            "schema": [
              "openAPIV3Schema": [
                "type": "object", "required": ["spec"],
                "properties": [
                  "apiVersion": ["type": "string"], "kind": ["type": "string"],
                  "metadata": ["type": "object"],
                  "spec": spec, "status": status,
                ],
              ]
            ],
          ]
        ],
      ],
    ]
  }

  private var subresources: JSONValue {
    guard self == .agentPool else { return ["status": [:]] }
    return [
      "status": [:],
      "scale": ["specReplicasPath": ".spec.maxReplicas", "statusReplicasPath": ".status.replicas"],
    ]
  }

  /// Both definitions differ in almost every field here: the phase is checked, the rest is kept as it comes.
  private var status: JSONValue {
    [
      "type": "object", "x-kubernetes-preserve-unknown-fields": true,
      "properties": ["phase": ["type": "string", "enum": .strings(phases)]],
    ]
  }
}

extension ManifestType {
  /// The OpenAPI v3 schema of the canonical form.
  package var schema: JSONValue {
    switch self {
    case .text: return ["type": "string"]
    case .word(let words): return ["type": "string", "enum": .strings(words)]
    case .form(let form): return ["type": "string", "pattern": .string(form.pattern)]
    case .integer(let range):
      var object: JSONObject = ["type": "integer", "format": "int64"]
      object["minimum"] = .int(range.lowerBound)
      object["maximum"] = .int(range.upperBound)
      return .object(object)
    case .number(let range):
      return ["type": "number", "minimum": .double(range.lowerBound), "maximum": .double(range.upperBound)]
    case .flag: return ["type": "boolean"]
    case .list(let element): return ["type": "array", "items": element.schema]
    case .map: return ["type": "object", "additionalProperties": ["type": "string"]]
    case .object(let fields): return Self.schema(fields)
    }
  }

  private static func schema(_ fields: [ManifestField]) -> JSONValue {
    var object: JSONObject = ["type": "object"]
    let required = fields.filter(\.isRequired).map(\.name)
    if !required.isEmpty { object["required"] = .strings(required) }
    var properties = JSONObject()
    for field in fields {
      guard var schema = field.type.schema.object else { continue }
      if !field.about.isEmpty { schema["description"] = .string(field.about) }
      schema["default"] = field.standard
      properties[field.name] = .object(schema)
    }
    object["properties"] = .object(properties)
    return .object(object)
  }
}
