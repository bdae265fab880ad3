extension YAMLNode {
  /// The same value as JSON. Number literals are kept as written; what JSON has no number for (`.inf`) stays
  /// a string.
  package var json: JSONValue {
    switch content {
    case .scalar(let scalar):
      if scalar.isNull { return .null }
      if let bool = scalar.bool { return .bool(bool) }
      if let number = scalar.number { return .number(number) }
      return .string(scalar.text)
    case .sequence(let elements): return .array(elements.map(\.json))
    case .mapping(let members):
      var object = JSONObject()
      for member in members { object[member.key] = member.value.json }
      return .object(object)
    }
  }
}
