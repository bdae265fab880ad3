import AsyncHTTPClient
import DSLBase

/// Which way requests take: straight, or through a proxy, by the variables that curl goes by: `http_proxy`, `https_proxy`,
/// `all_proxy`, `no_proxy`, lower case before upper case.
///
/// `HTTP_PROXY` is not read: a web server sets it from a request's header (httpoxy, CVE-2016-5385).
struct ProxyRoutes: Sendable {
  /// A way.
  enum Route: Hashable, Sendable {
    case straight
    /// Host, port, and the value of a `Proxy-Authorization` header.
    case proxy(String, Int, String?)
    case socks(String, Int)

    var proxy: HTTPClient.Configuration.Proxy? {
      switch self {
      case .straight: nil
      case .proxy(let host, let port, nil): .server(host: host, port: port)
      case .proxy(let host, let port, let credentials?):
        .server(host: host, port: port, authorization: .basic(credentials: credentials))
      case .socks(let host, let port): .socksServer(host: host, port: port)
      }
    }
  }

  private let http: Route?
  private let https: Route?
  private let exempt: [String]

  init(environment: [String: String]) {
    func variable(_ names: String...) -> String? {
      names.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    let all = variable("all_proxy", "ALL_PROXY")
    http = (variable("http_proxy") ?? all).flatMap(Self.route)
    https = (variable("https_proxy", "HTTPS_PROXY") ?? all).flatMap(Self.route)
    exempt = (variable("no_proxy", "NO_PROXY") ?? "").lowercased().split { $0 == "," || $0 == " " }.map(
      String.init)
  }

  func route(to url: String) -> Route {
    guard let target = Authority(url: url) else { return .straight }
    guard let route = target.scheme == "https" ? https : http, !isExempt(target.host) else {
      return .straight
    }
    return route
  }

  /// `*`, a host, or a domain with what is below it.
  private func isExempt(_ host: String) -> Bool {
    exempt.contains { entry in
      let domain = entry.hasPrefix(".") ? String(entry.dropFirst()) : entry
      return entry == "*" || host == domain || host.hasSuffix("." + domain)
    }
  }

  private static func route(_ text: String) -> Route? {
    guard let proxy = Authority(url: text.contains("://") ? text : "http://" + text) else { return nil }
    if proxy.scheme.hasPrefix("socks5") { return .socks(proxy.host, proxy.port ?? 1080) }
    guard proxy.scheme == "http" else { return nil }
    return .proxy(proxy.host, proxy.port ?? 1080, proxy.credentials)
  }
}

/// The part of a URL that names a server.
struct Authority: Equatable {
  var scheme: String
  var host: String
  var port: Int?
  /// The user and password of a proxy, in base64.
  var credentials: String?

  init?(url: String) {
    guard let colon = url.firstRange(of: "://") else { return nil }
    scheme = url[..<colon.lowerBound].lowercased()
    var rest = url[colon.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    if let at = rest.lastIndex(of: "@") {
      credentials = Self.base64(Array(rest[..<at].utf8))
      rest = rest[rest.index(after: at)...]
    }
    if let end = rest.lastIndex(of: ":"), !rest[end...].contains("]") {
      guard let number = UInt16(rest[rest.index(after: end)...]) else { return nil }
      port = Int(number)
      rest = rest[..<end]
    }
    host = rest.lowercased().filter { $0 != "[" && $0 != "]" }
    if host.isEmpty { return nil }
  }

  /// RFC 4648, section 4.
  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let word = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
      for place in 0..<4 { text.append(place <= group.count ? alphabet[word >> (18 - 6 * place) & 63] : "=") }
    }
    return text
  }
}
