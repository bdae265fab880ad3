package import DSLBase
package import HTTPTypes

/// Who may do what. Pure: a request's head in, an error or nothing out.
///
/// Reading needs nothing on a loopback address; elsewhere the token, a client certificate, or an operator who says that
/// reads are public. A change always needs the token. A browser is a deputy of every page it shows: requests for a host
/// that is not ours (DNS rebinding) and changes asked for by other sites' pages are refused whatever they carry.
package struct AccessRules: Sendable {
  /// What a request wants.
  package enum Purpose: Sendable {
    /// Tells nothing of the fleet: probes, and the page's own files.
    case open
    case read
    case change
    /// Brings telemetry: from programs on this machine, or with the token.
    case telemetry
  }

  package var isLoopback: Bool
  package var token: AccessToken?
  package var publicReads = false
  /// Whether every connection has shown a certificate that we trust.
  package var knowsClients = false
  /// Host names beside the loopback's own.
  package var hosts: [String] = []
  /// Origins beside our own.
  package var origins: [String] = []
  /// "http" or "https".
  package var scheme = "http"

  package init(isLoopback: Bool, token: AccessToken? = nil) {
    self.isLoopback = isLoopback
    self.token = token
  }

  private static let loopbackNames = ["localhost", "127.0.0.1", "::1"]
  private static let fetchSite = HTTPField.Name("Sec-Fetch-Site")

  /// - Throws: `invalidInput` without a host, `misdirected`, `unauthenticated`, `forbidden`.
  package func check(_ head: HTTPRequest, _ purpose: Purpose) throws(DSLError) {
    try checkHost(head)
    switch purpose {
    case .open: return
    case .read, .telemetry:
      if isLoopback || publicReads && purpose == .read || knowsClients { return }
      try checkToken(head)
    case .change:
      try checkOrigin(head)
      try checkToken(head)
    }
  }

  private func checkHost(_ head: HTTPRequest) throws(DSLError) {
    guard let authority = head.authority, !authority.isEmpty else {
      throw DSLError(.invalidInput, "the request names no host", fix: "send one Host header")
    }
    guard isLoopback || !hosts.isEmpty else { return }
    let host = Self.host(of: authority)
    let isOurs = hosts.contains { $0.lowercased() == host } || isLoopback && Self.loopbackNames.contains(host)
    guard isOurs else {
      throw DSLError(
        .misdirected, "this server does not go by that host name",
        fix: "ask for localhost, or name the host: serve.hosts")
    }
  }

  /// The name without port and brackets, in lower case.
  static func host(of authority: String) -> String {
    if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }).lowercased() }
    return String(authority.prefix { $0 != ":" }).lowercased()
  }

  private func checkOrigin(_ head: HTTPRequest) throws(DSLError) {
    let refused = DSLError(
      .forbidden, "changes are not taken from pages of other sites",
      fix: "use the page of this server, or name the origin: serve.origins")
    if let origin = head.headerFields[.origin] {
      let own = "\(scheme)://\(head.authority ?? "")".lowercased()
      guard origin.lowercased() == own || origins.contains(origin) else { throw refused }
      return
    }
    if let name = Self.fetchSite, let site = head.headerFields[name], !["same-origin", "none"].contains(site)
    {
      throw refused
    }
  }

  private func checkToken(_ head: HTTPRequest) throws(DSLError) {
    guard let token else {
      throw DSLError(
        .forbidden, "this server has no token, so it takes no changes and answers this machine alone",
        fix: "start it with --token-file FILE")
    }
    let words = (head.headerFields[.authorization] ?? "").split(separator: " ", maxSplits: 1)
    guard words.count == 2, words[0].lowercased() == "bearer", token.matches(words[1]) else {
      throw DSLError(
        .unauthenticated, "this needs the token of this server",
        fix: "send it in a header: Authorization: Bearer TOKEN")
    }
  }
}
