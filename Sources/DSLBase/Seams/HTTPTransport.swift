/// One header of a request or response.
public struct HTTPHeader: Sendable, Equatable {
  /// Its name.
  public var name: String
  /// Its value; may be a secret.
  public var value: String

  /// A header.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A POST to make: what notifications and telemetry send.
public struct HTTPPost: Sendable, Equatable {
  /// An `http` or `https` URL; may hold secrets, so that it is shown by `HTTPPost.masked` only.
  public var url: String
  /// Headers beside those that the transport sets itself (`Host`, `Content-Length`).
  public var headers: [HTTPHeader]
  /// The body, sent as it is.
  public var body: [UInt8]
  /// Seconds that the whole exchange may take.
  public var timeoutSeconds: Double

  /// A POST.
  public init(url: String, headers: [HTTPHeader] = [], body: [UInt8], timeoutSeconds: Double) {
    self.url = url
    self.headers = headers
    self.body = body
    self.timeoutSeconds = timeoutSeconds
  }

  /// A URL as it may be shown: `https://hooks.example.com/…`. User, password, path and query are left out, because any of
  /// them may be what lets one in.
  public static func masked(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://") else { return "…" }
    let rest = url[scheme.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    let more = rest.count > authority.count + 1 ? "/…" : ""
    return "\(url[..<scheme.upperBound])\(host)\(more)"
  }
}

/// What came back.
public struct HTTPReply: Sendable, Equatable {
  /// Bytes of a body that are kept; the rest is read and forgotten.
  public static let bodyLimit = 64 << 10

  /// The status, whatever it is.
  public var status: Int
  /// The headers, in the order in which they came.
  public var headers: [HTTPHeader]
  /// The beginning of the body.
  public var body: [UInt8]

  /// A response.
  public init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The value of the first header of that name, upper and lower case alike.
  public subscript(header name: String) -> String? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.value
  }
}

/// The seam through which messages leave over HTTP.
public protocol HTTPTransport: Sendable {
  /// Makes a POST. Redirections are not followed. Ends soon when its task is cancelled.
  ///
  /// - Returns: the response, whatever its status is.
  /// - Throws: `DSLError` `.timeout`, `.io` when there was no response, `.unsupported` when this machine cannot do it,
  ///   `.invalidInput` for a request that cannot be made.
  func post(_ request: HTTPPost) async throws(DSLError) -> HTTPReply
}
