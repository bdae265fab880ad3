import DSLBase
import Telemetry
import Testing

@Suite struct ExportSettingsTests {
  private func settings(_ environment: [String: String]) -> TelemetrySettings {
    TelemetrySettings(environment: environment)
  }

  @Test func nothingIsSentUnlessAskedFor() {
    let plain = settings([:])
    #expect(plain.export.endpoints.isEmpty && plain.chosen == [.traces: [.file], .metrics: [], .logs: []])
    let empty = settings(["OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_TRACES_EXPORTER": ""])
    #expect(empty.export == plain.export || empty.export.endpoints.isEmpty)
  }

  @Test func aNamedCollectorGetsEverything() {
    let found = settings(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/base/"])
    #expect(found.chosen == [.traces: [.file, .otlp], .metrics: [.otlp], .logs: [.otlp]])
    #expect(
      OTLPSignal.allCases.map { found.export.endpoints[$0]?.url }
        == ["traces", "metrics", "logs"].map { "http://c:4318/base/v1/\($0)" })
    let disabled = settings(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"])
    #expect(disabled.export.endpoints.isEmpty)
  }

  @Test func aSignalsOwnVariablesComeFirst() throws {
    let found = settings([
      "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://t",
      "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://l/x?y=1",
      "OTEL_EXPORTER_OTLP_HEADERS": "a=1,b=2%2C3", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "c=%20d",
      "OTEL_EXPORTER_OTLP_TIMEOUT": "2500", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "100",
      "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "http/protobuf",
      "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "none",
      "OTEL_METRICS_EXPORTER": "none",
    ])
    #expect(found.warnings.isEmpty, "\(found.warnings)")
    let traces = try #require(found.export.endpoints[.traces])
    #expect(traces.url == "https://t/" && traces.headers == [HTTPHeader("c", " d")])
    #expect(traces.timeoutSeconds == 0.1 && !traces.gzip)
    let logs = try #require(found.export.endpoints[.logs])
    #expect(logs.url == "http://l/x?y=1" && logs.headers == [HTTPHeader("a", "1"), HTTPHeader("b", "2,3")])
    #expect(logs.timeoutSeconds == 2.5 && logs.gzip)
    #expect(traces.encoding == .json && logs.encoding == .protobuf)
    #expect(found.export.endpoints[.metrics] == nil)
  }

  @Test func withoutACollectorTheOneOfThisHostIsMeant() {
    let found = settings(["OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "console,otlp"])
    #expect(found.chosen == [.traces: [.otlp], .metrics: [.console, .otlp], .logs: []])
    #expect(found.export.endpoints[.traces]?.url == "http://localhost:4318/v1/traces")
  }

  @Test(
    arguments: [
      (["OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"], "not an http or https URL", false),
      (["OTEL_EXPORTER_OTLP_ENDPOINT": "http:///v1"], "not an http or https URL", false),
      (["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"], "'grpc' is not built in", false),
      (["OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"], nil, true),
      (["OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"], nil, true),
      (["OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"], "neither gzip nor none", true),
      (["OTEL_EXPORTER_OTLP_HEADERS": "a b=c"], "not a list of name=value", true),
      (["OTEL_EXPORTER_OTLP_HEADERS": "a=%0d%0aX: y"], "not a list of name=value", true),
      (["OTEL_EXPORTER_OTLP_TIMEOUT": "ten"], "OTEL_EXPORTER_OTLP_TIMEOUT", true),
      (["OTEL_BSP_MAX_QUEUE_SIZE": "0"], "OTEL_BSP_MAX_QUEUE_SIZE", true),
      (["OTEL_METRICS_EXPORTER": "prometheus"], "/metrics", true),
      (["OTEL_LOGS_EXPORTER": "otlp-file"], "only spans", true),
      (["OTEL_PROPAGATORS": "b3"], "no propagator is called 'b3'", true),
    ] as [([String: String], String?, Bool)])
  func whatIsWrongIsTold(environment: [String: String], warning: String?, sends: Bool) {
    let found = settings(environment.merging(["OTEL_TRACES_EXPORTER": "otlp"]) { $1 })
    #expect(found.warnings.count == (warning == nil ? 0 : 1), "\(found.warnings)")
    if let warning { #expect(found.warnings.first?.contains(warning) == true, "\(found.warnings)") }
    #expect((found.export.endpoints[.traces] != nil) == sends)
  }

  @Test func batchesAreAsTheVariablesSay() {
    let export = settings([
      "OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_BSP_EXPORT_TIMEOUT": "1000", "OTEL_BSP_MAX_QUEUE_SIZE": "100",
      "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "500", "OTEL_BLRP_SCHEDULE_DELAY": "50",
      "OTEL_METRIC_EXPORT_INTERVAL": "15000", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem",
    ]).export
    #expect(export.spans.delaySeconds == 0.2 && export.spans.exportSeconds == 1)
    #expect(export.spans.maximumQueue == 100 && export.spans.maximumBatch == 100, "a batch fits the queue")
    #expect(export.logs.delaySeconds == 0.05 && export.logs.maximumQueue == 2048)
    #expect(export.metricSeconds == 15 && export.certificates.authorities == "/ca.pem")
  }
}
