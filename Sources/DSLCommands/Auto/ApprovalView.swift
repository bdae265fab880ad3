import Autonomy
import DSLBase
import DecisionEngine

/// How requests for approval are shown.
struct ApprovalView {
  let approval: Approval
  let now: Timestamp

  /// Everything: what is asked, why, by whom, until when, and what was answered.
  var json: JSONValue {
    let decision = approval.decision
    return [
      "id": .string(approval.id), "status": .string(status.rawValue), "reason": .string(approval.reason),
      "decision_id": .string(decision.id), "cycle": .string(approval.cycle),
      "type": .string(decision.type.rawValue), "target": .string(decision.target),
      "rule": .string(decision.rule), "description": .string(decision.description),
      "rationale": .string(decision.rationale), "confidence": .double(decision.confidence),
      "why": .string(approval.demand.reason), "approvers_needed": .int(approval.demand.approvers),
      "approvals": .int(approval.approvals), "proposed_by": approval.proposer.json,
      "created_at": approval.createdAt.json, "expires_at": approval.expiresAt.json,
      "expires_in_s": .double(max(0, approval.expiresAt.seconds(since: now))),
      "votes": .array(approval.votes.map(Self.vote)), "used_by": .optional(approval.usedBy),
      "bound": [
        "hash": .string(approval.binding.hash), "numbers": .object(approval.binding.numbers),
        "facts": .object(approval.binding.facts),
      ],
      "steps": .array(approval.steps.map(\.json)),
    ]
  }

  /// An open one whose time has passed is expired, although no cycle has noted it yet.
  private var status: Approval.Status {
    approval.status.isOpen && now >= approval.expiresAt ? .expired : approval.status
  }

  private static func vote(_ vote: Approval.Vote) -> JSONValue {
    [
      "by": .string(vote.who.name), "user": .string(vote.who.user), "host": .string(vote.who.host),
      "verdict": .string(vote.approves ? "approve" : "reject"), "at": vote.at.json,
      "comment": .string(vote.comment),
    ]
  }

  /// Some lines.
  func text(_ paint: Paint) -> String {
    let decision = approval.decision
    var text = paint(approval.id, .strong) + "  \(status.rawValue)"
    text += "  \(approval.approvals) of \(approval.demand.approvers)"
    text +=
      approval.status.isOpen
      ? "  expires in \(Shown.age(approval.expiresAt.seconds(since: now)))\n"
      : (approval.reason.isEmpty ? "\n" : "  \(Shown.safe(approval.reason))\n")
    text += "  \(decision.type) of \(decision.target): \(Shown.safe(decision.description))\n"
    text += "  \(Shown.safe(decision.rationale))\n"
    text += paint("  \(approval.demand.reason); proposed by \(approval.proposer.name)", .quiet) + "\n"
    for step in approval.steps.prefix(5) { text += "    \(step.action) \(Shown.safe(step.target))\n" }
    if approval.steps.count > 5 { text += "    and \(approval.steps.count - 5) steps more\n" }
    for vote in approval.votes {
      let comment = vote.comment.isEmpty ? "" : ": \(Shown.safe(vote.comment))"
      text += "  \(vote.approves ? "approved" : "rejected") by \(Shown.safe(vote.who.name))\(comment)\n"
    }
    return text
  }
}
