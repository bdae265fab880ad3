import DSLBase
import NIOSSL

/// PEM files that a transport goes by.
package struct CertificateFiles: Sendable, Equatable {
  /// Certificates of the authorities that are trusted, instead of those that the machine trusts.
  package var authorities: String?
  /// The chain of this program's own certificate, for servers that ask for one.
  package var own: String?
  /// The key to it.
  package var key: String?

  package init(authorities: String? = nil, own: String? = nil, key: String? = nil) {
    self.authorities = authorities
    self.own = own
    self.key = key
  }

  /// - Throws: `DSLError` `.invalidInput` that names the file that cannot be read.
  func configuration() throws(DSLError) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    if let authorities {
      configuration.trustRoots = .certificates(
        try Self.read(authorities, "certificates of authorities") { try NIOSSLCertificate.fromPEMFile($0) })
    }
    if let own {
      let chain = try Self.read(own, "own certificate") { try NIOSSLCertificate.fromPEMFile($0) }
      configuration.certificateChain = chain.map { .certificate($0) }
      // Key and certificate may share a file.
      let key = try Self.read(self.key ?? own, "key to the own certificate") {
        try NIOSSLPrivateKey(file: $0, format: .pem)
      }
      configuration.privateKey = .privateKey(key)
    }
    return configuration
  }

  private static func read<Content>(
    _ path: String, _ what: String, _ body: (String) throws -> Content
  ) throws(DSLError) -> Content {
    do { return try body(path) } catch {
      throw DSLError(.invalidInput, "\(path): the \(what) cannot be read", cause: "\(error)")
    }
  }
}
