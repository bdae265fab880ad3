package import DSLBase

/// A change of one metric.
package struct MetricChange: Sendable, Equatable {
  package var metric: MetricName
  /// What was measured; `nil` when it was not.
  package var observed: Double?
  /// What it would have to be.
  package var needed: Double

  var isMore: Bool { observed.map { needed > $0 } ?? true }

  /// `work_queue_size >= 16, is 8`.
  func text(_ sign: String) -> String {
    "\(metric) \(sign) \(NumberText.short(needed)), is \(observed.map(NumberText.short) ?? "unknown")"
  }
}

/// The smallest change, all else equal, after which a rule decides that did not, or no longer does: of one metric, or
/// of two where one is not enough.
package struct MetricFlip: Sendable, Equatable {
  package var change: MetricChange
  /// The second change, without which the first is not enough.
  package var second: MetricChange?
  /// Whether the next value beyond flips it too.
  package var isThreshold: Bool
  /// How far it is: things, hundredths of a share, or the metric's unit; of two changes their sum.
  package var distance: Double

  private var comparison: (sign: String, word: String) {
    !isThreshold ? ("=", "eq") : change.isMore ? (">=", "gte") : ("<=", "lte")
  }

  /// `work_queue_size >= 16, is 8`, or `active_agents = 1, is 2, and completed_count = 4, is 0`.
  package var text: String {
    change.text(comparison.sign) + (second.map { ", and " + $0.text("=") } ?? "")
  }

  /// All fields.
  package var json: JSONValue {
    var object: JSONObject = [
      "metric": .string(change.metric.rawValue), "observed": .optional(change.observed),
      "needed": .double(change.needed), "comparison": .string(comparison.word), "distance": .double(distance),
    ]
    object["also"] =
      second.map {
        [
          "metric": .string($0.metric.rawValue), "observed": .optional($0.observed),
          "needed": .double($0.needed),
        ]
      } ?? .null
    return .object(object)
  }
}
