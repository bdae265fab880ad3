package import Autonomy
package import DSLBase

/// How a server is set up, read and checked before anything listens.
package struct ServerOptions: Sendable {
  package var address: ListenAddress
  package var rules: AccessRules
  package var tls: TLSFiles?
  package var times = ConnectionTimes()
  package var maxConnections = 512
  package var maxBodyBytes = 20 << 20
  /// Threads for connections.
  package var threads = 2
  /// How long requests under way get to end in when the server is told to stop, seconds.
  package var stopSeconds = 10.0

  package init(address: ListenAddress) {
    self.address = address
    rules = AccessRules(isLoopback: address.isLoopback)
  }

  /// The options that settings mean.
  ///
  /// - Parameters:
  ///   - listen: the address, and where it stands.
  ///   - token: the token in the environment, where there is one; a file comes before it.
  /// - Throws: `invalidInput`, `io`: what is wrong with an address, a token, a certificate.
  package init(
    _ settings: Settings.Serve, listen: (text: String, source: String), token: String?, files: any FileSystem
  ) throws {
    let address = try ListenAddress(listen.text, source: listen.source)
    self.init(address: address)
    if let file = settings.tokenFile {
      rules.token = try AccessToken(file: file, files)
    } else if let token {
      rules.token = try AccessToken(token, source: "DSL_SERVE_TOKEN")
    }
    rules.publicReads = settings.publicReads
    rules.hosts = Self.list(settings.hosts).map { $0.lowercased() }
    rules.origins = Self.list(settings.origins)
    tls = try TLSFiles(settings)
    if let tls {
      rules.scheme = "https"
      rules.knowsClients = tls.clientAuthority != nil
    }
    maxConnections = settings.maxConnections
    maxBodyBytes = settings.maxBodyBytes
    times.head = settings.headSeconds
    times.body = settings.bodySeconds
    guard address.isLoopback || rules.publicReads || rules.knowsClients || rules.token != nil else {
      throw DSLError(
        .invalidInput, "\(listen.source): other machines reach \(listen.text), and nothing says who may read",
        fix: "give --token-file, --tls-client-ca or --public-reads, or listen on 127.0.0.1")
    }
  }

  /// What stands between separators, without the blanks around it.
  package static func list(_ text: String?, separator: Character = ",") -> [String] {
    (text ?? "").split(separator: separator).map {
      String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    .filter { !$0.isEmpty }
  }
}
