package import DSLBase
import Glibc

/// The settings that tuning searches, and from where to where.
///
/// `python/resonetics/space.json` has the same for Optuna; a test compares them.
package struct SearchSpace: Sendable {
  /// One setting.
  package struct Entry: Sendable, Hashable {
    package var name: String
    package var isWhole: Bool
    package var low: Double
    package var high: Double
    /// Whether it is drawn by its logarithm.
    package var isLog: Bool

    /// The setting where a share from 0 to 1 of the range lies below.
    ///
    /// A whole number has half a unit more on both sides, so that the outermost are as likely as others.
    func value(at share: Double) -> Double {
      let margin = isWhole ? 0.5 : 0
      let (from, to) = (low - margin, high + margin)
      let drawn = isLog ? exp(log(from) + share * (log(to) - log(from))) : from + share * (to - from)
      return min(max(isWhole ? drawn.rounded() : drawn, low), high)
    }

    /// The setting as JSON.
    package func json(_ value: Double) -> JSONValue { isWhole ? .int(Int(value)) : .double(value) }

    /// What Optuna calls its distribution, as text.
    var distribution: String {
      var attributes: JSONObject = ["step": isWhole ? .int(1) : .null]
      attributes["low"] = json(low)
      attributes["high"] = json(high)
      attributes["log"] = .bool(isLog)
      let object: JSONValue = [
        "name": .string(isWhole ? "IntDistribution" : "FloatDistribution"), "attributes": .object(attributes),
      ]
      return object.text()
    }
  }

  package static let settings: [Entry] = [
    real("discount", 0.95, 0.998), whole("n_steps", 3, 40), real("step_size_start", 0.05, 1, log: true),
    real("step_size_end", 0.001, 0.05, log: true), real("exploration_end", 0.0005, 0.05, log: true),
    real("exploration_share", 0.3, 1), real("oom_weight", 1, 100, log: true),
    real("fatal_weight", 1, 20, log: true),
  ]

  private static func real(_ name: String, _ low: Double, _ high: Double, log: Bool = false) -> Entry {
    Entry(name: name, isWhole: false, low: low, high: high, isLog: log)
  }

  private static func whole(_ name: String, _ low: Double, _ high: Double) -> Entry {
    Entry(name: name, isWhole: true, low: low, high: high, isLog: true)
  }

  /// The settings of a trial of a random search: the same for the same seed and number, whatever was tried before.
  package static func draw(seed: UInt64, trial: Int) -> [String: Double] {
    var drawn: [String: Double] = [:]
    for (i, entry) in settings.enumerated() {
      let words = Philox.block(
        key: seed, step: UInt32(truncatingIfNeeded: trial), index: UInt32(i), stream: .policy)
      let bits = UInt64(words[0]) << 32 | UInt64(words[1])
      drawn[entry.name] = entry.value(at: Double(bits >> 11) * 0x1p-53)
    }
    return drawn
  }
}
