import Autonomy
import DSLBase
import Hummingbird
import HummingbirdTLS
import NIOSSL

/// The files that TLS needs.
package struct TLSFiles: Sendable {
  package var certificate: String
  package var key: String
  /// Whose certificates clients have to show; `nil` asks for none.
  package var clientAuthority: String?

  /// - Throws: `invalidInput` when some are missing.
  init?(_ settings: Settings.Serve) throws(DSLError) {
    switch (settings.certificate, settings.key) {
    case (let certificate?, let key?): (self.certificate, self.key) = (certificate, key)
    case (nil, nil):
      guard settings.clientAuthority == nil else {
        throw DSLError(
          .invalidInput, "client certificates need TLS", fix: "give --tls-cert and --tls-key as well")
      }
      return nil
    default:
      throw DSLError(
        .invalidInput, "TLS needs a certificate and its key", fix: "give both --tls-cert and --tls-key")
    }
    clientAuthority = settings.clientAuthority
  }

  /// TLS 1.2 and later; with an authority no connection without a certificate of its.
  ///
  /// - Throws: `invalidInput` naming the file that cannot be used.
  func configuration() throws(DSLError) -> TLSConfiguration {
    let chain = try Self.read(certificate, "a certificate chain in PEM") { file in
      try NIOSSLCertificate.fromPEMFile(file)
    }
    let key = try Self.read(key, "a private key in PEM") { try NIOSSLPrivateKey(file: $0, format: .pem) }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    if let clientAuthority {
      let roots = try Self.read(clientAuthority, "certificates in PEM") { file in
        try NIOSSLCertificate.fromPEMFile(file)
      }
      configuration.trustRoots = .certificates(roots)
      configuration.certificateVerification = .noHostnameVerification
    }
    return configuration
  }

  private static func read<Value>(
    _ file: String, _ what: String, _ load: (String) throws -> Value
  ) throws(DSLError) -> Value {
    do { return try load(file) } catch {
      throw DSLError(.invalidInput, "\(file) cannot be read as \(what)", cause: "\(error)")
    }
  }
}
