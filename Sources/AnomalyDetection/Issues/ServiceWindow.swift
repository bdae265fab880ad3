package import DSLBase

/// What was seen of one service in one stretch of time.
///
/// Whatever was not seen is `nil`, never 0: a detector takes `nil` as "no data", which neither feeds a baseline nor raises
/// an issue. A value that is no finite number in its range is refused when the window is made, so that no detector has to
/// think about it.
package struct ServiceWindow: Sendable, Hashable {
  /// How many spans ended, and how many of them with an error.
  package struct Traffic: Sendable, Hashable {
    /// Spans that ended in the window; 0 means that a receiver listened and none came.
    package let spans: Int
    /// How many of them have the status ERROR.
    package let errors: Int

    package init(spans: Int, errors: Int) {
      self.spans = spans
      self.errors = errors
    }
  }

  /// Quantiles of the spans' durations, in seconds.
  package struct Latency: Sendable, Hashable {
    package let p50: Double
    package let p95: Double
    package let p99: Double

    package init(p50: Double, p95: Double, p99: Double) {
      self.p50 = p50
      self.p95 = p95
      self.p99 = p99
    }
  }

  /// How much of a resource is used.
  package struct Reading: Sendable, Hashable {
    /// What it is a part of: `memory`, `cpu`, `disk`.
    package let resource: String
    /// The part in use, 0 to 1; 1 is the limit.
    package let used: Double

    package init(resource: String, used: Double) {
      self.resource = resource
      self.used = used
    }
  }

  /// How the agents of the service are.
  package struct Agents: Sendable, Hashable {
    package let healthy: Int
    package let total: Int

    package init(healthy: Int, total: Int) {
      self.healthy = healthy
      self.total = total
    }
  }

  /// The service, as `service.name` says it.
  package let service: String
  /// When the window begins.
  package let start: Timestamp
  /// How long it is, in seconds.
  package let length: Double
  package let traffic: Traffic?
  package let latency: Latency?
  /// In the order of their names, each resource once; empty when nothing was read.
  package let readings: [Reading]
  package let agents: Agents?
  /// The services seen calling this one, in the order of their names; empty when no call was seen.
  package let callers: [String]

  /// When the window ends.
  package var end: Timestamp { start.adding(seconds: length) }

  /// - Throws: `DSLError` `.invalidInput`, naming the service and the member, for a value that is not a finite number in
  ///   its range, for more errors than spans, more healthy agents than agents, quantiles out of order, and a resource
  ///   that is read twice.
  package init(
    service: String, start: Timestamp, length: Double, traffic: Traffic? = nil, latency: Latency? = nil,
    readings: [Reading] = [], agents: Agents? = nil, callers: [String] = []
  ) throws(DSLError) {
    let check = Check(service: service)
    try check.that(!service.isEmpty, "service", "a name", "an empty text")
    try check.that(length.isFinite && length > 0, "length", "a number of seconds above 0", length)
    if let traffic {
      try check.that(traffic.spans >= 0, "spans", "0 or more", traffic.spans)
      try check.that((0...traffic.spans).contains(traffic.errors), "errors", "0 to spans", traffic.errors)
    }
    if let latency {
      let ordered = [0, latency.p50, latency.p95, latency.p99]
      try check.that(
        ordered.allSatisfy(\.isFinite) && zip(ordered, ordered.dropFirst()).allSatisfy(<=), "latency",
        "seconds with 0 ≤ p50 ≤ p95 ≤ p99", ordered.dropFirst().map(\.description).joined(separator: ", "))
    }
    let readings = readings.sorted { $0.resource < $1.resource }
    for reading in readings {
      try check.that((0...1).contains(reading.used), "readings.\(reading.resource)", "0 to 1", reading.used)
    }
    for (one, next) in zip(readings, readings.dropFirst()) {
      try check.that(one.resource != next.resource, "readings.\(one.resource)", "read once", "twice")
    }
    if let agents {
      try check.that(agents.total >= 0, "agents.total", "0 or more", agents.total)
      try check.that(
        (0...agents.total).contains(agents.healthy), "agents.healthy", "0 to total", agents.healthy)
    }
    self.service = service
    self.start = start
    self.length = length
    self.traffic = traffic
    self.latency = latency
    self.readings = readings
    self.agents = agents
    self.callers = callers.sorted()
  }

  private struct Check {
    let service: String

    func that(
      _ holds: Bool, _ member: String, _ expected: String, _ found: some CustomStringConvertible
    ) throws(DSLError) {
      if holds { return }
      throw DSLError(
        .invalidInput, "window of service \"\(service)\": \(member) is \(found), expected \(expected)",
        fix: "leave out what was not measured")
    }
  }
}
