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

  /// - Throws: what NIOSSL says of a file that cannot be read.
  func configuration() throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    if let authorities { configuration.trustRoots = .file(authorities) }
    if let own {
      configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(own).map { .certificate($0) }
      if let key { configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)) }
    }
    return configuration
  }
}
