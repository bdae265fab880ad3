import AsyncHTTPClient
import DSLBase
import NIOCore
import NIOPosix
import NIOSSL

/// What a failure of the client means, in words of this program.
enum TransportFailure {
  static func error(_ error: any Error, _ shown: String) -> DSLError {
    switch error {
    case let error as DSLError: return DSLError(error.code, "\(shown): \(error.message)", cause: error.cause)
    case is CancellationError: return DSLError(.cancelled, "\(shown): stopped on request")
    case let error as HTTPClientError: return client(error, shown)
    case let error as NIOConnectionError: return connection(error, shown)
    case let error as IOError: return DSLError(.io, "\(shown): \(reason(error.errnoCode))")
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
      return DSLError(.io, "\(shown): TLS handshake failed", cause: "\(error)")
    default: return DSLError(.io, "\(shown): the connection broke", cause: "\(error)")
    }
  }

  private static func client(_ error: HTTPClientError, _ shown: String) -> DSLError {
    switch error {
    case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
      .socksHandshakeTimeout, .httpProxyHandshakeTimeout, .getConnectionFromPoolTimeout:
      return DSLError(.timeout, "\(shown): no response in time")
    case .cancelled: return DSLError(.cancelled, "\(shown): stopped on request")
    case .invalidURL, .emptyHost, .emptyScheme: return DSLError(.invalidInput, "\(shown): malformed URL")
    case .invalidProxyResponse, .proxyAuthenticationRequired:
      return DSLError(
        .io, "\(shown): the proxy opens no tunnel", cause: error.shortDescription,
        fix: "look at http_proxy and https_proxy, or list the host in no_proxy")
    case .remoteConnectionClosed:
      return DSLError(.io, "\(shown): the server closed without a response")
    default:
      if error.shortDescription == "Unsupported scheme" {
        return DSLError(.invalidInput, "\(shown): unsupported protocol")
      }
      return DSLError(.io, "\(shown): the connection broke", cause: error.shortDescription)
    }
  }

  private static func connection(_ error: NIOConnectionError, _ shown: String) -> DSLError {
    if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty {
      return DSLError(.io, "\(shown): the host's name is not known")
    }
    let codes = error.connectionErrors.compactMap { ($0.error as? IOError)?.errnoCode }
    if error.connectionErrors.contains(where: { $0.error is ChannelError }) {
      return DSLError(.timeout, "\(shown): no response in time")
    }
    return DSLError(.io, "\(shown): \(codes.first.map(reason) ?? "no connection")")
  }

  private static func reason(_ errno: CInt) -> String {
    switch errno {
    case 111: "connection refused"
    case 101, 113: "the host cannot be reached"
    case 32, 104: "the connection broke"
    default: "the connection failed (errno \(errno))"
    }
  }
}
