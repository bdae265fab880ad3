extension JSONValue {
  /// The value with the members of all objects in the order of their names' bytes: equal content has one text, and one
  /// digest. Numbers keep their literals.
  package var canonical: JSONValue {
    switch self {
    case .null, .bool, .number, .string: return self
    case .array(let elements): return .array(elements.map(\.canonical))
    case .object(let object):
      var sorted = JSONObject()
      for member in object.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
        sorted[member.key] = member.value.canonical
      }
      return .object(sorted)
    }
  }
}
