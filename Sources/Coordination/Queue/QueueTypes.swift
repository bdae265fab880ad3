package import DSLBase

/// An item to be put into the queue.
package struct NewWorkItem: Sendable, Equatable {
  /// Its id; made up when `nil`.
  package var id: String?
  /// What its record will hold, in this order, beside what the queue adds.
  package var fields: JSONObject

  package init(id: String? = nil, fields: JSONObject) {
    self.id = id
    self.fields = fields
  }
}

/// What proves that somebody holds an item: epoch and token of the claim, not merely the id.
package struct ClaimReference: Sendable, Hashable {
  package var id: String
  /// Counts the claims of the item; a later holder has a higher one.
  package var epoch: Int64
  /// Random, known to the holder alone.
  package var token: String

  package init(id: String, epoch: Int64, token: String) {
    self.id = id
    self.epoch = epoch
    self.token = token
  }
}

/// An item that was handed to an agent.
package struct Claim: Sendable, Equatable {
  package var id: String
  package var epoch: Int64
  package var token: String
  package var agent: String
  /// 1 for the first try.
  package var attempt: Int
  /// Tries the item has: by its own record, else the queue's default.
  package var maxAttempts: Int
  /// When the lease ends by the wall clock, for people; on the same boot the monotonic clock decides.
  package var leaseUntil: Timestamp
  /// The item's file as it is, byte for byte.
  package var record: [UInt8]
  /// The name of that file.
  package var file: String

  /// What the other calls want to see.
  package var reference: ClaimReference { ClaimReference(id: id, epoch: epoch, token: token) }
}

/// The end of an item that was done.
package struct Completion: Sendable, Equatable {
  package var claim: ClaimReference
  package var result: JSONValue
  /// How long the work took; `nil` for the time since the claim. Milliseconds.
  package var durationMs: Double?
  /// The trace of the work, 32 hex digits.
  package var traceID: String?

  package init(claim: ClaimReference, result: JSONValue, durationMs: Double? = nil, traceID: String? = nil) {
    self.claim = claim
    self.result = result
    self.durationMs = durationMs
    self.traceID = traceID
  }
}

/// What became of a completion.
package enum CompletionOutcome: Sendable {
  /// It is durable.
  case completed
  /// The claim is no longer held; nothing was changed.
  case refused(DSLError)
}

/// When a failed item is tried again: after `base · 2^(attempt - 1)` seconds, at most `max`, less up to half of it by a
/// jitter that depends on nothing but the item's id and attempt.
package struct RetryPolicy: Sendable, Equatable {
  /// Tries in all, for items whose record does not say.
  package var maxAttempts: Int
  package var baseSeconds: Double
  package var maxSeconds: Double

  package init(
    maxAttempts: Int = WorkQueue.defaultMaxAttempts, baseSeconds: Double = 1, maxSeconds: Double = 300
  ) {
    self.maxAttempts = maxAttempts
    self.baseSeconds = baseSeconds
    self.maxSeconds = maxSeconds
  }

  /// Seconds to wait after an attempt (from 1) has failed.
  package func delay(id: String, attempt: Int) -> Double {
    let doublings = Double(min(max(attempt, 1) - 1, 60))
    var wait = baseSeconds
    for _ in 0..<Int(doublings) where wait < maxSeconds { wait *= 2 }
    wait = max(0, min(wait, maxSeconds))
    // FNV-1a over id and attempt.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(id)#\(attempt)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var generator = SplitMix64(seed: hash)
    return wait * (1 - Double.random(in: 0..<0.5, using: &generator))
  }
}

/// What became of an item that failed.
package enum FailureOutcome: Sendable, Equatable {
  /// It is offered again from that time on; `attempt` is the one that failed.
  case retry(at: Timestamp, attempt: Int)
  /// It had its last try and stands as `failed_<id>.json`.
  case parked
}

/// What requeueing an item meant.
package enum RequeueOutcome: Sendable, Equatable {
  /// It was taken from an agent, whose claim is void.
  case takenFrom(agent: String)
  /// It was waiting for its next try, or held back by its own status.
  case woken
  /// It had failed for good.
  case restoredFromFailed
  /// It was in quarantine.
  case restoredFromQuarantine
  /// It was pending already; nothing was changed.
  case alreadyPending
}

/// A claim that ended because its lease ran out.
package struct ReclaimedClaim: Sendable, Equatable {
  package var id: String
  /// The agent that held it.
  package var agent: String
  package var epoch: Int64
  /// Whether that was its last try, so that it was parked as failed instead of being offered again.
  package var parked: Bool
}

/// A soft hint which agent should take an item.
package struct Preference: Sendable, Hashable {
  package var id: String
  package var agent: String

  package init(id: String, agent: String) {
    self.id = id
    self.agent = agent
  }
}
