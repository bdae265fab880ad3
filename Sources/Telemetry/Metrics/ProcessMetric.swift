/// The metrics that a process keeps of itself, in code by swift-metrics; declared again in `docs/semconv/metrics.yaml`.
package enum ProcessMetric {
  package static let exportedItems = MetricDeclaration(
    "dsl.otlp.items", .counter, unit: "{item}",
    "Spans, data points and log records by what became of sending them.", labels: ["signal", "result"])
  package static let exportRequests = MetricDeclaration(
    "dsl.otlp.requests", .counter, unit: "{request}",
    "Requests to collectors by the status of the response, or the kind of error when there was none.",
    labels: ["signal", "status"])
  package static let failedTurns = MetricDeclaration(
    "dsl.auto.failed_turns", .counter, unit: "{turn}",
    "Turns of the loop that could not be made, by the code of the error.",
    labels: ["code"])
  package static let observation = MetricDeclaration(
    "dsl.auto.observation.duration", .histogram, unit: "s", "How long it took to look at the fleet once.")
  package static let workItems = MetricDeclaration(
    "dsl.agent.work_items", .counter, unit: "{item}",
    "Attempts at work items that this agent ended, by outcome.",
    labels: ["outcome"])
  package static let workDuration = MetricDeclaration(
    "dsl.agent.work_item.duration", .histogram, unit: "s",
    "How long this agent's attempts at work items took.")

  /// All of them, in the order of a page.
  package static let all = [
    failedTurns, observation, workItems, workDuration, exportedItems, exportRequests,
  ]
}
