/// How a decision's confidence came about: its ceiling, and what the evidence and the record leave of it.
///
/// `result = ceiling · Π (1 − weight · (1 − value))`, terms multiplied in their order. A term whose value or weight is at
/// its best changes no bit of the result; the result is within 0 and the ceiling.
public struct ConfidenceAssessment: Sendable, Equatable {
  /// One thing that confidence rests on.
  public struct Term: Sendable, Equatable {
    /// `freshness`, `completeness`, `agreement` or `record`.
    public var name: String
    /// How good it is, 0…1; 1 is as good as can be.
    public var value: Double
    /// The share of the confidence that it can take away, 0…1.
    public var weight: Double
    /// What the value comes from, as a phrase with numbers.
    public var why: String

    /// A term.
    public init(name: String, value: Double, weight: Double, why: String) {
      self.name = name
      self.value = value
      self.weight = weight
      self.why = why
    }

    /// What the term leaves of the confidence, 0…1.
    public var factor: Double { 1 - weight * (1 - value) }
  }

  /// What the rule claims; the result is never above it.
  public var ceiling: Double
  /// In the order in which they are multiplied.
  public var terms: [Term]
  /// The confidence of the decision.
  public var result: Double

  /// Computes the result.
  ///
  /// - Parameters:
  ///   - ceiling: what the rule claims, 0…1.
  ///   - terms: in the order in which they are multiplied.
  public init(ceiling: Double, terms: [Term]) {
    self.ceiling = ceiling
    self.terms = terms
    result = Self.product(ceiling, terms)
  }

  /// What the confidence would be were one term as good as can be; the result for a name that there is not.
  public func lifted(_ name: String) -> Double {
    Self.product(ceiling, terms.filter { $0.name != name })
  }

  /// What would lift the confidence: terms below their best, those that lift it most first.
  public var lifts: [(term: Term, result: Double)] {
    let below = terms.enumerated().filter { $0.element.factor < 1 }
    let found = below.map { (offset: $0.offset, term: $0.element, result: lifted($0.element.name)) }
    return found.sorted { $0.result != $1.result ? $0.result > $1.result : $0.offset < $1.offset }
      .map { ($0.term, $0.result) }
  }

  private static func product(_ ceiling: Double, _ terms: [Term]) -> Double {
    terms.reduce(ceiling) { $0 * $1.factor }
  }
}

extension ConfidenceAssessment {
  /// `ceiling`, `terms` (each with `name`, `value`, `weight`, `why`) and `result`.
  public var json: JSONValue {
    [
      "ceiling": .double(ceiling),
      "terms": .array(
        terms.map {
          [
            "name": .string($0.name), "value": .double($0.value), "weight": .double($0.weight),
            "why": .string($0.why),
          ]
        }),
      "result": .double(result),
    ]
  }

  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue) throws(DSLError) {
    let fields = try JSONFields(json, "assessment")
    var terms: [Term] = []
    for value in try fields.array("terms") {
      let term = try JSONFields(value, "term of an assessment")
      terms.append(
        Term(
          name: try term.string("name"), value: try term.double("value"), weight: try term.double("weight"),
          why: try term.string("why")))
    }
    self.init(ceiling: try fields.double("ceiling"), terms: terms)
    result = try fields.double("result")
  }
}
