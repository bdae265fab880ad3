package import Autonomy
package import DSLBase
package import HTTPTypes

/// One thing that the server answers. The table of all of them routes requests and makes the OpenAPI document.
package struct Route: Sendable {
  /// What an answer is.
  package enum Answer: Sendable {
    /// The envelope of a command, as `dsl --json` prints it.
    case envelope(Envelope, HTTPResponse.Status = .ok)
    /// Anything else.
    case content(type: String, body: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:])
    /// A stream that goes on until one of the two ends it.
    case events(EventFeed)
  }

  /// The member of a body.
  package struct Member: Sendable {
    package var name: String
    package var schema: JSONValue
    package var isRequired = false

    package init(_ name: String, _ schema: JSONValue, isRequired: Bool = false) {
      self.name = name
      self.schema = schema
      self.isRequired = isRequired
    }
  }

  package var method: HTTPRequest.Method
  /// With parameters in braces: `/api/v1/decisions/{id}`.
  package var path: String
  package var purpose: AccessRules.Purpose
  package var summary: String
  package var parameters: [Parameter] = []
  /// Members of a JSON body; `nil` for a route that takes none.
  package var members: [Member]?
  /// The name in the envelope, which names the schema as well: `auto-status`; `nil` where there is no envelope.
  package var command: String?
  /// Media type of an answer that is no envelope.
  package var mediaType = "application/json"
  /// Codes of errors that only this route has.
  package var errors: [DSLError.Code] = []
  /// Whether it is in the OpenAPI document.
  package var isDocumented = true
  package var handle: @Sendable (Call) async throws -> Answer

  package init(
    _ method: HTTPRequest.Method, _ path: String, _ purpose: AccessRules.Purpose, _ summary: String,
    command: String? = nil, handle: @escaping @Sendable (Call) async throws -> Answer
  ) {
    self.method = method
    self.path = path
    self.purpose = purpose
    self.summary = summary
    self.command = command
    self.handle = handle
  }

  /// With parameters.
  package func taking(_ parameters: Parameter...) -> Route {
    var route = self
    route.parameters = parameters
    return route
  }

  /// With a JSON body.
  package func reading(_ members: Member...) -> Route {
    var route = self
    route.members = members
    return route
  }

  /// With errors of its own.
  package func failing(_ codes: DSLError.Code...) -> Route {
    var route = self
    route.errors = codes
    return route
  }

  /// The parts of the path between slashes.
  var parts: [Substring] { path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) }

  /// The parameters in a path that is this route's; `nil` when it is not.
  func match(_ parts: [Substring]) -> [(name: String, value: Substring)]? {
    let own = self.parts
    guard own.count == parts.count else { return nil }
    var found: [(String, Substring)] = []
    for (mine, given) in zip(own, parts) {
      if mine.hasPrefix("{") {
        found.append((String(mine.dropFirst().dropLast()), given))
      } else if mine != given {
        return nil
      }
    }
    return found
  }
}

/// All routes.
package struct RouteTable: Sendable {
  package let routes: [Route]

  package init(_ routes: [Route]) { self.routes = routes }

  /// What was found for a request.
  struct Found {
    var route: Route
    var parameters: [(name: String, value: Substring)]
  }

  /// Finds the route of a request; HEAD asks what GET answers.
  ///
  /// - Returns: the route, or the methods that the path takes: none where there is no such path.
  func find(_ method: HTTPRequest.Method, path: Substring) -> (found: Found?, allowed: [HTTPRequest.Method]) {
    let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    var allowed: [HTTPRequest.Method] = []
    for route in routes {
      guard let parameters = route.match(parts) else { continue }
      if route.method == method || route.method == .get && method == .head {
        return (Found(route: route, parameters: parameters), [])
      }
      allowed.append(route.method)
      if route.method == .get { allowed.append(.head) }
    }
    return (nil, allowed.isEmpty ? [] : allowed + [.options])
  }
}
