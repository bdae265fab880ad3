import Coordination
import DSLBase
import Testing

@Suite struct WorkQueueTests {
  private let world: QueueWorld
  init() throws { world = try QueueWorld() }

  private let policy = RetryPolicy(maxAttempts: 2, baseSeconds: 10, maxSeconds: 60)

  private func code(_ body: () throws -> Void) -> DSLError.Code? {
    #expect(throws: DSLError.self, performing: body)?.code
  }

  @Test func anItemGoesFromFileToFileWithItsBytes() throws {
    let queue = try world.queue()
    let text = #"{ "id":"x", "n":9007199254740993,"new key": [1.10] }"#
    try world.write("work_x.json", text)
    let claim = try queue.one()
    #expect(String(decoding: claim.record, as: UTF8.self) == text)
    #expect((claim.epoch, claim.attempt, claim.maxAttempts) == (1, 1, 3) && claim.file == "work_x.json")
    world.time.advance(seconds: 1.5)
    #expect(try queue.complete(claim, ["ok": true]) == nil)
    #expect(try world.names() == ["work_x.json"], "durable, but not yet in files")
    try queue.flush()
    #expect(try world.names() == ["completed_x.json"])
    let done = try world.read("completed_x.json")
    #expect(done.contains(text))
    let value = try JSONParser.parse(done)
    #expect(value["id"] == "completed_x" && value["work_id"] == "x" && value["status"] == "completed")
    #expect(value["result"] == ["ok": true] && value["agent_id"] == "a" && value["attempts"] == 1)
    #expect(value["duration_ms"]?.double == 1500)
    #expect(try queue.show("x").state == .completed)
  }

  @Test func theMostUrgentComesFirstThenTheOldestThenById() throws {
    let queue = try world.queue()
    try world.write("work_1.json", #"{"id":"b","created":"2025-01-01T00:00:00Z"}"#)
    try world.write("work_2.json", #"{"id":"a","created":"2025-01-01T00:00:00Z"}"#)
    try world.write("work_3.json", #"{"id":"c","created":"2024-01-01T00:00:00Z","priority":"low"}"#)
    try world.write("work_4.json", #"{"id":"d","created":"2026-01-01T00:00:00Z","priority":90}"#)
    let ids = try queue.claim(agent: "a", leaseSeconds: 30, count: 9).map(\.id)
    #expect(ids == ["d", "a", "b", "c"])
  }

  @Test func whatIsNotOfferedStaysWhereItIs() throws {
    let queue = try world.queue()
    try world.write("work_claims.json", "[]")
    try world.write("work_broken.json", "{")
    try world.write("work_items.json", #"{"items":[{"id":"z"}]}"#)
    try world.write("work_busy.json", #"{"id":"busy","status":"in_progress"}"#)
    try world.write("work_later.json", #"{"id":"later","not_before":"2200-01-01T00:00:00Z"}"#)
    #expect(try queue.claim(agent: "a", leaseSeconds: 30, count: 9).isEmpty)
    #expect(try queue.statistics().waitingForRetry == 2)
    #expect(try queue.requeue("busy") == .woken)
    #expect(try queue.one().id == "busy")
    #expect(try world.names().count == 5)
  }

  @Test func aLateWorkerIsRefusedAndToldWhoHoldsTheItem() throws {
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: [:])])
    let late = try queue.one("slow", lease: 10)
    world.time.advance(seconds: 11)
    #expect(try queue.statistics().expired == 1)
    let holder = try queue.one("fast")
    #expect(holder.epoch == 2 && holder.attempt == 2)
    let refusal = try #require(try queue.complete(late))
    #expect(
      refusal.code == .conflict && refusal.message.contains("agent fast")
        && refusal.message.contains("epoch 2"))
    #expect(code { try queue.progress(late.reference, percent: 5, note: nil) } == .conflict)
    #expect(code { _ = try queue.fail(late.reference, error: "e", retry: policy) } == .conflict)
    #expect(try queue.renew([late.reference, holder.reference], leaseSeconds: 30) == ["x"])
    try queue.release([late.reference])
    let forged = ClaimReference(id: "x", epoch: 2, token: late.token)
    #expect(code { try queue.progress(forged, percent: 5, note: nil) } == .conflict)
    #expect(try queue.complete(holder) == nil)
    #expect(try queue.complete(holder)?.cause == "it is finished")
  }

  @Test(arguments: [-100_000.0, 100_000]) func aSteppedWallClockNeitherEndsNorProlongsALease(step: Double)
    throws
  {
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: [:])])
    _ = try queue.one(lease: 10)
    world.time.step(to: world.time.now.adding(seconds: step))
    #expect(try queue.reclaimExpired().isEmpty)
    world.time.advance(seconds: 9)
    #expect(try queue.claim(agent: "b", leaseSeconds: 1, count: 1).isEmpty)
    world.time.advance(seconds: 1)
    let reclaimed = try queue.reclaimExpired()
    #expect(reclaimed.map(\.id) == ["x"] && reclaimed[0].agent == "a" && !reclaimed[0].parked)
  }

  @Test func afterARebootTheWallClockDecides() throws {
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: [:])])
    _ = try queue.one(lease: 10)
    world.time.reboot(origin: "next")
    #expect(try world.queue().reclaimExpired().isEmpty)
    world.time.advance(seconds: 10)
    #expect(try world.queue().reclaimExpired().map(\.id) == ["x"])
  }

  @Test func aFailureIsTriedAgainAndThenParked() throws {
    let queue = try world.queue()
    try world.write("work_x.json", #"{"id":"x","big":18446744073709551615}"#)
    guard case .retry(let at, 1) = try queue.fail(queue.one().reference, error: "boom", retry: policy) else {
      Issue.record("not tried again")
      return
    }
    let wait = at.seconds(since: world.time.now)
    #expect(wait > 5 && wait <= 10 && abs(wait - policy.delay(id: "x", attempt: 1)) < 1e-6)
    #expect(try queue.claim(agent: "a", leaseSeconds: 1, count: 1).isEmpty)
    try queue.flush()
    let rewritten = try JSONParser.parse(world.read("work_x.json"))
    #expect(rewritten["attempts"] == 1 && rewritten["last_error"] == "boom" && rewritten["epoch"] == 1)
    #expect(rewritten["big"]?.text() == "18446744073709551615")
    world.time.advance(seconds: 10)
    let second = try queue.one()
    #expect(second.attempt == 2 && second.epoch == 2)
    #expect(try queue.fail(second.reference, error: "again", retry: policy) == .parked)
    try queue.flush()
    #expect(try world.names() == ["failed_x.json"] && queue.statistics().failed == 1)
    #expect(try queue.show("x").note == "again")
    #expect(try queue.requeue("x") == .restoredFromFailed)
    #expect(try world.names() == ["work_x.json"] && queue.statistics().failed == 0)
    let third = try queue.one()
    #expect(third.attempt == 1 && third.epoch == 3)
  }

  @Test func theRecordsOwnLimitWinsAndARewriteNeedNotBeInFilesToBeClaimed() throws {
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: ["max_attempts": 3])])
    for attempt in 1...2 {
      let claim = try queue.one()
      #expect(claim.attempt == attempt && claim.maxAttempts == 3)
      _ = try queue.fail(claim.reference, error: "e", retry: RetryPolicy(maxAttempts: 1, baseSeconds: 1))
      world.time.advance(seconds: 60)
    }
    let last = try queue.one()
    #expect(try JSONParser.parse(last.record)["attempts"] == 2)
    #expect(try queue.complete(last) == nil)
    try queue.flush()
    #expect(try world.names() == ["completed_x.json"])
    #expect(try JSONParser.parse(world.read("completed_x.json"))["work"]?["attempts"] == 2)
  }

  @Test func aLeaseThatIsLostTooOftenParksTheItem() throws {
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: ["max_attempts": 2])])
    for parked in [false, true] {
      _ = try queue.one(lease: 1)
      world.time.advance(seconds: 2)
      #expect(try queue.reclaimExpired().map(\.parked) == [parked])
    }
    try queue.flush()
    #expect(try world.names() == ["failed_x.json"])
  }

  @Test func aReleasedItemHasLostNoAttempt() throws {
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: [:])])
    let claim = try queue.one()
    try queue.progress(claim.reference, percent: 40, note: "half-way")
    #expect(try queue.show("x").percent == 40)
    try queue.release([claim.reference])
    let again = try queue.one()
    #expect(again.attempt == 1 && again.epoch == 2)
    #expect(try queue.requeue("x") == .takenFrom(agent: "a"))
    #expect(try queue.complete(again)?.cause == "nobody holds it now")
    #expect(try queue.one().epoch == 4)
  }

  @Test func anIdIsTakenAllOrNone() throws {
    let queue = try world.queue()
    try world.write("completed_old.json", "{}")
    let items = ["new", "old"].map { NewWorkItem(id: $0, fields: [:]) }
    #expect(code { _ = try queue.add(items) } == .conflict)
    #expect(try world.names() == ["completed_old.json"])
    #expect(try queue.add(items, skipExisting: true) == ["new"])
    #expect(code { _ = try queue.add([NewWorkItem(id: "a/b", fields: [:])]) } == .invalidInput)
    #expect(code { _ = try queue.add([NewWorkItem(id: "claims", fields: [:])]) } == .invalidInput)
    let made = try queue.add([NewWorkItem(fields: ["prompt": "p"]), NewWorkItem(fields: [:])])
    #expect(Set(made).count == 2 && made.allSatisfy { $0.hasPrefix("w-") && $0.count == 18 })
  }

  @Test func quarantineMovesFilesAndBack() throws {
    let queue = try world.queue()
    _ = try queue.add(["a", "b", "c"].map { NewWorkItem(id: $0, fields: [:]) })
    let before = try world.read("work_b.json")
    let held = try queue.one()
    #expect(try queue.quarantine(["a", "b", "nope"], reason: "too old") == ["b"])
    #expect(try world.names("/.dsl/quarantine") == ["work_b.json"])
    #expect(try queue.show("b").state == .quarantined && queue.show("b").note == "too old")
    #expect(try queue.statistics().quarantined == 1)
    #expect(try queue.claim(agent: "z", leaseSeconds: 9, count: 9).map(\.id) == ["c"])
    try queue.restoreFromQuarantine(["b"])
    #expect(try world.read("work_b.json") == before && queue.one().id == "b")
    #expect(try queue.complete(held) == nil)
    #expect(code { try queue.restoreFromQuarantine(["b"]) } == .notFound)
  }

  /// Epochs and ids make keys for what agents do elsewhere: no two holders may have the same.
  @Test func anEpochIsNeverGivenTwice() throws {
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: [:])])
    let first = try queue.one(lease: 1)
    world.time.advance(seconds: 2)
    #expect(try queue.quarantine(["x"], reason: "test") == [], "it counts as held until the next look")
    _ = try queue.reclaimExpired()
    #expect(try queue.quarantine(["x"], reason: "test") == ["x"])
    try queue.restoreFromQuarantine(["x"])
    let second = try queue.one("b", lease: 1)
    #expect(second.epoch > first.epoch)
    // Away for a while, and back.
    world.time.advance(seconds: 2)
    _ = try queue.reclaimExpired()
    let text = try world.read("work_x.json")
    try PosixFileSystem().remove("\(world.path)/work_x.json")
    #expect(try queue.claim(agent: "c", leaseSeconds: 1, count: 1).isEmpty)
    try world.write("work_x.json", text)
    world.time.advance(seconds: 2)
    let third = try queue.one("c")
    #expect(third.epoch > second.epoch)
    #expect(try queue.complete(first)?.code == .conflict && queue.complete(second)?.code == .conflict)
    #expect(try queue.complete(third) == nil)
  }

  @Test func aForeignCompletedRecordIsNeverReplaced() throws {
    let queue = try world.queue()
    try world.write("completed_1.json", #"{"id":"completed_1","result":"old"}"#)
    try world.write("work_1.json", #"{"id":"1"}"#)
    try queue.complete(queue.one())
    try queue.flush()
    #expect(try world.names() == ["completed_1-2.json", "completed_1.json"])
    #expect(try JSONParser.parse(world.read("completed_1-2.json"))["id"] == "completed_1-2")
    #expect(try queue.show("1").file == "completed_1-2.json")
  }

  @Test func anEditWhileTheItemIsWorkedOnIsKept() throws {
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: [:]), NewWorkItem(id: "y", fields: [:])])
    let claims = try queue.claim(agent: "a", leaseSeconds: 9, count: 2)
    try world.write("work_x.json", #"{"id":"x","edited":true}"#)
    try world.write("work_y.json", "{broken")
    for claim in claims { try queue.complete(claim) }
    try queue.flush()
    #expect(try world.read("completed_x.json").contains(#""work": {"id":"x","edited":true}"#))
    #expect(try world.names("/.dsl/quarantine").map { $0.hasPrefix("work_y.json.damaged-") } == [true])
    #expect(try world.names() == ["completed_x.json", "completed_y.json"])
    #expect(queue.takeWarnings().count == 1)
  }

  @Test func preferredItemsAreServedFirstAndFreedWhenTheirAgentIsSilent() throws {
    let queue = try world.queue()
    _ = try queue.add(["a", "b", "c", "d"].map { NewWorkItem(id: $0, fields: [:]) })
    try queue.prefer([Preference(id: "c", agent: "one"), Preference(id: "d", agent: "two")])
    #expect(try queue.one("one").id == "c")
    #expect(try queue.claim(agent: "three", leaseSeconds: 99, count: 9).map(\.id) == ["a", "b"])
    world.time.advance(seconds: 6)
    #expect(try queue.one("three").id == "d")
  }

  @Test func sixteenThreadsClaimEachItemOnce() async throws {
    let count = 400
    let queue = try world.queue()
    _ = try queue.add((0..<count).map { NewWorkItem(id: "i\($0)", fields: [:]) })
    let world = world
    let done = try await withThrowingTaskGroup(of: [String].self) { group in
      for worker in 0..<16 {
        group.addTask {
          let own = try world.queue(UInt64(worker) + 2)
          var done: [String] = []
          while let claim = try own.claim(agent: "w\(worker)", leaseSeconds: 600, count: 1).first {
            if try own.complete(claim) == nil { done.append(claim.id) }
          }
          try own.flush()
          return done
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(done.sorted() == (0..<count).map { "i\($0)" }.sorted())
    #expect(try world.names() == (0..<count).map { "completed_i\($0).json" }.sorted())
  }

  @Test func listsAndCountsAgreeForReadersAndWriters() throws {
    let queue = try world.queue()
    _ = try queue.add((0..<6).map { NewWorkItem(id: "i\($0)", fields: ["priority": .int($0)]) })
    let claims = try queue.claim(agent: "a", leaseSeconds: 9, count: 2)
    try queue.complete(claims[0])
    try queue.flush()
    let reader = try world.queue(access: .readOnly)
    for view in [queue, reader] {
      #expect(try view.pending(limit: 2).map(\.id) == ["i3", "i2"])
      #expect(try view.list(WorkFilter()).map(\.id) == (0..<6).map { "i\($0)" })
      #expect(
        try view.list(WorkFilter(states: [.claimed, .completed], agent: "a")).map(\.id) == ["i4", "i5"])
      #expect(try view.list(WorkFilter(limit: 2, after: "i1")).map(\.id) == ["i2", "i3"])
      let statistics = try view.statistics()
      #expect(statistics.pending == 4 && statistics.claimed == 1 && statistics.agents.map(\.agent) == ["a"])
      #expect(statistics.oldestPending == world.time.now)
    }
    #expect(code { _ = try reader.claim(agent: "a", leaseSeconds: 1, count: 1) } == .invalidState)
  }

  @Test func readingWithoutAQueueWritesNothing() throws {
    try world.write("work_1.json", #"{"id":"one"}"#)
    let reader = try world.queue(access: .readOnly)
    #expect(try reader.statistics().pending == 1 && reader.show("one").state == .pending)
    #expect(try PosixFileSystem().status(world.path + "/.dsl") == nil)
  }

  @Test func aDamagedStoreIsSetAsideAndRebuilt() throws {
    try world.write("work_1.json", #"{"id":"one","epoch":7}"#)
    try PosixFileSystem().makeDirectory(world.path + "/.dsl")
    try world.write(".dsl/queue.sqlite", String(repeating: "x", count: 5000))
    let queue = try world.queue()
    #expect(queue.takeWarnings().count == 1)
    #expect(try queue.one().epoch == 8)
    #expect(try world.names("/.dsl").contains { $0.hasPrefix("queue.sqlite.corrupt-") })
  }
}
