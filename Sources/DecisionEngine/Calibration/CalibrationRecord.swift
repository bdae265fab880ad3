public import DSLBase
import Glibc

/// How the predictions of each kind of decision fared of late: what confidence and gate rest on.
///
/// An outcome of age a counts `2^(−a / half-life)`: a kind that is held back is forgiven with time, gets to act again, and
/// is judged by what comes of it. A cycle journals the record that it decided with, so that a replay needs neither the
/// ledger of then nor the exponential function.
public struct CalibrationRecord: Sendable, Equatable {
  /// What is known of one kind: decisions of one type by one rule.
  public struct Kind: Sendable, Equatable {
    /// The type of decision.
    public var type: DecisionType
    /// The rule or strategy.
    public var rule: String
    /// Predictions that came true, weighted by age.
    public var hits: Double
    /// Predictions that came true or did not, weighted by age.
    public var count: Double
    /// Their mean confidence, weighted by age.
    public var claimed: Double

    /// A kind.
    public init(type: DecisionType, rule: String, hits: Double, count: Double, claimed: Double) {
      self.type = type
      self.rule = rule
      self.hits = hits
      self.count = count
      self.claimed = claimed
    }
  }

  /// By type, then rule.
  public private(set) var kinds: [Kind]

  /// A record of kinds in any order, each at most once.
  public init(_ kinds: [Kind] = []) {
    self.kinds = kinds.sorted { ($0.type, $0.rule) < ($1.type, $1.rule) }
  }

  /// Sums up a ledger.
  ///
  /// - Parameters:
  ///   - entries: in the order of the ledger; unknown outcomes are passed over.
  ///   - now: the wall clock. Outcomes that lie ahead of it, because it was set back, count in full.
  ///   - halfLife: seconds after which an outcome counts half.
  public init(_ entries: [CalibrationEntry], at now: Timestamp, halfLife: Double) {
    var sums: [KindKey: Kind] = [:]
    for entry in entries where entry.outcome != .unknown {
      let key = KindKey(type: entry.type, rule: entry.rule)
      let weight = exp2(-max(0, now.seconds(since: entry.at)) / halfLife)
      var kind = sums[key] ?? Kind(type: entry.type, rule: entry.rule, hits: 0, count: 0, claimed: 0)
      kind.hits += entry.outcome == .hit ? weight : 0
      kind.count += weight
      kind.claimed += weight * entry.confidence
      sums[key] = kind
    }
    self.init(
      sums.values.filter { $0.count > Self.leastCount }.map { kind in
        var kind = kind
        kind.claimed /= kind.count
        return kind
      })
  }

  /// Less than that is as good as forgotten.
  private static let leastCount = 1e-6

  private struct KindKey: Hashable {
    var type: DecisionType
    var rule: String
  }

  /// What is known of one kind; `nil` when nothing is.
  public subscript(type: DecisionType, rule: String) -> Kind? {
    kinds.first { $0.type == type && $0.rule == rule }
  }
}

extension CalibrationRecord.Kind {
  /// The weight of the prior, outcomes: before anything was measured a claim is believed as if eight predictions had
  /// come true as often as it says. A power of two, so that no history changes no bit.
  public static let priorCount = 8.0

  /// The hit rate that a claim has left after what was measured: the mean of the posterior
  /// `Beta(8 c + hits, 8 (1 − c) + misses)`.
  ///
  /// - Parameter claim: c, the confidence claimed, 0…1.
  public func supported(_ claim: Double) -> Double {
    (Self.priorCount * claim + hits) / (Self.priorCount + count)
  }

  /// The value of the term `record` for a rule: what is supported, by what is claimed; 1 where more is supported.
  func value(of claim: Double) -> Double {
    claim > 0 ? min(1, supported(claim) / claim) : 1
  }

  /// By how much the kind has claimed more than it kept, 0…1: what its gate asks for in addition.
  public var overclaim: Double { max(0, claimed - supported(claimed)) }

  /// In words, weights rounded to tenths.
  var text: String {
    func tenths(_ value: Double) -> String { NumberText.short((value * 10).rounded() / 10) }
    return "\(tenths(hits)) of \(tenths(count)) predictions came true, older ones counting less"
  }
}

extension CalibrationRecord {
  /// An array of kinds.
  public var json: JSONValue {
    .array(
      kinds.map {
        [
          "type": .string($0.type.rawValue), "rule": .string($0.rule), "hits": .double($0.hits),
          "count": .double($0.count), "claimed": .double($0.claimed),
        ]
      })
  }

  /// Reads what a cycle journaled; a cycle of before there was a record has none.
  ///
  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue?) throws(DSLError) {
    var kinds: [Kind] = []
    for value in json?.array ?? [] {
      let fields = try JSONFields(value, "calibration of the cycle")
      kinds.append(
        Kind(
          type: DecisionType(rawValue: try fields.string("type")), rule: try fields.string("rule"),
          hits: try fields.double("hits"), count: try fields.double("count"),
          claimed: try fields.double("claimed")))
    }
    self.init(kinds)
  }
}
