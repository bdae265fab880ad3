/// What can be wrong with a service, in the words of the engine's remediation map.
package enum IssueKind: String, Sendable, Hashable, CaseIterable {
  /// A larger share of the spans fails than this service's history explains.
  case errorSpike = "error_spike"
  /// Spans take longer than this service's history explains.
  case latencyIncrease = "latency_increase"
  /// A service that is alive ends fewer spans than its history explains. Silence is not this.
  case throughputDrop = "throughput_drop"
  /// Errors began in several services, callees before their callers or together, more than chance explains.
  case cascadeFailure = "cascade_failure"
  /// A resource is on its way to its limit, or has come to it.
  case resourceExhaustion = "resource_exhaustion"
  /// More agents are unhealthy than this service's history explains.
  case unhealthyAgents = "unhealthy_agents"
}
