import DSLBase
import Foundation
import Testing

/// The examples for Prometheus, Grafana and the OpenTelemetry Collector.
@Suite struct MonitoringExampleTests {
  private static func text(_ name: String) throws -> String {
    try String(contentsOf: Shell.root.appendingPathComponent("examples/\(name)"), encoding: .utf8)
  }

  /// The names that samples have in Prometheus, from the registry of metrics.
  private static func samples() throws -> Set<String> {
    var names: Set<String> = []
    for group in try Registry().groups where group.type == "metric" {
      var name = group.name.replacing(".", with: "_")
      if group.unit == "s", !name.hasSuffix("_seconds") { name += "_seconds" }
      switch group.instrument {
      case "counter": names.insert(name + "_total")
      case "histogram": names.formUnion(["_bucket", "_sum", "_count"].map { name + $0 })
      default: names.insert(name)
      }
    }
    return names
  }

  /// The names of this project's metrics in some expression.
  private static func metrics(in text: String) -> [String] {
    text.matches(of: /\b(?:dsl|autonomous)_[a-z_]+/).map { String($0.0) }
  }

  @Test(.enabled(if: Shell.has("promtool"), "install prometheus"))
  func alertsAreWellFormedAndFireWhenTheyShould() throws {
    let shell = try Shell()
    let folder = Shell.root.appendingPathComponent("examples/prometheus").path
    for check in [
      "check rules dsl.rules.yml", "test rules dsl.rules.test.yml", "check config prometheus.yml",
    ] {
      let outcome = try shell("cd '\(folder)' && promtool \(check)")
      #expect(outcome.status == 0, "\(check): \(outcome.out) \(outcome.err)")
    }
  }

  @Test(arguments: ["prometheus/dsl.rules.yml", "prometheus/dsl.rules.test.yml"])
  func alertsAskForMetricsThatThereAre(name: String) throws {
    let rules = try YAMLNode.document(in: try Self.text(name), file: name)?.json
    let groups = rules?["groups"]?.array ?? []
    var expressions = groups.flatMap { $0["rules"]?.array ?? [] }.compactMap { $0["expr"]?.string }
    let tests = rules?["tests"]?.array ?? []
    expressions += tests.flatMap { $0["input_series"]?.array ?? [] }.compactMap { $0["series"]?.string }
    let used = expressions.flatMap(Self.metrics)
    let known = try Self.samples()
    #expect(used.count > 4)
    for metric in used { #expect(known.contains(metric), "\(metric)") }
  }

  @Test func theDashboardAsksForMetricsThatThereAre() throws {
    let dashboard = try JSONParser.parse(Array(try Self.text("grafana/dsl.json").utf8))
    let panels = dashboard["panels"]?.array ?? []
    let known = try Self.samples()
    #expect(panels.count == 12)
    #expect(Set(panels.compactMap { $0["id"]?.int }).count == panels.count)
    for panel in panels {
      let queries = (panel["targets"]?.array ?? []).compactMap { $0["expr"]?.string }
      #expect(!queries.isEmpty, "\(panel["title"]?.string ?? "")")
      for query in queries {
        let used = Self.metrics(in: query)
        #expect(!used.isEmpty && query.contains("instance=~\"$instance\""), "\(query)")
        for metric in used { #expect(known.contains(metric), "\(metric)") }
      }
    }
    let variables = dashboard["templating"]?["list"]?.array ?? []
    let instances = variables.compactMap { $0["query"]?["query"]?.string }.flatMap(Self.metrics)
    #expect(instances.count == 1 && known.isSuperset(of: instances))
  }

  /// Every component that a pipeline names is configured, every one that is configured is named, and the receivers are where
  /// `dsl` sends to and serves.
  @Test func theCollectorsPipelinesAreWhole() throws {
    let name = "otel-collector/config.yaml"
    let config = try #require(try YAMLNode.document(in: try Self.text(name), file: name)?.json)
    let pipelines = try #require(config["service"]?["pipelines"]?.object)
    #expect(Set(pipelines.keys) == ["traces", "metrics", "logs"])
    for kind in ["receivers", "processors", "exporters"] {
      let declared = Set(try #require(config[kind]?.object).keys)
      let used = pipelines.flatMap { ($0.value[kind]?.array ?? []).compactMap(\.string) }
      #expect(Set(used) == declared, "\(kind)")
    }
    #expect(config["receivers"]?["otlp"]?["protocols"]?["http"]?["endpoint"] == "127.0.0.1:4318")
    for pipeline in pipelines {
      #expect(
        pipeline.value["processors"]?.array?.first == "memory_limiter", "the first, as its documentation asks"
      )
    }
  }
}
