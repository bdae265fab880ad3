import AsyncHTTPClient
import DSLBase

/// Which way requests take: straight, or through a proxy, by the variables that curl goes by: `http_proxy`, `https_proxy`,
/// `all_proxy`, `no_proxy`, lower case before upper case. See `ProxyExemption` for the last.
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
  private let exempt: [ProxyExemption]

  init(environment: [String: String]) {
    func variable(_ names: String...) -> String? {
      names.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    let all = variable("all_proxy", "ALL_PROXY")
    http = (variable("http_proxy") ?? all).flatMap(Self.route)
    https = (variable("https_proxy", "HTTPS_PROXY") ?? all).flatMap(Self.route)
    exempt = (variable("no_proxy", "NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map {
      ProxyExemption(String($0))
    }
  }

  func route(to target: Authority) -> Route {
    let isHTTPS = target.scheme == "https"
    guard let route = isHTTPS ? https : http else { return .straight }
    let port = target.port ?? (isHTTPS ? 443 : 80)
    return exempt.contains { $0.matches(target.host, port) } ? .straight : route
  }

  private static func route(_ text: String) -> Route? {
    guard let proxy = Authority(url: text.contains("://") ? text : "http://" + text) else { return nil }
    if proxy.scheme.hasPrefix("socks5") { return .socks(proxy.host, proxy.port ?? 1080) }
    guard proxy.scheme == "http" else { return nil }
    return .proxy(proxy.host, proxy.port ?? 1080, proxy.user.map(Base64.encoded))
  }
}
