package import DSLBase

/// A number of a service's telemetry that is like none before it. It says that something is new, not that something is
/// wrong: nothing is done about it.
package struct UnusualSignal: Sendable, Equatable {
  package let service: String
  /// As issues name it: "error_ratio", "latency_p95_seconds", "spans_per_second", "used_ratio:cpu", "unhealthy_ratio".
  package let measure: String
  /// When the window began.
  package let at: Timestamp
  /// What was measured in it.
  package let value: Double
  /// How rare that is: the sum of two −log₁₀ of p-values, `RarityWatch.threshold` and more.
  package let rarity: Double

  package init(service: String, measure: String, at: Timestamp, value: Double, rarity: Double) {
    self.service = service
    self.measure = measure
    self.at = at
    self.value = value
    self.rarity = rarity
  }
}

extension UnusualSignal {
  package var json: JSONValue {
    [
      "at": at.json, "service": .string(service), "measure": .string(measure), "value": .double(value),
      "rarity": .double((rarity * 100).rounded() / 100),
    ]
  }

  /// - Returns: `nil` for what is none.
  package init?(json: JSONValue) {
    guard let at = json["at"]?.string.flatMap({ Timestamp.parse($0)?.time }),
      let service = json["service"]?.string, let measure = json["measure"]?.string,
      let value = json["value"]?.double, let rarity = json["rarity"]?.double
    else { return nil }
    self.init(service: service, measure: measure, at: at, value: value, rarity: rarity)
  }
}
