package import DSLBase
import GRDB

/// The claims that are in force, in numbers.
package struct ClaimTotals: Sendable, Equatable {
  /// A claim whose lease ran out.
  package struct Expired: Sendable, Equatable {
    package var id: String
    package var agent: String
  }

  /// Items held under a valid lease.
  package var claimed = 0
  /// Claims whose lease ran out, by item id.
  package var expired: [Expired] = []
  /// How many valid claims each agent holds, by agent id.
  package var agents: [(agent: String, count: Int)] = []

  package init() {}

  package static func == (lhs: Self, rhs: Self) -> Bool {
    lhs.claimed == rhs.claimed && lhs.expired == rhs.expired
      && lhs.agents.elementsEqual(rhs.agents) { $0 == $1 }
  }
}

extension WorkQueue {
  /// Who holds what, from the store alone: no file is looked at, and what is not there reads as no claims.
  ///
  /// - Complexity: O(claims), however many items there are.
  package func claims() throws(DSLError) -> ClaimTotals {
    let rows = try store.read { db in
      try db.rows(
        "SELECT \(ItemRow.columns) FROM items WHERE state=2 ORDER BY agent, id", read: ItemRow.init)
    }
    var totals = ClaimTotals()
    for row in rows ?? [] {
      guard let agent = row.agent else { continue }
      if row.isDue(time) {
        totals.expired.append(.init(id: row.id, agent: agent))
        continue
      }
      totals.claimed += 1
      if totals.agents.last?.agent == agent {
        totals.agents[totals.agents.count - 1].count += 1
      } else {
        totals.agents.append((agent, 1))
      }
    }
    totals.expired.sort { $0.id < $1.id }
    return totals
  }
}
