package import DSLBase

/// What failures have in common: those with the same signature are one kind.
package struct CrashSignature: Sendable, Hashable, Comparable {
  package var cause: String
  /// Whether the agent had the node in view in the last steps, saw it earlier only, or never; `none` without a node.
  package var sight: String
  /// In which quarter of the time limit it ended, 1 to 4.
  package var quarter: Int
  /// Whether the budget paid for a scaling of one cell at the end.
  package var isBroke: Bool

  /// Steps before the end that count as the last.
  private static let recent = 20

  package init(_ box: BlackBox) throws(DSLError) {
    cause = box.cause.isFailure ? box.cause.name : box.ooms > 0 ? "restarted" : "survived"
    quarter = min(4, box.actions.count * 4 / box.configuration.maxSteps + 1)
    let end = box.tail.last?.budget ?? box.configuration.budget
    isBroke = end < box.configuration.scaleCost
    guard box.isWorthKeeping else {
      sight = "none"
      return
    }
    let explained = try Explanation(box, policies: [])
    if let node = explained.node {
      sight =
        explained.lastVisible.map { node.step - $0 <= Self.recent ? "in_view" : "seen_before" }
        ?? "never_seen"
    } else {
      sight = "none"
    }
  }

  /// One word for it.
  package var name: String { "\(cause)/\(sight)/q\(quarter)\(isBroke ? "/broke" : "")" }

  package static func < (a: Self, b: Self) -> Bool { a.name < b.name }
}

/// Where two episodes part.
package struct EpisodeDifference: Sendable, Hashable {
  /// Members of the record that differ: `configuration`, `key`, `level`, `policy`.
  package var members: [String]
  /// Steps done when the actions differ for the first time, and when the states do; nil for never.
  package var firstAction: Int?
  package var firstState: Int?

  package init(_ a: BlackBox, _ b: BlackBox) {
    members = []
    if a.configuration != b.configuration { members.append("configuration") }
    if a.key != b.key { members.append("key") }
    if a.level != b.level { members.append("level") }
    if a.policy != b.policy || a.policyDigest != b.policyDigest { members.append("policy") }
    firstAction = Self.first(a.actions, b.actions)
    firstState = Self.first(a.digests, b.digests)
  }

  private static func first<T: Equatable>(_ a: [T], _ b: [T]) -> Int? {
    let common = min(a.count, b.count)
    return (0..<common).first { a[$0] != b[$0] } ?? (a.count == b.count ? nil : common)
  }
}
