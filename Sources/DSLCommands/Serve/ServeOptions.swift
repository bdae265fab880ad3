import ArgumentParser
import Autonomy

/// How a server is secured; what `dsl serve` and `dsl auto loop --listen` take alike.
struct ServeOptions: ParsableArguments {
  @Option(
    name: .customLong("token-file"),
    help: ArgumentHelp(
      "The file with the token that changes need, and reads from other machines.",
      discussion: "Its first line counts. Default: serve.token_file, else $DSL_SERVE_TOKEN.",
      valueName: "file"),
    completion: .file())
  var tokenFile: String?

  @Flag(name: .customLong("public-reads"), help: "Let other machines read without the token.")
  var publicReads = false

  @Option(
    name: .customLong("tls-cert"),
    help: ArgumentHelp("Speak TLS with this certificate chain, a PEM file.", valueName: "file"),
    completion: .file())
  var certificate: String?

  @Option(
    name: .customLong("tls-key"),
    help: ArgumentHelp("The certificate's private key, a PEM file.", valueName: "file"), completion: .file())
  var key: String?

  @Option(
    name: .customLong("tls-client-ca"),
    help: ArgumentHelp(
      "Take only clients with a certificate of these authorities, a PEM file.", valueName: "file"),
    completion: .file())
  var clientAuthority: String?

  /// The flags as settings.
  var settings: [SettingFlag?] {
    [
      setting("serve.token_file", tokenFile, "--token-file"),
      publicReads ? setting("serve.public_reads", "true", "--public-reads") : nil,
      setting("serve.tls_cert", certificate, "--tls-cert"), setting("serve.tls_key", key, "--tls-key"),
      setting("serve.tls_client_ca", clientAuthority, "--tls-client-ca"),
    ]
  }
}
