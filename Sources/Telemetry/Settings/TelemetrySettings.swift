package import DSLBase

/// What the standard environment variables of OpenTelemetry ask for.
///
/// By the rules of the specification's `configuration/sdk-environment-variables.md`: an empty variable counts
/// as unset, a value that is not understood is reported and ignored, and nothing here ever fails.
package struct TelemetrySettings: Sendable, Equatable {
  /// Where telemetry can go: to a file of ours (spans only), to where people look, to a collector.
  package enum Destination: String, Sendable { case file, console, otlp }

  /// Where spans go, without repetition; empty when they go nowhere.
  package var destinations: [Destination] { chosen[.traces] ?? [] }
  /// Where each signal goes, without repetition.
  package private(set) var chosen: [OTLPSignal: [Destination]] = [:]
  /// How collectors are reached.
  package private(set) var export: ExportSettings
  /// What the spans say of this process.
  package private(set) var resource: Resource
  /// Decides on traces that begin here.
  package private(set) var sampler = Sampler.always
  /// The trace that this process was started in.
  package private(set) var parent: TraceContext?
  /// What was not understood, a sentence each.
  package private(set) var warnings: [String] = []

  /// Reads the environment.
  ///
  /// - Parameters:
  ///   - environment: variables by name.
  ///   - service: the name of the service when the environment has none.
  ///   - version: the version of this program.
  package init(environment: [String: String], service: String = "dsl", version: String? = nil) {
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    resource = Resource(service: service, version: version)
    export = ExportSettings(environment)
    if let text = variable("OTEL_RESOURCE_ATTRIBUTES") {
      if let attributes = Self.attributes(text) {
        for attribute in attributes { resource.set(attribute.key, attribute.value) }
      } else {
        warnings.append("OTEL_RESOURCE_ATTRIBUTES is not a list of key=value and was ignored")
      }
    }
    if let name = variable("OTEL_SERVICE_NAME") { resource.set(Resource.serviceName, name) }
    let disabled = isDisabled(variable("OTEL_SDK_DISABLED"))
    for signal in OTLPSignal.allCases {
      let name = "OTEL_\(signal.rawValue.uppercased())_EXPORTER"
      chosen[signal] = disabled ? [] : destinations(of: signal, name, variable(name))
      if chosen[signal]?.contains(.otlp) == true { export.send(signal) }
    }
    warnings += export.warnings
    readSampler(variable("OTEL_TRACES_SAMPLER"), argument: variable("OTEL_TRACES_SAMPLER_ARG"))
    readParent(variable("TRACEPARENT"), variable("TRACESTATE"), propagators: variable("OTEL_PROPAGATORS"))
  }

  /// The exporter that these settings ask for.
  ///
  /// - Parameters:
  ///   - files: where the file is.
  ///   - path: the file; `nil` when nothing may be written, as in a dry run.
  ///   - rotateBytes: a file that a line would make larger than this is rotated first.
  ///   - keep: how many rotated files stay.
  ///   - collector: sends to a collector; `nil` when this process does not send.
  ///   - console: writes bytes to where people look, which is not standard output: that is for data.
  package func exporter(
    files: any FileSystem, path: String?, rotateBytes: Int64 = 16 << 20, keep: Int = 5,
    collector: (any SpanExporter)? = nil, console: @escaping @Sendable ([UInt8]) throws -> Void
  ) -> any SpanExporter {
    var exporters: [any SpanExporter] = []
    for destination in destinations {
      switch destination {
      case .console: exporters.append(ConsoleExporter(write: console))
      case .otlp: if let collector { exporters.append(collector) }
      case .file:
        if let path {
          exporters.append(OTLPFileExporter(files: files, path: path, rotateBytes: rotateBytes, keep: keep))
        }
      }
    }
    if exporters.count > 1 { return FanOutExporter(exporters) }
    return exporters.first ?? NoExporter()
  }

  private mutating func isDisabled(_ text: String?) -> Bool {
    switch text?.lowercased() {
    case "true": return true
    case nil, "false": break
    default: warnings.append("OTEL_SDK_DISABLED is neither true nor false and counts as false")
    }
    return false
  }

  /// Where a signal goes. Without a choice spans go to the file, and every signal to a collector that is named; the
  /// specification's default, a collector on this host, would have every call of a command knock there.
  private mutating func destinations(of signal: OTLPSignal, _ name: String, _ exporters: String?)
    -> [Destination]
  {
    guard let exporters else {
      return (signal == .traces ? [.file] : []) + (export.namesCollector(signal) ? [.otlp] : [])
    }
    var chosen: [Destination] = []
    for exporter in exporters.split(separator: ",").map({ $0.trimmingBlanks().lowercased() }) {
      switch exporter {
      case "none": break
      case "console": chosen.append(.console)
      case "otlp": chosen.append(.otlp)
      case "otlp-file", "otlp_file", "otlp_file/development":
        if signal == .traces {
          chosen.append(.file)
        } else {
          warnings.append("\(name): only spans go to a file")
        }
      case "prometheus" where signal == .metrics:
        warnings.append("\(name): metrics are always at /metrics of dsl serve, and in the file of --textfile")
      default: warnings.append("\(name): no exporter is called '\(exporter)'")
      }
    }
    return chosen.enumerated().filter { chosen.firstIndex(of: $0.element) == $0.offset }.map(\.element)
  }

  private mutating func readSampler(_ name: String?, argument: String?) {
    guard let name else { return }
    switch name.lowercased() {
    case "always_on", "parentbased_always_on": sampler = .always
    case "always_off", "parentbased_always_off": sampler = .never
    case "traceidratio", "parentbased_traceidratio":
      let ratio = argument.map { Double($0) } ?? 1
      if let ratio, (0...1).contains(ratio) {
        sampler = .ratio(ratio)
      } else {
        warnings.append("OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1; every trace is recorded")
      }
    default: warnings.append("OTEL_TRACES_SAMPLER: no sampler is called '\(name)'; every trace is recorded")
    }
  }

  private mutating func readParent(_ traceparent: String?, _ tracestate: String?, propagators: String?) {
    if let propagators {
      let names = propagators.split(separator: ",").map { $0.trimmingBlanks().lowercased() }
      for name in names where !["tracecontext", "baggage", "none"].contains(name) {
        warnings.append("OTEL_PROPAGATORS: no propagator is called '\(name)'")
      }
      guard names.contains("tracecontext") else { return }
    }
    guard let traceparent else { return }
    parent = TraceContext(traceparent: traceparent, tracestate: tracestate)
    if parent == nil { warnings.append("TRACEPARENT is not valid and was ignored: a new trace begins") }
  }

  /// Reads `key=value,key=value` with percent-encoded keys and values; one that is wrong makes all of it
  /// wrong, by the specification.
  static func attributes(_ text: String) -> [(key: String, value: String)]? {
    var attributes: [(key: String, value: String)] = []
    for part in text.split(separator: ",") {
      let pair = part.trimmingBlanks()
      if pair.isEmpty { continue }
      guard let equals = pair.firstIndex(of: "="),
        let key = percentDecoded(pair[..<equals].trimmingBlanks()), !key.isEmpty,
        let value = percentDecoded(pair[pair.index(after: equals)...].trimmingBlanks())
      else { return nil }
      attributes.append((key, value))
    }
    return attributes
  }

  private static func percentDecoded(_ text: Substring) -> String? {
    let bytes = Array(text.utf8)
    var decoded: [UInt8] = []
    var position = 0
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "%") {
        guard position + 2 < bytes.count,
          let byte = UInt8(hexDigits: bytes[position + 1...position + 2], upperCase: true)
        else { return nil }
        decoded.append(byte)
        position += 3
      } else {
        decoded.append(bytes[position])
        position += 1
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }
}
