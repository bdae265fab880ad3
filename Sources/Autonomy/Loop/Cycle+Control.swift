package import Coordination
package import DSLBase
package import DecisionEngine

extension Cycle {
  /// What people can do to the loop while it runs: stop, pause, approve.
  package struct Control: Sendable {
    /// The file that stops everything.
    package var killSwitch: KillSwitch?
    /// How requests for approval are dealt with.
    package var approvals = ApprovalMachine()
    /// Who decides.
    package var proposer = Identity(user: "", host: "")

    package init() {}
  }

  /// Whether the loop may do nothing at all at this moment, its own undoing included.
  func isHeld(_ journal: Journal?) throws -> Bool {
    try control.killSwitch?.reason() != nil || journal?.lastPause()?.left(time) != nil
  }

  /// The requests for approval of a cycle's decisions, with the plans they are about.
  struct Requests: Sendable {
    /// Where each decision stands that needs approval, by its id.
    var standings: [String: ApprovalStanding] = [:]
    /// What the journal is to note if nothing else holds the decision back, by its id.
    var changes: [String: [Approval]] = [:]
    /// Requests whose time passed.
    var expired: [Approval] = []
    /// The plans that were looked at: exactly these may be carried out.
    var plans: [String: EffectPlan] = [:]

    /// The approval that a decision is carried out with.
    func approval(of decision: Decision) -> String? {
      if case .granted(let id)? = standings[decision.id] { id } else { nil }
    }
  }

  /// Finds out where the decisions stand that need approval. Changes nothing.
  func requests(
    _ decisions: [Decision], _ observation: Observation, _ history: Journal?, cycle: String
  ) async throws -> Requests {
    var found = Requests()
    let open = try history?.approvals(onlyOpen: true).map(Approval.init(stored:)) ?? []
    var asked: Set<String> = []
    for decision in decisions {
      guard let demand = gates.approval.demand(decision) else { continue }
      asked.insert(Approval.subject(of: decision))
      // A plan that cannot be made leaves the decision without standing, and so held.
      guard let plan = try? await plan(decision, observation) else { continue }
      found.plans[decision.id] = plan
      guard case .steps(let steps) = plan else {
        found.standings[decision.id] = .granted(nil)
        continue
      }
      var marks: [Int: String] = [:]
      for (number, step) in steps.enumerated() { marks[number] = await backend.mark(of: step) }
      let request = Approval(
        id: "p-" + decision.id.dropFirst(2), decision: decision, cycle: cycle, steps: steps,
        binding: engine.binding(
          of: decision, observation, steps: steps.map { backend.bound($0) }, marks: marks), demand: demand,
        proposer: control.proposer, createdAt: time.now, expiresAt: time.now)
      let (standing, changes) = control.approvals.propose(
        request, open: open.first { $0.subject == request.subject }, now: time.now)
      found.standings[decision.id] = standing
      found.changes[decision.id] = changes
    }
    found.expired = control.approvals.expire(open.filter { !asked.contains($0.subject) }, now: time.now)
    return found
  }

  /// Journals what came of the requests: of decisions that nothing but the missing approval, or nothing at all, holds back.
  func note(_ requests: Requests, _ verdicts: [Verdict], _ journal: Journal?) throws {
    guard let journal else { return }
    let later: [GateName] = [.approval, .maxDecisions, .maxConcurrent]
    let counted = verdicts.filter { $0.refusal.map { later.contains($0.gate) } ?? true }
    let changes = counted.flatMap { requests.changes[$0.decision.id] ?? [] }
    try journal.save((requests.expired + changes).map(\.stored), at: time.now)
  }
}

extension Approval {
  /// As the journal keeps it.
  package var stored: StoredApproval {
    StoredApproval(
      id: id, subject: subject, status: status.rawValue, isOpen: status.isOpen, reason: reason,
      createdAt: createdAt, expiresAt: expiresAt, usedBy: usedBy, document: document)
  }

  /// - Throws: `DSLError` `.corrupt`.
  package init(stored: StoredApproval) throws {
    try self.init(
      id: stored.id, document: stored.document, status: stored.status, reason: stored.reason,
      createdAt: stored.createdAt, expiresAt: stored.expiresAt, usedBy: stored.usedBy)
  }
}

extension PauseFact {
  /// The pause that holds now; `nil` when none does.
  package init?(_ pause: JournaledPause?, _ time: any TimeSource) {
    guard let pause, let left = pause.left(time) else { return nil }
    self.init(until: pause.until, by: pause.by, reason: pause.reason, leftSeconds: left)
  }
}
