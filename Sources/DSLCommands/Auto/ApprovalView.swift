import Autonomy
import DSLBase
import DecisionEngine

/// How requests for approval are shown.
struct ApprovalView {
  let approval: Approval
  let now: Timestamp

  private var status: Approval.Status { approval.status(at: now) }

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
    let orderer = approval.orderer.map { ", ordered by " + Shown.safe($0.name) } ?? ""
    text +=
      paint("  \(approval.demand.reason); proposed by \(approval.proposer.name)\(orderer)", .quiet) + "\n"
    for step in approval.steps.prefix(5) { text += "    \(step.action) \(Shown.safe(step.target))\n" }
    if approval.steps.count > 5 { text += "    and \((approval.steps.count - 5).counted("step")) more\n" }
    for vote in approval.votes {
      let comment = vote.comment.isEmpty ? "" : ": \(Shown.safe(vote.comment))"
      text += "  \(vote.approves ? "approved" : "rejected") by \(Shown.safe(vote.who.name))\(comment)\n"
    }
    return text
  }
}
