package import DSLBase
package import HTTPTypes

extension DSLError.Code {
  /// A token is needed, and none or a wrong one was given.
  package static let unauthenticated = Self(rawValue: "unauthenticated")
  /// Whoever it is may not do this, or not from there.
  package static let forbidden = Self(rawValue: "forbidden")
  /// What is named exists, and takes another method.
  package static let methodNotAllowed = Self(rawValue: "method_not_allowed")
  /// The body is larger than allowed.
  package static let tooLarge = Self(rawValue: "too_large")
  /// The body is of a kind that is not read here.
  package static let mediaType = Self(rawValue: "unsupported_media_type")
  /// The request asks for a host that this server is not.
  package static let misdirected = Self(rawValue: "misdirected")
  /// There is too much to do; later there will be less.
  package static let busy = Self(rawValue: "busy")
}

/// The HTTP status of each code of an error: the one table, documented in `docs/serve.md`.
package enum HTTPStatus {
  package static let table: [(code: DSLError.Code, status: HTTPResponse.Status)] = [
    (.invalidInput, .badRequest), (.unauthenticated, .unauthorized), (.forbidden, .forbidden),
    (.notFound, .notFound), (.methodNotAllowed, .methodNotAllowed), (.conflict, .conflict),
    (.invalidState, .conflict), (.superseded, .conflict), (.tooLarge, .contentTooLarge),
    (.mediaType, .unsupportedMediaType), (.misdirected, .misdirectedRequest),
    (.corrupt, .internalServerError), (.io, .internalServerError), (.internalError, .internalServerError),
    (.unsupported, .notImplemented), (.busy, .serviceUnavailable), (.locked, .serviceUnavailable),
    (.gone, .serviceUnavailable), (.unknownState, .serviceUnavailable), (.cancelled, .serviceUnavailable),
    (.timeout, .gatewayTimeout),
  ]

  /// The status; codes that the table does not know are defects.
  package static func of(_ code: DSLError.Code) -> HTTPResponse.Status {
    table.first { $0.code == code }?.status ?? .internalServerError
  }
}
