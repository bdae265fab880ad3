public import DSLBase

/// That people have to approve a decision before it may have an effect.
public struct ApprovalDemand: Sendable, Equatable {
  /// How many different people.
  public var approvers: Int
  /// What demands it, as a phrase: "rule shrink asks for it".
  public var reason: String

  /// A demand.
  public init(approvers: Int, reason: String) {
    self.approvers = approvers
    self.reason = reason
  }
}

/// Where a decision that needs approval stands.
public enum ApprovalStanding: Sendable, Equatable {
  /// Approved, for what is to be done now; the id of the approval, `nil` where there is nothing to do.
  case granted(String?)
  /// Not, or not yet; the reason as a phrase.
  case held(String)
}

extension GateSettings {
  /// Which decisions people have to approve.
  public struct Approval: Sendable, Equatable {
    /// Decisions less confident than this; `nil` for none.
    public var below: Double?
    /// Decisions of these types.
    public var types: [DecisionType]
    /// Decisions of these types, by two people.
    public var twoPerson: [DecisionType]
    /// How many the policy asks for, by the rule's name.
    public var rules: [String: Int]

    /// No decision, unless given.
    public init(
      below: Double? = nil, types: [DecisionType] = [], twoPerson: [DecisionType] = [],
      rules: [String: Int] = [:]
    ) {
      self.below = below
      self.types = types
      self.twoPerson = twoPerson
      self.rules = rules
    }

    /// What a decision needs; the strictest demand counts. `nil` when it needs none.
    public func demand(_ decision: Decision) -> ApprovalDemand? {
      var demands: [ApprovalDemand] = []
      if let count = rules[decision.rule], count > 0 {
        demands.append(ApprovalDemand(approvers: count, reason: "rule \(decision.rule) asks for it"))
      }
      if twoPerson.contains(decision.type) {
        demands.append(ApprovalDemand(approvers: 2, reason: "approval.two_person names \(decision.type)"))
      }
      if types.contains(decision.type) {
        demands.append(ApprovalDemand(approvers: 1, reason: "approval.types names \(decision.type)"))
      }
      if let below, decision.confidence < below {
        let (observed, least) = NumberText.pair(decision.confidence, below)
        demands.append(
          ApprovalDemand(approvers: 1, reason: "confidence \(observed) is below approval.below \(least)"))
      }
      return demands.max { $0.approvers < $1.approvers }
    }
  }
}

extension GateJudge {
  /// Refuses what people have to approve and have not.
  func approval(_ decision: Decision) -> GateRefusal? {
    guard let demand = settings.approval.demand(decision) else { return nil }
    switch history.approvals[decision.id] {
    case .granted: return nil
    case .held(let reason): return GateRefusal(gate: .approval, reason: reason)
    case nil:
      let people =
        demand.approvers == 1 ? "a person's approval" : "the approval of \(demand.approvers) people"
      return GateRefusal(gate: .approval, reason: "needs \(people): \(demand.reason)")
    }
  }
}
