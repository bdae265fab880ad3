public import DSLBase

/// How decisions' predictions fared, and what follows for their gates: what `dsl auto calibration` tells.
public struct CalibrationReport: Sendable, Equatable {
  /// Predictions counted, each once whatever its age.
  public struct Counts: Sendable, Equatable {
    /// Predictions that came true.
    public var hits = 0
    /// Predictions that did not.
    public var misses = 0
    /// Predictions of which it cannot be told.
    public var unknown = 0
    /// The sum of the measured ones' confidences.
    var claims = 0.0

    /// Predictions that came true or did not.
    public var measured: Int { hits + misses }
    /// The share of the measured ones that came true; `nil` when none was measured.
    public var hitRate: Double? { measured > 0 ? Double(hits) / Double(measured) : nil }
    /// Their mean confidence; `nil` when none was measured.
    public var claimed: Double? { measured > 0 ? claims / Double(measured) : nil }
    /// Where the hit rate lies.
    public var interval: WilsonInterval { WilsonInterval(hits: hits, of: measured) }

    fileprivate mutating func add(_ entry: CalibrationEntry) {
      switch entry.outcome {
      case .hit: hits += 1
      case .miss: misses += 1
      case .unknown: unknown += 1
      }
      if entry.outcome != .unknown { claims += entry.confidence }
    }
  }

  /// One kind of decision.
  public struct Kind: Sendable, Equatable {
    /// The type of decision.
    public var type: DecisionType
    /// The rule or strategy.
    public var rule: String
    /// What was counted.
    public var counts: Counts
    /// How good its confidences were as forecasts; `nil` when none was measured.
    public var brier: BrierScore?
    /// What the confidence gate asks for in addition.
    public var offset: Double
    /// What it asks for in all.
    public var required: Double
    /// Why, as a sentence.
    public var why: String
  }

  /// Decisions of similar confidence.
  public struct Bin: Sendable, Equatable {
    /// Confidences from here on,
    public var from: Double
    /// below here; the last bin has its upper end.
    public var to: Double
    /// What was counted.
    public var counts: Counts
  }

  /// All kinds together.
  public let counts: Counts
  /// How good confidences were as forecasts; `nil` when none was measured.
  public let brier: BrierScore?
  /// By type, then rule.
  public let kinds: [Kind]
  /// The bins in which something was measured, in ascending order.
  public let bins: [Bin]

  /// Bins of a tenth each.
  private static let binCount = 10

  /// Sums up a ledger.
  ///
  /// - Parameters:
  ///   - entries: what is counted.
  ///   - record: how predictions fared of late, as the gates know it.
  ///   - gates: what the gates ask for.
  public init(_ entries: [CalibrationEntry], record: CalibrationRecord, gates: GateSettings) {
    var groups: [[CalibrationEntry]] = []
    let sorted = entries.enumerated().sorted {
      ($0.element.type, $0.element.rule, $0.offset) < ($1.element.type, $1.element.rule, $1.offset)
    }
    for entry in sorted.map(\.element) {
      if let last = groups.last?.last, last.type == entry.type, last.rule == entry.rule {
        groups[groups.count - 1].append(entry)
      } else {
        groups.append([entry])
      }
    }
    counts = Self.count(entries)
    brier = Self.brier(entries)
    kinds = groups.map { Self.kind($0, record, gates) }
    bins = Self.binned(entries).enumerated().compactMap { index, members in
      guard !members.isEmpty else { return nil }
      let width = 1 / Double(Self.binCount)
      return Bin(
        from: Double(index) * width, to: Double(index + 1) * width, counts: Self.count(members))
    }
  }

  private static func count(_ entries: [CalibrationEntry]) -> Counts {
    entries.reduce(into: Counts()) { $0.add($1) }
  }

  /// Measured entries by tenth of confidence.
  private static func binned(_ entries: [CalibrationEntry]) -> [[CalibrationEntry]] {
    var bins: [[CalibrationEntry]] = Array(repeating: [], count: binCount)
    for entry in entries where entry.outcome != .unknown {
      let place = Int((min(max(entry.confidence, 0), 1) * Double(binCount)).rounded(.down))
      bins[min(place, binCount - 1)].append(entry)
    }
    return bins
  }

  private static func brier(_ entries: [CalibrationEntry]) -> BrierScore? {
    BrierScore(binned(entries).map { $0.map { ($0.confidence, $0.outcome == .hit) } })
  }

  private static func kind(
    _ entries: [CalibrationEntry], _ record: CalibrationRecord, _ gates: GateSettings
  ) -> Kind {
    let (type, rule) = (entries[0].type, entries[0].rule)
    let known = record[type, rule]
    return Kind(
      type: type, rule: rule, counts: count(entries), brier: brier(entries),
      offset: gates.offset(of: known), required: gates.requiredConfidence(of: known),
      why: why(known, gates))
  }

  private static func why(_ known: CalibrationRecord.Kind?, _ gates: GateSettings) -> String {
    guard let known else { return "nothing that was measured counts any more" }
    let claimed = NumberText.hundredths(known.claimed)
    let supported = NumberText.hundredths(known.supported(known.claimed))
    if gates.forceConfidence != nil { return "the gate is forced, whatever the record" }
    guard known.overclaim > 0 else { return "\(known.text): that supports the \(claimed) claimed" }
    let most = NumberText.hundredths(gates.calibration.maxOffset)
    let capped =
      known.overclaim > gates.calibration.maxOffset ? "; at most \(most) is asked for in addition" : ""
    return "\(known.text): that supports \(supported) of the \(claimed) claimed\(capped)"
  }
}

extension CalibrationReport {
  /// All fields.
  public var json: JSONValue {
    var object = counts.json
    object["brier"] = brier?.json ?? .null
    object["kinds"] = .array(kinds.map(\.json))
    object["bins"] = .array(bins.map(\.json))
    return .object(object)
  }
}

extension CalibrationReport.Counts {
  var json: JSONObject {
    [
      "measured": .int(measured), "hits": .int(hits), "misses": .int(misses), "unknown": .int(unknown),
      "claimed": .optional(claimed), "hit_rate": .optional(hitRate),
      "interval": ["low": .double(interval.low), "high": .double(interval.high)],
    ]
  }
}

extension BrierScore {
  var json: JSONValue {
    [
      "score": .double(score), "reliability": .double(reliability), "resolution": .double(resolution),
      "uncertainty": .double(uncertainty), "within_bins": .double(withinBins),
    ]
  }
}

extension CalibrationReport.Kind {
  var json: JSONValue {
    var object: JSONObject = ["type": .string(type.rawValue), "rule": .string(rule)]
    for member in counts.json { object[member.key] = member.value }
    object["brier"] = brier?.json ?? .null
    object["offset"] = .double(offset)
    object["required"] = .double(required)
    object["why"] = .string(why)
    return .object(object)
  }
}

extension CalibrationReport.Bin {
  var json: JSONValue {
    var object: JSONObject = ["from": .double(from), "to": .double(to)]
    for member in counts.json where member.key != "unknown" { object[member.key] = member.value }
    return .object(object)
  }
}
