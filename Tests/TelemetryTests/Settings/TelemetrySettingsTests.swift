import Coordination
import DSLBase
import Synchronization
import Telemetry
import Testing

@Suite struct TelemetrySettingsTests {
  @Test func withoutVariablesSpansGoToTheFile() {
    let settings = TelemetrySettings(environment: ["OTEL_TRACES_EXPORTER": "", "OTEL_SERVICE_NAME": ""])
    #expect(settings.destinations == [.file])
    #expect(settings.sampler == .always)
    #expect(settings.parent == nil)
    #expect(settings.warnings.isEmpty)
    #expect(settings.resource["service.name"] == "dsl")
  }

  @Test func theServiceNameBeatsTheAttribute() {
    var environment = ["OTEL_RESOURCE_ATTRIBUTES": "service.name=a, deployment.environment.name=prod%2C1 ,x="]
    var resource = TelemetrySettings(environment: environment, version: "1.0").resource
    #expect(resource["service.name"] == "a")
    #expect(resource["deployment.environment.name"] == "prod,1")
    #expect(resource["x"] == "")
    #expect(resource["service.version"] == "1.0")
    environment["OTEL_SERVICE_NAME"] = "b"
    resource = TelemetrySettings(environment: environment).resource
    #expect(resource["service.name"] == "b")
    #expect(resource.attributes.map(\.key) == resource.attributes.map(\.key).sorted())
  }

  @Test(arguments: ["a", "=b", "a=%4", "a=%zz", "a=b,c", "a=%ff"])
  func oneBadAttributeMakesAllBad(text: String) {
    let settings = TelemetrySettings(environment: ["OTEL_RESOURCE_ATTRIBUTES": "ok=1," + text])
    #expect(settings.resource["ok"] == nil)
    #expect(settings.warnings.count == 1)
  }

  @Test(
    arguments: [
      ("none", [], 0), ("console", [.console], 0), ("otlp-file", [.file], 0),
      ("console, otlp-file,console", [.console, .file], 0), ("otlp", [.otlp], 0), ("zipkin", [], 1),
    ] as [(String, [TelemetrySettings.Destination], Int)])
  func exportersAreChosen(text: String, expected: [TelemetrySettings.Destination], warnings: Int) {
    let settings = TelemetrySettings(environment: ["OTEL_TRACES_EXPORTER": text])
    #expect(settings.destinations == expected)
    #expect(settings.warnings.count == warnings)
  }

  @Test(
    arguments: [("true", [], 0), ("TRUE", [], 0), ("false", [.file], 0), ("1", [.file], 1)]
      as [(String, [TelemetrySettings.Destination], Int)])
  func onlyTrueDisables(text: String, expected: [TelemetrySettings.Destination], warnings: Int) {
    let settings = TelemetrySettings(environment: ["OTEL_SDK_DISABLED": text])
    #expect(settings.destinations == expected)
    #expect(settings.warnings.count == warnings)
  }

  @Test(
    arguments: [
      ("always_off", nil, .never, 0), ("parentbased_always_on", nil, .always, 0),
      ("parentbased_traceidratio", "0.25", .ratio(0.25), 0), ("traceidratio", nil, .ratio(1), 0),
      ("traceidratio", "2", .always, 1), ("jaeger_remote", nil, .always, 1),
    ] as [(String, String?, Sampler, Int)])
  func samplersAreChosen(name: String, argument: String?, expected: Sampler, warnings: Int) {
    let settings = TelemetrySettings(
      environment: ["OTEL_TRACES_SAMPLER": name, "OTEL_TRACES_SAMPLER_ARG": argument ?? ""])
    #expect(settings.sampler == expected)
    #expect(settings.warnings.count == warnings)
  }

  @Test func theParentIsReadUnlessPropagationIsOff() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    var environment = ["TRACEPARENT": parent, "TRACESTATE": "a=1"]
    #expect(TelemetrySettings(environment: environment).parent?.state.text == "a=1")
    environment["OTEL_PROPAGATORS"] = "baggage, tracecontext"
    #expect(TelemetrySettings(environment: environment).parent?.traceparent == parent)
    environment["OTEL_PROPAGATORS"] = "none"
    #expect(TelemetrySettings(environment: environment).parent == nil)
    let broken = TelemetrySettings(environment: ["TRACEPARENT": "00-0-0-1"])
    #expect(broken.parent == nil)
    #expect(broken.warnings.count == 1)
  }

  @Test func anExporterWritesWhereItWasAskedTo() throws {
    let files = InMemoryFileSystem()
    let shown = Mutex<[UInt8]>([])
    func export(_ exporters: String, path: String?) throws {
      let settings = TelemetrySettings(environment: ["OTEL_TRACES_EXPORTER": exporters])
      let exporter = settings.exporter(files: files, path: path) { bytes in shown.withLock { $0 += bytes } }
      try exporter.export(Array("x".utf8))
    }
    try export("none", path: "/a")
    try export("otlp-file", path: nil)
    #expect(try files.status("/a") == nil)
    try export("otlp-file,console", path: "/a")
    #expect(try files.read("/a", limit: 9) == Array("x\n".utf8))
    #expect(shown.withLock { $0 } == Array("x\n".utf8))
  }
}
