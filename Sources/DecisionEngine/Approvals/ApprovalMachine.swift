package import DSLBase

/// What becomes of requests for approval: by the loop, which asks for and uses them, and by people, who answer.
package struct ApprovalMachine: Sendable {
  /// Seconds that a request waits for an answer since it was last seen, and that an answer holds.
  package var expirySeconds: Double
  /// The share by which bound numbers may move.
  package var drift: Double
  /// Whether people may name themselves, or go by the account that they use.
  package var acceptsNames: Bool
  /// A request that is seen again is extended only when that gains this share of its time: not in every cycle.
  private static let extensionShare = 0.1

  package init(expirySeconds: Double = 3600, drift: Double = 0.25, acceptsNames: Bool = true) {
    self.expirySeconds = expirySeconds
    self.drift = drift
    self.acceptsNames = acceptsNames
  }

  /// What the loop finds: where the decision stands, and the requests that are new or changed.
  ///
  /// - Parameters:
  ///   - request: what would be asked for at this moment, pending, without votes.
  ///   - open: the open request of the same rule, type and target, if there is one.
  package func propose(
    _ request: Approval, open: Approval?, now: Timestamp
  ) -> (standing: ApprovalStanding, changes: [Approval]) {
    var request = request
    request.createdAt = now
    request.expiresAt = now.adding(seconds: expirySeconds)
    guard var open, open.status.isOpen else { return (waiting(request), [request]) }
    if now >= open.expiresAt {
      return (waiting(request), [closed(open, .expired, "nobody used it in time"), request])
    }
    if let difference = request.binding.difference(from: open.binding, drift: drift) {
      return (waiting(request, since: difference), [closed(open, .void, difference), request])
    }
    switch open.status {
    case .approved: return (.granted(open.id), [])
    case .rejected: return (.held(rejection(open)), [])
    default:
      guard open.votes.isEmpty,
        request.expiresAt.seconds(since: open.expiresAt) >= Self.extensionShare * expirySeconds
      else { return (waiting(open), []) }
      open.expiresAt = request.expiresAt
      return (waiting(open), [open])
    }
  }

  /// Requests whose time passed while nobody asked for them again.
  package func expire(_ open: [Approval], now: Timestamp) -> [Approval] {
    open.filter { now >= $0.expiresAt }.map { closed($0, .expired, "nobody used it in time") }
  }

  /// What somebody's answer makes of a request.
  ///
  /// Who proposed something and who ordered it may reject it, and not approve it: four eyes see what is done.
  ///
  /// - Throws: `invalidState` for one who may not answer: the proposer, the orderer; `conflict` for a request that is no longer open,
  ///   or who said the same before.
  package func vote(_ approval: Approval, _ vote: Approval.Vote) throws(DSLError) -> Approval {
    let id = approval.id
    let who = vote.who
    if approval.status.isOpen, vote.at >= approval.expiresAt {
      throw DSLError(.conflict, "\(id) expired at \(approval.expiresAt)", fix: Self.lookAgain)
    }
    guard approval.status == .pending || (approval.status == .approved && !vote.approves) else {
      let why = approval.reason.isEmpty ? "" : ": \(approval.reason)"
      throw DSLError(.conflict, "\(id) is \(approval.status.rawValue)\(why)", fix: Self.lookAgain)
    }
    if !acceptsNames, who.key != Identity(user: who.user, host: who.host).key {
      throw DSLError(
        .invalidState, "approval.names is off: \(who.user) cannot answer as \(who.name)",
        fix: "answer under the account of the person")
    }
    if Self.reserved.contains(who.key) {
      throw DSLError(
        .invalidState, "\(who.name) is a name of the engine itself", fix: "give the name of a person")
    }
    if vote.approves, let orderer = approval.orderer, isSame(who, orderer) {
      throw DSLError(
        .invalidState, "\(who.name) ordered this",
        fix: "somebody else has to approve it: --by NAME, or another account")
    }
    if vote.approves, isSame(who, approval.proposer) {
      throw DSLError(
        .invalidState, "\(who.name) proposed this: the loop runs as \(approval.proposer.name)",
        fix: "somebody else has to approve it: --by NAME, or another account")
    }
    if approval.votes.contains(where: { $0.who.key == who.key && $0.approves == vote.approves }) {
      throw DSLError(
        .conflict, "\(who.name) has already answered",
        fix: approval.demand.approvers > 1 ? "another person has to approve as well" : nil)
    }
    var result = approval
    result.votes.append(vote)
    if !vote.approves {
      result.status = .rejected
      result.reason = rejection(result)
    } else if result.approvals >= approval.demand.approvers {
      result.status = .approved
    }
    result.expiresAt = vote.at.adding(seconds: expirySeconds)
    return result
  }

  /// Whether two are one person: by their names or, where people go by their accounts, by these.
  private func isSame(_ one: Identity, _ other: Identity) -> Bool {
    one.key == other.key || (!acceptsNames && one.user == other.user && one.host == other.host)
  }

  /// Names that the engine goes by.
  private static let reserved = ["", "dsl", "engine", "auto-rollback", "recovery"]
  private static let lookAgain = "`dsl auto pending` lists what waits now"

  private func closed(_ approval: Approval, _ status: Approval.Status, _ reason: String) -> Approval {
    var copy = approval
    copy.status = status
    copy.reason = reason
    return copy
  }

  private func waiting(_ approval: Approval, since change: String? = nil) -> ApprovalStanding {
    let missing = approval.demand.approvers - approval.approvals
    let people = missing == 1 ? "approval" : "the approval of \(missing) people"
    let void = change.map { ", as what was asked for before no longer holds (\($0))" } ?? ""
    return .held("waits for \(people) as \(approval.id): \(approval.demand.reason)\(void)")
  }

  private func rejection(_ approval: Approval) -> String {
    guard let vote = approval.votes.last(where: { !$0.approves }) else { return "rejected" }
    return "rejected by \(vote.who.name)" + (vote.comment.isEmpty ? "" : ": \(vote.comment)")
  }
}
