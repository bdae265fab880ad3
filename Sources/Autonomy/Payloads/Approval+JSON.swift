package import DSLBase
package import DecisionEngine

extension Approval {
  /// Everything: what is asked, why, by whom, until when, and what was answered.
  package func json(at now: Timestamp) -> JSONValue {
    let status = status(at: now)
    return [
      "id": .string(id), "status": .string(status.rawValue), "reason": .string(reason),
      "decision_id": .string(decision.id), "cycle": .string(cycle),
      "type": .string(decision.type.rawValue), "target": .string(decision.target),
      "rule": .string(decision.rule), "description": .string(decision.description),
      "rationale": .string(decision.rationale), "confidence": .double(decision.confidence),
      "why": .string(demand.reason), "approvers_needed": .int(demand.approvers),
      "approvals": .int(approvals), "proposed_by": proposer.json, "ordered_by": orderer?.json ?? .null,
      "created_at": createdAt.json, "expires_at": expiresAt.json,
      "expires_in_s": .double(max(0, expiresAt.seconds(since: now))),
      "votes": .array(votes.map(Self.vote)), "used_by": .optional(usedBy),
      "bound": [
        "hash": .string(binding.hash), "numbers": .object(binding.numbers),
        "facts": .object(binding.facts),
      ],
      "steps": .array(steps.map(\.json)),
    ]
  }

  /// An open one whose time has passed is expired, although no cycle has noted it yet.
  package func status(at now: Timestamp) -> Status {
    status.isOpen && now >= expiresAt ? .expired : status
  }

  private static func vote(_ vote: Vote) -> JSONValue {
    [
      "by": .string(vote.who.name), "user": .string(vote.who.user), "host": .string(vote.who.host),
      "verdict": .string(vote.approves ? "approve" : "reject"), "at": vote.at.json,
      "comment": .string(vote.comment),
    ]
  }
}
