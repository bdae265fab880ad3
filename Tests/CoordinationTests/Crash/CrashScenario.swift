import Coordination
import DSLBase
import Glibc
import Testing

/// Where an item is.
enum Place: String, Sendable {
  case nowhere, live, completed, failed, quarantined
}

/// One thing that is done to a queue, from a fixed beginning: live items `x`, `y`, `z`, a failed `f`, a quarantined `q`, and
/// neighbours that must not change.
enum CrashScenario: String, CaseIterable, Sendable {
  case addToNothing, claimForTheFirstTime, add, claim, renew, release, complete, completeSeveral,
    completeEdited, completeDamaged
  case failAndRetry, failForGood, requeueClaimed, requeueWaiting, requeueFailed, requeueQuarantined
  case quarantine, quarantineForTheFirstTime, restore, reclaim, park, refresh

  static let fragments = [#""n":9007199254740993"#, #""deep":{"k":[1.10,"ü"]}"#]
  static let edited = #"{"id":"x","n":9007199254740993,"deep":{"k":[1.10,"ü"]},"edited":true}"#

  static func text(_ id: String) -> String {
    #"{"id":"\#(id)", "n":9007199254740993,"deep":{"k":[1.10,"ü"]} }"#
  }

  /// Where items are when it begins.
  var before: [String: Place] {
    switch self {
    case .addToNothing: [:]
    case .claimForTheFirstTime: ["x": .live, "y": .live]
    case .quarantineForTheFirstTime: ["x": .live, "y": .live, "z": .live, "f": .failed]
    default: ["x": .live, "y": .live, "z": .live, "f": .failed, "q": .quarantined]
    }
  }

  /// Where it brings items.
  var after: [String: Place] {
    switch self {
    case .addToNothing, .add: ["n1": .live, "n2": .live]
    case .complete, .completeEdited, .completeDamaged: ["x": .completed]
    case .completeSeveral: ["x": .completed, "y": .failed, "z": .completed]
    case .failForGood, .park: ["x": .failed]
    case .requeueFailed: ["f": .live]
    case .requeueQuarantined, .restore: ["q": .live]
    case .quarantine, .quarantineForTheFirstTime: ["x": .quarantined, "y": .quarantined]
    case .claim, .claimForTheFirstTime, .renew, .release, .failAndRetry, .requeueClaimed, .requeueWaiting,
      .reclaim, .refresh:
      ["x": .live]
    }
  }

  /// Whether the item's own text is changed on the way, as numbers of attempts are.
  var rewrites: Bool {
    switch self {
    case .failAndRetry, .requeueFailed, .requeueWaiting, .completeEdited, .completeDamaged: true
    default: false
    }
  }

  /// What there is before any of the queue's own work.
  func plant(_ path: String) throws {
    let files = PosixFileSystem()
    func write(_ name: String, _ text: String) throws {
      try files.write("\(path)/\(name)", Array(text.utf8), exclusive: true)
    }
    try write("agent_a.json", #"{"id": "a", "status":"active", "mine": 1.50}"#)
    try write("telemetry_t.json", #"{"timestamp":"2026-09-21T00:00:00Z","response_time":1}"#)
    try write("notes.txt", "leave me\n")
    guard self != .addToNothing else { return }
    try write("completed_old.json", #"{"id":"old","by":"somebody else"}"#)
    try write("work_broken.json", "{")
    for id in before.keys.sorted() { try write("work_\(id).json", Self.text(id)) }
  }

  /// Brings the items to where they are when it begins.
  ///
  /// - Returns: the claims that are held then.
  func prepare(_ queue: WorkQueue, _ time: ManualTime, _ path: String) throws -> [String: Claim] {
    guard before["f"] != nil else { return [:] }
    if before["q"] != nil { _ = try queue.quarantine(["q"], reason: "old") }
    var claims: [String: Claim] = [:]
    func claim(_ count: Int, lease: Double = 1e6) throws {
      for claim in try queue.claim(agent: "a", leaseSeconds: lease, count: count) { claims[claim.id] = claim }
    }
    try claim(1)
    func fail(_ id: String, _ retry: RetryPolicy) throws {
      let claim = claims.removeValue(forKey: id)
      _ = try queue.fail(try #require(claim).reference, error: "e", retry: retry)
    }
    try fail("f", RetryPolicy(maxAttempts: 1))
    try queue.flush()
    switch self {
    case .complete, .renew, .release, .failAndRetry, .failForGood, .requeueClaimed: try claim(1)
    case .completeSeveral: try claim(3)
    case .completeEdited, .completeDamaged:
      try claim(1)
      let text = self == .completeEdited ? Self.edited : "damaged {"
      try PosixFileSystem().write("\(path)/work_x.json", Array(text.utf8), exclusive: false)
    case .requeueWaiting:
      try claim(1)
      try fail("x", RetryPolicy(baseSeconds: 1e5, maxSeconds: 1e5))
      try queue.flush()
    case .reclaim:
      try claim(1, lease: 5)
      time.advance(seconds: 6)
    case .park:
      for _ in 0..<WorkQueue.lostLeaseLimit {
        try claim(1, lease: 5)
        time.advance(seconds: 6)
      }
    case .addToNothing, .claimForTheFirstTime, .add, .claim, .requeueFailed, .requeueQuarantined, .quarantine,
      .quarantineForTheFirstTime, .restore, .refresh:
      break
    }
    return claims
  }

  /// Does it, telling what can be relied on from then on.
  func perform(_ queue: WorkQueue, _ claims: [String: Claim], _ tell: (String) -> Void) throws {
    func reference(_ id: String) throws -> ClaimReference { try #require(claims[id]).reference }
    switch self {
    case .addToNothing, .add:
      for id in try queue.add(["n1", "n2"].map { NewWorkItem(id: $0, fields: ["n": 1]) }, skipExisting: true)
      {
        tell("\(id) live")
      }
    case .claim, .claimForTheFirstTime:
      for claim in try queue.claim(agent: "b", leaseSeconds: 1e6, count: 1) {
        tell("held \(claim.id) \(claim.epoch) \(claim.token)")
      }
    case .renew:
      #expect(try queue.renew([reference("x")], leaseSeconds: 2e6).isEmpty)
    case .release:
      try queue.release([reference("x")])
    case .complete, .completeEdited, .completeDamaged, .completeSeveral:
      let done = ["x", "z"].filter { after[$0] != nil }
      let outcomes = try queue.complete(try done.map { Completion(claim: try reference($0), result: "r") })
      for (id, outcome) in zip(done, outcomes) { if case .completed = outcome { tell("\(id) completed") } }
      if self == .completeSeveral {
        _ = try queue.fail(reference("y"), error: "no", retry: RetryPolicy(maxAttempts: 1))
        tell("y failed")
      }
    case .failAndRetry:
      _ = try queue.fail(reference("x"), error: "no", retry: RetryPolicy())
      tell("tried x")
    case .failForGood:
      _ = try queue.fail(reference("x"), error: "no", retry: RetryPolicy(maxAttempts: 1))
      tell("x failed")
    case .requeueClaimed, .requeueWaiting:
      _ = try queue.requeue("x")
      tell("taken x")
    case .requeueFailed:
      _ = try queue.requeue("f")
      tell("f live")
    case .requeueQuarantined:
      _ = try queue.requeue("q")
      tell("q live")
    case .restore:
      try queue.restoreFromQuarantine(["q"])
      tell("q live")
    case .quarantine, .quarantineForTheFirstTime:
      for id in try queue.quarantine(["x", "y"], reason: "old") { tell("\(id) quarantined") }
    case .reclaim, .park:
      for claim in try queue.reclaimExpired() where claim.parked { tell("\(claim.id) failed") }
    case .refresh:
      _ = try queue.statistics()
    }
    try queue.flush()
  }
}
