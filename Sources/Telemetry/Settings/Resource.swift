/// What produces the telemetry: the attributes that all spans of a process share.
package struct Resource: Sendable, Equatable {
  /// Key and value, by key.
  package private(set) var attributes: [(key: String, value: String)]

  package static let serviceName = "service.name"
  package static let serviceVersion = "service.version"
  /// The name of the one instrumentation scope.
  static let scopeName = "dsl"
  /// The version of the semantic conventions that attributes outside our own vocabulary follow.
  static let schemaURL = "https://opentelemetry.io/schemas/1.37.0"

  /// A resource of those attributes, besides the name of this telemetry library.
  package init(service: String, version: String? = nil, attributes: [(key: String, value: String)] = []) {
    self.attributes = []
    set("telemetry.sdk.name", "dsl")
    set("telemetry.sdk.language", "swift")
    set(Self.serviceName, service)
    if let version { set(Self.serviceVersion, version) }
    for attribute in attributes { set(attribute.key, attribute.value) }
  }

  /// The value of an attribute.
  package subscript(key: String) -> String? { attributes.first { $0.key == key }?.value }

  /// Sets an attribute, replacing what it was.
  package mutating func set(_ key: String, _ value: String) {
    attributes.removeAll { $0.key == key }
    let position = attributes.firstIndex { $0.key > key } ?? attributes.endIndex
    attributes.insert((key, value), at: position)
  }

  package static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.attributes.elementsEqual(rhs.attributes, by: ==)
  }
}
