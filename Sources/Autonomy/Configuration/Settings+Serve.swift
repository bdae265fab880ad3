extension Settings {
  /// How `dsl serve`, and a loop with `--listen`, answer over HTTP.
  public struct Serve: Sendable, Equatable {
    /// Where `dsl serve` listens.
    public var listen = "127.0.0.1:8080"
    /// Where `dsl auto loop` listens; `nil` when it does not.
    public var loopListen: String?
    /// The file with the token that changes need, and reads from elsewhere; its first line counts.
    public var tokenFile: String?
    /// Whether everybody who reaches the address may read.
    public var publicReads = false
    /// The certificate chain, a PEM file; with it, and only with it, TLS is spoken.
    public var certificate: String?
    /// The certificate's private key, a PEM file.
    public var key: String?
    /// The certificates that clients' certificates have to be signed by, a PEM file; with it every client needs one.
    public var clientAuthority: String?
    /// Host names beside the loopback's own by which requests may ask, with commas between.
    public var hosts: String?
    /// Origins beside the server's own whose pages may make changes, with commas between.
    public var origins: String?
    /// Curves of trainings that the page shows: groups with semicolons between, each a directory, or files with commas between.
    public var training: String?
    /// Studies of Optuna that the page shows: the file of its JournalStorage.
    public var study: String?
    /// Connections that are open at once; more wait.
    public var maxConnections = 512
    /// The largest body of a request, bytes.
    public var maxBodyBytes = 20 << 20
    /// Seconds from the beginning of a connection to the end of a request's head, handshake included.
    public var headSeconds = 10.0
    /// Seconds from there to the end of its body.
    public var bodySeconds = 30.0
    /// The defaults.
    public init() {}
  }
}

extension SettingCatalog {
  static let serving: [Setting] = [
    Setting("serve.listen", .text(\.serve.listen), "Where `dsl serve` listens: address:port."),
    Setting(
      "serve.loop_listen", .optionalText(\.serve.loopListen),
      "Where `dsl auto loop` listens; unless set, nowhere."),
    Setting(
      "serve.token_file", .optionalText(\.serve.tokenFile),
      "The file with the token that changes over HTTP need, and reads from other machines."),
    Setting(
      "serve.public_reads", .bool(\.serve.publicReads),
      "Whether reads from other machines need no token."),
    Setting("serve.tls_cert", .optionalText(\.serve.certificate), "The certificate chain: a PEM file."),
    Setting("serve.tls_key", .optionalText(\.serve.key), "The private key of the certificate: a PEM file."),
    Setting(
      "serve.tls_client_ca", .optionalText(\.serve.clientAuthority),
      "Authorities whose certificates clients have to show: a PEM file."),
    Setting(
      "serve.hosts", .optionalText(\.serve.hosts),
      "Host names that requests may ask for beside localhost, with commas between."),
    Setting(
      "serve.origins", .optionalText(\.serve.origins),
      "Origins beside the server's own whose pages may make changes, with commas between."),
    Setting(
      "serve.training", .optionalText(\.serve.training),
      "Curves of trainings that the page shows: groups with semicolons between, each a directory, or files with commas between."
    ),
    Setting(
      "serve.study", .optionalText(\.serve.study),
      "Studies of Optuna that the page shows: the file of its JournalStorage."),
    Setting(
      "serve.max_connections", .integer(\.serve.maxConnections, 1...100_000),
      "Connections that are open at once; more wait."),
    Setting(
      "serve.max_body", .bytes(\.serve.maxBodyBytes, 1024...1 << 28), "The largest body of a request."),
    Setting(
      "serve.head_timeout", .duration(\.serve.headSeconds, 0.1...3600),
      "Time that a client has for the head of a request."),
    Setting(
      "serve.body_timeout", .duration(\.serve.bodySeconds, 0.1...86_400),
      "Time that a client has for the body of a request."),
  ]
}
