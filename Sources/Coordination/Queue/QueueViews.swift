package import DSLBase

/// Where an item is in its life.
package enum WorkState: String, Sendable, Hashable, CaseIterable {
  /// Can be claimed.
  case pending
  /// Will be offered again later, or is held back by what its own record says.
  case waiting
  /// An agent holds it.
  case claimed
  /// An agent held it until its lease ran out, and nobody has noticed yet.
  case expired
  case completed
  case failed
  case quarantined

  /// Whether the item is still to be done and stands as `work_<id>.json`.
  package var isLive: Bool { self == .pending || self == .waiting || self == .claimed || self == .expired }
}

/// Everything known of one item.
package struct WorkItemView: Sendable, Equatable {
  package var id: String
  package var state: WorkState
  /// The name of its file.
  package var file: String
  package var priority: Int
  package var created: Timestamp?
  package var attempts: Int
  package var maxAttempts: Int?
  /// The agent that holds it, or that finished it.
  package var agent: String?
  package var epoch: Int64
  package var leaseUntil: Timestamp?
  /// When it will be offered again.
  package var notBefore: Timestamp?
  /// The agent that should take it.
  package var preferred: String?
  /// How far the holder says it is, 0…100.
  package var percent: Double?
  /// What the holder, the error or the quarantine says.
  package var note: String?
  package var finished: Timestamp?
  /// The file, byte for byte.
  package var record: [UInt8]
}

/// Which items to list, ordered by id.
package struct WorkFilter: Sendable, Equatable {
  /// Empty for all.
  package var states: [WorkState]
  /// Only those that this agent holds or finished.
  package var agent: String?
  package var limit: Int
  /// Only ids that come after this one.
  package var after: String?

  package init(states: [WorkState] = [], agent: String? = nil, limit: Int = 100, after: String? = nil) {
    self.states = states
    self.agent = agent
    self.limit = limit
    self.after = after
  }

  func wants(_ state: WorkState) -> Bool { states.isEmpty || states.contains(state) }
}

/// How many claims an agent holds.
package struct AgentClaims: Sendable, Equatable {
  package var agent: String
  /// Under a valid lease.
  package var count: Int
  /// Whose lease ran out.
  package var expired: Int
}

/// The queue in numbers.
package struct QueueStatistics: Sendable, Equatable {
  /// Items that can be claimed now.
  package var pending = 0
  /// Items whose next try lies in the future, or that their own record holds back.
  package var waitingForRetry = 0
  /// Items held under a valid lease.
  package var claimed = 0
  /// Items whose lease ran out.
  package var expired = 0
  /// `failed_*.json` files, and those on their way.
  package var failed = 0
  /// Items in quarantine.
  package var quarantined = 0
  /// By agent id.
  package var agents: [AgentClaims] = []
  /// When the oldest item that can be claimed was made.
  package var oldestPending: Timestamp?

  package init() {}
}
