package import DSLBase

/// HTTP through the `curl` of the machine (docs/adr/0007-http-through-curl.md).
///
/// URL and headers go through a descriptor, not through arguments or files, so that no other user sees them.
package struct CurlTransport: HTTPTransport {
  /// Variables that say how this machine reaches others.
  private static let passedOn = [
    "PATH", "HOME", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
  ]
  private let environment: [String]
  private let time: any TimeSource

  /// - Parameter environment: the engine's own.
  package init(environment: [String: String], time: any TimeSource) {
    var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin"]
    for name in Self.passedOn { variables[name] = environment[name] ?? variables[name] }
    self.environment = variables.map { "\($0.key)=\($0.value)" }.sorted()
    self.time = time
  }

  package func post(_ request: HTTPPost) async throws(DSLError) -> HTTPReply {
    var command = CommandRequest(
      command: "curl", environment: environment, input: request.body, outputBytes: 64,
      timeoutSeconds: request.timeoutSeconds + 1, graceSeconds: 0.5)
    command.program = ["curl", "--disable", "--config", "/dev/fd/3"]
    command.sideInput = Array(try Self.configuration(request).utf8)
    let running = try RunningCommand(command, time: time)
    let end = await withTaskCancellationHandler {
      await running.end()
    } onCancel: {
      running.signal(9)
    }
    if end.isSuccess, let status = Int(String(decoding: end.output, as: UTF8.self)), status > 0 {
      return HTTPReply(status: status)
    }
    throw Self.failure(end, HTTPPost.masked(request.url))
  }

  /// curl's configuration file: curl(1), `--config`.
  static func configuration(_ request: HTTPPost) throws(DSLError) -> String {
    var lines = [
      "silent", "show-error", "globoff", "request = \"POST\"", "data-binary = \"@-\"",
      "output = \"/dev/null\"",
      "write-out = \"%{http_code}\"", "proto = \"=http,https\"", "max-time = \(request.timeoutSeconds)",
      // A request that waits for leave to send its body would wait for every small server that knows no such thing.
      "header = \"Expect:\"",
    ]
    lines.append("url = \(try quoted(request.url, "URL"))")
    for header in request.headers {
      lines.append("header = \(try quoted("\(header.name): \(header.value)", "header \(header.name)"))")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String, _ what: String) throws(DSLError) -> String {
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw DSLError(.invalidInput, "the \(what) holds a line break or another control character")
    }
    var result = "\""
    for character in text {
      if character == "\"" || character == "\\" { result.append("\\") }
      result.append(character)
    }
    return result + "\""
  }

  /// What an exit status of curl's means (curl(1), "EXIT CODES").
  private static func failure(_ end: CommandEnd, _ shown: String) -> DSLError {
    switch end.cause {
    case .exit(28), .timeout: return DSLError(.timeout, "POST \(shown): no response in time")
    case .exit(126), .exit(127), .notStarted:
      return DSLError(
        .unsupported, "POST \(shown): curl cannot be run",
        fix: "install curl, or use a notifier of another kind")
    case .exit(let status):
      let reasons: [Int32: String] = [
        1: "unsupported protocol", 3: "malformed URL", 5: "the proxy's name is not known",
        6: "the host's name is not known", 7: "connection refused", 35: "TLS handshake failed",
        52: "the server closed without a response", 55: "the connection broke", 56: "the connection broke",
        60: "the server's certificate is not trusted", 77: "the certificates of authorities cannot be read",
      ]
      return DSLError(.io, "POST \(shown): \(reasons[status] ?? "curl exit status \(status)")")
    case .signal(let signal): return DSLError(.io, "POST \(shown): curl was killed by signal \(signal)")
    }
  }
}
