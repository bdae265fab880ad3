import DSLBase
import HTTPTypes

@testable import ControlPlane

/// Makes the OpenAPI document of a table of routes, with the published schemas as components.
struct OpenAPIDocument {
  let table: RouteTable
  /// The published schemas by name, without `.schema.json`.
  let schemas: [String: JSONValue]
  /// What answers.
  var about =
    "What `dsl serve` and `dsl auto loop --listen` answer. An answer is the envelope that `dsl --json` prints; an error "
    + "is one too, with metadata.code and, where there is one, metadata.fix. docs/serve.md tells more."
  /// Names of schemas that no route names.
  var more = [Self.otlp]

  var json: JSONValue {
    var paths = JSONObject()
    for route in table.routes where route.isDocumented {
      var item = paths[route.path]?.object ?? [:]
      item[route.method.rawValue.lowercased()] = operation(route)
      paths[route.path] = .object(item)
    }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "dsl", "version": .string(DSLVersion.current),
        "description": .string(about),
        "license": ["name": "MIT", "identifier": "MIT"],
      ],
      "servers": [["url": "/"]],
      "paths": .object(paths),
      "components": [
        "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]], "schemas": .object(components),
      ],
    ]
  }

  private var components: JSONObject {
    var found = JSONObject()
    for name in schemas.keys.sorted() where used.contains(name) {
      guard var object = schemas[name]?.object else { continue }
      object["$schema"] = nil
      object["$id"] = nil
      found[name] = Self.relinked(.object(object), in: name)
    }
    found["failure"] = [
      "allOf": [
        ["$ref": "#/components/schemas/envelope"],
        [
          "type": "object",
          "properties": [
            "success": ["const": false],
            "metadata": [
              "type": "object", "required": ["code", "status"],
              "properties": ["code": ["type": "string"], "status": ["type": "integer"]],
            ],
          ],
        ],
      ]
    ]
    return found
  }

  /// The schemas that routes name, and those that these refer to.
  private var used: Set<String> {
    var open = table.routes.compactMap(\.command) + ["envelope"] + more
    var found: Set<String> = []
    while let name = open.popLast() {
      guard found.insert(name).inserted, let text = schemas[name]?.text() else { continue }
      open += text.matches(of: /"([a-z-]+)\.schema\.json#/).map { String($0.1) }
    }
    return found
  }

  /// References between files as references between components.
  private static func relinked(_ value: JSONValue, in name: String) -> JSONValue {
    switch value {
    case .object(let object):
      var result = JSONObject()
      for member in object {
        guard member.key == "$ref", let link = member.value.string else {
          result[member.key] = relinked(member.value, in: name)
          continue
        }
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let file = parts[0].isEmpty ? name : String(parts[0].replacing(".schema.json", with: ""))
        result["$ref"] = .string("#/components/schemas/\(file)" + (parts.count > 1 ? parts[1] : ""))
      }
      return .object(result)
    case .array(let elements): return .array(elements.map { relinked($0, in: name) })
    default: return value
    }
  }
}

extension OpenAPIDocument {
  private func operation(_ route: Route) -> JSONValue {
    let words = route.path.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
    var operation: JSONObject = [
      "operationId": .string(([route.method.rawValue.lowercased()] + words).joined(separator: "_")),
      "summary": .string(route.summary),
    ]
    if !route.parameters.isEmpty { operation["parameters"] = .array(route.parameters.map(Self.parameter)) }
    if let body = Self.body(route) { operation["requestBody"] = body }
    operation["responses"] = .object(responses(route))
    operation["security"] =
      switch route.purpose {
      case .open: []
      case .read, .telemetry: [[:], ["token": []]]
      case .change: [["token": []]]
      }
    return .object(operation)
  }

  private static func parameter(_ parameter: Parameter) -> JSONValue {
    [
      "name": .string(parameter.name), "in": parameter.isInPath ? "path" : "query",
      "required": .bool(parameter.isInPath), "description": .string(parameter.meaning),
      "schema": parameter.schema,
    ]
  }

  private static func body(_ route: Route) -> JSONValue? {
    if route.purpose == .telemetry {
      return [
        "required": true,
        "content": [
          "application/json": ["schema": otlpSchema(String(route.path.dropFirst("/v1/".count)))],
          "application/x-protobuf": ["schema": binary],
        ],
      ]
    }
    guard let members = route.members else { return nil }
    var properties = JSONObject()
    for member in members { properties[member.name] = member.schema }
    return [
      "required": true,
      "content": [
        "application/json": [
          "schema": [
            "type": "object", "required": .strings(members.filter(\.isRequired).map(\.name)),
            "properties": .object(properties), "additionalProperties": false,
          ]
        ]
      ],
    ]
  }

  private func responses(_ route: Route) -> JSONObject {
    if route.purpose == .telemetry { return Self.otlpResponses }
    var responses = JSONObject()
    responses["200"] = [
      "description": "As asked.", "content": .object([route.mediaType: ["schema": answer(route)]]),
    ]
    var codes: [DSLError.Code] = [.invalidInput, .misdirected, .busy, .io] + route.errors
    if route.purpose != .open { codes += [.unauthenticated, .forbidden] }
    if route.members != nil { codes += [.mediaType, .tooLarge] }
    let failure: JSONValue = ["application/json": ["schema": ["$ref": "#/components/schemas/failure"]]]
    let probe: JSONValue = ["application/json": ["schema": ["$ref": "#/components/schemas/envelope"]]]
    for status in Set(codes.map(HTTPStatus.of)).sorted(by: { $0.code < $1.code }) {
      let isProbe = status.code == 503 && route.purpose == .open
      responses[String(status.code)] = [
        "description": .string(status.reasonPhrase + "."), "content": isProbe ? probe : failure,
      ]
    }
    return responses
  }

  /// The schema of what OTLP sends, which has a specification of its own.
  static let otlp = "otlp"
  /// Protobuf's form of the same.
  private static let binary: JSONValue = ["type": "string", "format": "binary"]

  private static func otlpSchema(_ name: String) -> JSONValue {
    ["$ref": .string("#/components/schemas/\(otlp)/$defs/\(name)")]
  }

  /// Replies are OTLP's own, in the encoding of the request; what is refused before anybody looks at it gets an envelope.
  private static var otlpResponses: JSONObject {
    var responses: JSONObject = [
      "200": [
        "description": "Stored, or what of it could be.",
        "content": [
          "application/json": ["schema": otlpSchema("answer")], "application/x-protobuf": ["schema": binary],
        ],
      ]
    ]
    let failure: JSONValue = [
      "anyOf": [otlpSchema("status"), ["$ref": "#/components/schemas/failure"]]
    ]
    let statuses: [HTTPResponse.Status] = [
      .badRequest, .unauthorized, .forbidden, .contentTooLarge, .unsupportedMediaType, .misdirectedRequest,
      .tooManyRequests, .internalServerError, .serviceUnavailable,
    ]
    for status in statuses {
      responses[String(status.code)] = [
        "description": .string(status.reasonPhrase + "."),
        "content": [
          "application/json": ["schema": failure], "application/x-protobuf": ["schema": binary],
        ],
      ]
    }
    return responses
  }

  private func answer(_ route: Route) -> JSONValue {
    guard let command = route.command else {
      return route.mediaType == "application/json" ? ["type": "object"] : ["type": "string"]
    }
    return [
      "allOf": [
        ["$ref": "#/components/schemas/envelope"],
        ["type": "object", "properties": ["data": ["$ref": .string("#/components/schemas/\(command)")]]],
      ]
    ]
  }
}
