package import DSLBase

/// A person or program, as far as it can be told: a name that was given, and the account on a machine.
package struct Identity: Sendable, Equatable {
  /// The name; the account's unless another was given.
  package var name: String
  /// The account of the operating system.
  package var user: String
  /// The machine.
  package var host: String

  package init(name: String? = nil, user: String, host: String) {
    self.name = name ?? user
    self.user = user
    self.host = host
  }

  /// Names are compared without case and without what stands around them or after an `@`.
  var key: String {
    let name = name.lowercased().split(separator: "@", omittingEmptySubsequences: false).first ?? ""
    return String(name.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }

  package var json: JSONValue {
    ["name": .string(name), "user": .string(user), "host": .string(host)]
  }

  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(json: JSONValue?) throws(DSLError) {
    let fields = try JSONFields(json, "identity in an approval")
    self.init(
      name: try fields.string("name"), user: try fields.string("user"), host: try fields.string("host"))
  }
}

/// A request for approval with everything that became of it.
package struct Approval: Sendable, Equatable {
  /// Where it stands.
  package enum Status: String, Sendable, Hashable, CaseIterable {
    /// Waiting for people.
    case pending
    /// Enough people agreed; it takes effect when the decision is made again.
    case approved
    /// Somebody said no; it holds until it expires or something changes.
    case rejected
    /// The state or the plan changed before it took effect.
    case void
    /// Its time passed.
    case expired
    /// A decision was carried out with it.
    case used

    /// Whether it still counts.
    package var isOpen: Bool { self == .pending || self == .approved || self == .rejected }
  }

  /// What somebody said.
  package struct Vote: Sendable, Equatable {
    package var who: Identity
    package var approves: Bool
    package var at: Timestamp
    package var comment: String

    package init(who: Identity, approves: Bool, at: Timestamp, comment: String) {
      self.who = who
      self.approves = approves
      self.at = at
      self.comment = comment
    }
  }

  /// `p-` and what follows in the id of the decision that it was first asked for.
  package var id: String
  /// The decision as it was made then.
  package var decision: Decision
  /// The cycle it was made in.
  package var cycle: String
  package var steps: [EffectStep]
  package var binding: ApprovalBinding
  package var demand: ApprovalDemand
  /// Who decides: the account that the loop runs under.
  package var proposer: Identity
  package var createdAt: Timestamp
  package var expiresAt: Timestamp
  package var status = Status.pending
  /// Why it is no longer open.
  package var reason = ""
  package var votes: [Vote] = []
  /// The decision that was carried out with it.
  package var usedBy: String?

  /// A request that nobody has answered.
  package init(
    id: String, decision: Decision, cycle: String, steps: [EffectStep], binding: ApprovalBinding,
    demand: ApprovalDemand, proposer: Identity, createdAt: Timestamp, expiresAt: Timestamp
  ) {
    self.id = id
    self.decision = decision
    self.cycle = cycle
    self.steps = steps
    self.binding = binding
    self.demand = demand
    self.proposer = proposer
    self.createdAt = createdAt
    self.expiresAt = expiresAt
  }

  /// The parameter of a decision that says who ordered it.
  package static let ordererKey = "orderer"

  /// The person who ordered the decision; `nil` for what the engine proposed by itself.
  ///
  /// What cannot be read counts as a name alone: it may keep somebody from approving, and lets nobody in.
  package var orderer: Identity? {
    if let full = decision.parameters[Self.ordererKey], let identity = try? Identity(json: full) {
      return identity
    }
    return decision.parameters["ordered_by"]?.string.map { Identity(name: $0, user: "", host: "") }
  }

  /// Different people who agreed.
  package var approvals: Int { Set(votes.filter(\.approves).map(\.who.key)).count }
  /// What has at most one open approval.
  package var subject: String { Self.subject(of: decision) }

  package static func subject(of decision: Decision) -> String {
    [decision.rule, decision.type.rawValue, decision.target].joined(separator: "\u{1F}")
  }
}

extension Approval {
  /// What stays as it was asked for, and the votes.
  package var document: JSONValue {
    [
      "decision": decision.json, "cycle": .string(cycle), "steps": .array(steps.map(\.json)),
      "binding": binding.json, "approvers": .int(demand.approvers), "demand": .string(demand.reason),
      "proposer": proposer.json,
      "votes": .array(
        votes.map {
          [
            "who": $0.who.json, "approves": .bool($0.approves), "at": $0.at.json,
            "comment": .string($0.comment),
          ]
        }),
    ]
  }

  /// Reads what `document` wrote.
  ///
  /// - Throws: `DSLError` `.corrupt` when a member is missing or of the wrong kind.
  package init(
    id: String, document: JSONValue, status: String, reason: String, createdAt: Timestamp,
    expiresAt: Timestamp, usedBy: String?
  ) throws(DSLError) {
    let fields = try JSONFields(document, "approval \(id)")
    guard let known = Status(rawValue: status) else {
      throw DSLError(.corrupt, "approval \(id): unknown status \"\(status)\"")
    }
    self.init(
      id: id, decision: try Decision(json: fields["decision"]), cycle: try fields.string("cycle"),
      steps: try fields.array("steps").map { (step) throws(DSLError) in try EffectStep(json: step) },
      binding: try ApprovalBinding(json: fields["binding"]),
      demand: ApprovalDemand(approvers: try fields.int("approvers"), reason: try fields.string("demand")),
      proposer: try Identity(json: fields["proposer"]), createdAt: createdAt, expiresAt: expiresAt)
    self.status = known
    self.reason = reason
    self.usedBy = usedBy
    votes = try fields.array("votes").map { (vote) throws(DSLError) in
      let fields = try JSONFields(vote, "vote in approval \(id)")
      return Vote(
        who: try Identity(json: fields["who"]), approves: try fields.bool("approves"),
        at: try fields.time("at"), comment: try fields.string("comment"))
    }
  }
}
