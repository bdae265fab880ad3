import DSLBase

/// Where metrics and logs go, and how all signals reach a collector, by the variables of the OpenTelemetry specification
/// (`protocol/exporter.md`, `configuration/sdk-environment-variables.md`).
///
/// A variable for one signal comes before the one for all. Nothing here ever fails: what is not understood is a warning.
package struct ExportSettings: Sendable, Equatable {
  /// Where the telemetry of a signal is sent; a signal that is not sent is not there.
  package private(set) var endpoints: [OTLPSignal: OTLPEndpoint] = [:]
  /// When spans leave, and how many wait.
  package private(set) var spans = BatchPolicy()
  /// When log records leave, and how many wait.
  package private(set) var logs = BatchPolicy()
  /// Seconds from one export of metrics to the next.
  package private(set) var metricSeconds = 60.0
  /// Files with certificates: of authorities that are trusted, and of this program.
  package private(set) var certificates = Certificates()
  package private(set) var warnings: [String] = []

  /// Paths of PEM files.
  package struct Certificates: Sendable, Equatable {
    package var authorities: String?
    package var own: String?
    package var key: String?
  }

  private let environment: [String: String]

  init(_ environment: [String: String]) {
    self.environment = environment.filter { !$0.value.isEmpty && $0.key.hasPrefix("OTEL_") }
    spans = policy("OTEL_BSP")
    logs = policy("OTEL_BLRP")
    if environment["OTEL_BLRP_SCHEDULE_DELAY"]?.isEmpty ?? true { logs.delaySeconds = 1 }
    metricSeconds = milliseconds("OTEL_METRIC_EXPORT_INTERVAL", least: 100) ?? metricSeconds
    certificates.authorities = self.environment["OTEL_EXPORTER_OTLP_CERTIFICATE"]
    certificates.own = self.environment["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"]
    certificates.key = self.environment["OTEL_EXPORTER_OTLP_CLIENT_KEY"]
  }

  /// Whether the environment names a collector for a signal: then telemetry is sent although no exporter is chosen.
  func namesCollector(_ signal: OTLPSignal) -> Bool { variable("ENDPOINT", signal) != nil }

  /// Has a signal sent.
  mutating func send(_ signal: OTLPSignal) {
    var encoding = OTLPEncoding.json
    switch variable("PROTOCOL", signal)?.value {
    case nil, "http/json": break
    case "http/protobuf": encoding = .protobuf
    case let other?:
      warn(
        "OTEL_EXPORTER_OTLP_PROTOCOL: '\(other)' is not built in and nothing is sent; use "
          + "http/protobuf or http/json, port 4318 of most collectors")
      return
    }
    guard let url = url(signal) else { return }
    var endpoint = OTLPEndpoint(signal, url: url)
    endpoint.headers = headers(signal)
    endpoint.encoding = encoding
    if let variable = variable("TIMEOUT", signal) {
      endpoint.timeoutSeconds = milliseconds(variable.name, least: 1) ?? endpoint.timeoutSeconds
    }
    switch variable("COMPRESSION", signal)?.value {
    case nil, "none": break
    case "gzip": endpoint.gzip = true
    case let other?: warn("OTEL_EXPORTER_OTLP_COMPRESSION: '\(other)' is neither gzip nor none")
    }
    endpoints[signal] = endpoint
  }

  /// The variable of a signal, or else that of all.
  private func variable(_ name: String, _ signal: OTLPSignal) -> (name: String, value: String)? {
    for key in ["OTEL_EXPORTER_OTLP_\(signal.rawValue.uppercased())_\(name)", "OTEL_EXPORTER_OTLP_\(name)"] {
      if let value = environment[key] { return (key, String(value[...].trimmingBlanks())) }
    }
    return nil
  }

  /// A signal's own endpoint is used as it is; the one for all gets the path of the signal.
  private mutating func url(_ signal: OTLPSignal) -> String? {
    guard let (name, text) = variable("ENDPOINT", signal) else {
      return "http://localhost:4318/v1/\(signal.rawValue)"
    }
    let hasScheme = text.hasPrefix("http://") || text.hasPrefix("https://")
    let rest = text.drop { $0 != "/" }.dropFirst(2)
    guard hasScheme, let first = rest.first, first != "/", text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else {
      warn("\(name) is not an http or https URL; nothing is sent there")
      return nil
    }
    if name != "OTEL_EXPORTER_OTLP_ENDPOINT" { return rest.contains("/") ? text : text + "/" }
    return text + (text.hasSuffix("/") ? "v1/" : "/v1/") + signal.rawValue
  }

  private mutating func headers(_ signal: OTLPSignal) -> [HTTPHeader] {
    guard let (name, text) = variable("HEADERS", signal) else { return [] }
    let token: (UInt8) -> Bool = { $0 > 0x20 && $0 < 0x7F && !#"()<>@,;:\"/[]?={}"#.utf8.contains($0) }
    guard let pairs = TelemetrySettings.attributes(text),
      pairs.allSatisfy({
        $0.key.utf8.allSatisfy(token) && $0.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
      })
    else {
      warn("\(name) is not a list of name=value and was ignored")
      return []
    }
    return pairs.map { HTTPHeader($0.key, $0.value) }
  }

  private mutating func policy(_ prefix: String) -> BatchPolicy {
    var policy = BatchPolicy()
    policy.delaySeconds = milliseconds("\(prefix)_SCHEDULE_DELAY", least: 0) ?? policy.delaySeconds
    policy.exportSeconds = milliseconds("\(prefix)_EXPORT_TIMEOUT", least: 1) ?? policy.exportSeconds
    policy.maximumQueue = number("\(prefix)_MAX_QUEUE_SIZE", least: 1) ?? policy.maximumQueue
    policy.maximumBatch = number("\(prefix)_MAX_EXPORT_BATCH_SIZE", least: 1) ?? policy.maximumBatch
    policy.maximumBatch = min(policy.maximumBatch, policy.maximumQueue)
    return policy
  }

  /// Notes what was not understood, once for all signals.
  private mutating func warn(_ text: String) {
    if !warnings.contains(text) { warnings.append(text) }
  }

  private mutating func milliseconds(_ name: String, least: Int) -> Double? {
    number(name, least: least).map { Double($0) / 1000 }
  }

  private mutating func number(_ name: String, least: Int) -> Int? {
    guard let text = environment[name] else { return nil }
    guard let number = Int(text[...].trimmingBlanks()), number >= least, number <= 1_000_000_000 else {
      warn("\(name) is not a whole number from \(least) on and was ignored")
      return nil
    }
    return number
  }
}
