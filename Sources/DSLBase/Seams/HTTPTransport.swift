/// A POST to make: what notifications and telemetry send.
public struct HTTPPost: Sendable, Equatable {
  /// One header.
  public struct Header: Sendable, Equatable {
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

  /// An `http` or `https` URL; may hold secrets, so that it is shown by `HTTPPost.masked` only.
  public var url: String
  /// Headers beside those that the transport sets itself (`Host`, `Content-Length`).
  public var headers: [Header]
  /// The body, sent as it is.
  public var body: [UInt8]
  /// Seconds that the whole exchange may take.
  public var timeoutSeconds: Double

  /// A POST.
  public init(url: String, headers: [Header] = [], body: [UInt8], timeoutSeconds: Double) {
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

/// The seam through which messages leave over HTTP.
public protocol HTTPTransport: Sendable {
  /// Makes a POST. Redirections are not followed.
  ///
  /// - Returns: the status of the response, whatever it is.
  /// - Throws: `DSLError` `.timeout`, `.io` when there was no response, `.unsupported` when this machine cannot do it.
  func post(_ request: HTTPPost) async throws(DSLError) -> Int
}
