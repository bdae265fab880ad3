import Coordination
import DSLBase
import Glibc
import Testing

/// Every file operation of every change is made to fail, or to be the last before a crash; afterwards another process opens
/// the queue, and each item must be in exactly one place with its bytes.
@Suite struct QueueFaultTests {
  enum Change: String, CaseIterable, Sendable {
    case complete, failAndRetry, failForGood, requeueFailed, quarantine, restore, add
  }

  private static let text = #"{"id":"x", "n":9007199254740993,"attempts":0}"#

  @Test(arguments: Change.allCases, [false, true]) func nothingIsLost(change: Change, crash: Bool) throws {
    var operation = 0
    var reached = true
    while reached {
      operation += 1
      #expect(operation < 200, "the loop ends by itself")
      let world = try QueueWorld()
      try prepare(change, world)
      let files = FaultyFileSystem(
        PosixFileSystem(),
        crash ? .crashing(operation: operation) : .failing(operation: operation, errno: EIO))
      do {
        let queue = try world.queue(2, files: files)
        try perform(change, queue)
        try queue.flush()
      } catch is DSLError {
      }
      reached = files.operations.count >= operation
      try check(change, world, "\(change.rawValue), operation \(operation), crash \(crash)")
    }
    #expect(operation > 3, "there were operations to fail")
  }

  private func prepare(_ change: Change, _ world: QueueWorld) throws {
    guard change != .add else { return }
    try world.write("work_x.json", Self.text)
    let queue = try world.queue()
    switch change {
    case .requeueFailed:
      _ = try queue.fail(queue.one().reference, error: "e", retry: RetryPolicy(maxAttempts: 1))
      try queue.flush()
    case .restore:
      _ = try queue.quarantine(["x"], reason: "old")
    case .complete, .failAndRetry, .failForGood, .quarantine, .add: break
    }
  }

  private func perform(_ change: Change, _ queue: WorkQueue) throws {
    switch change {
    case .complete: try queue.complete(queue.one())
    case .failAndRetry: _ = try queue.fail(queue.one().reference, error: "e", retry: RetryPolicy())
    case .failForGood:
      _ = try queue.fail(queue.one().reference, error: "e", retry: RetryPolicy(maxAttempts: 1))
    case .requeueFailed: _ = try queue.requeue("x")
    case .quarantine: _ = try queue.quarantine(["x"], reason: "old")
    case .restore: try queue.restoreFromQuarantine(["x"])
    case .add: _ = try queue.add(["x", "y"].map { NewWorkItem(id: $0, fields: ["n": 1]) })
    }
  }

  private func check(_ change: Change, _ world: QueueWorld, _ what: String) throws {
    let queue = try world.queue(3)
    try queue.flush()
    let here = try world.names()
    let quarantined = try world.names("/.dsl/quarantine")
    guard change != .add else {
      let ids = try queue.add(["x", "y"].map { NewWorkItem(id: $0, fields: ["n": 1]) }, skipExisting: true)
      #expect(try world.names() == ["work_x.json", "work_y.json"], "\(what): repeating adds \(ids)")
      return
    }
    #expect(here.count + quarantined.count == 1, "\(what): \(here) \(quarantined)")
    let folder = quarantined.isEmpty ? "" : ".dsl/quarantine/"
    let content = try world.read(folder + (here + quarantined).joined())
    #expect(content.contains("9007199254740993"), "\(what): \(content)")
    _ = try queue.requeueUnlessCompleted("x")
    world.time.advance(seconds: 3600)
    let again = try queue.claim(agent: "b", leaseSeconds: 9, count: 2)
    #expect(again.map(\.id) == (here == ["completed_x.json"] ? [] : ["x"]), "\(what): can be worked on")
  }
}

extension WorkQueue {
  fileprivate func requeueUnlessCompleted(_ id: String) throws -> RequeueOutcome? {
    try show(id).state == .completed ? nil : try requeue(id)
  }
}

/// What a process leaves when it ends without flushing is finished by the next one that opens the queue.
@Suite struct QueueRestartTests {
  @Test func theNextProcessProjectsWhatADeadOneLeft() throws {
    let world = try QueueWorld()
    let first = try world.queue()
    _ = try first.add((0..<300).map { NewWorkItem(id: "i\($0)", fields: [:]) })
    for claim in try first.claim(agent: "a", leaseSeconds: 9, count: 300) { try first.complete(claim) }
    #expect(try world.names().allSatisfy { $0.hasPrefix("work_") })
    let second = try world.queue(2)
    #expect(try world.names() == (0..<300).map { "completed_i\($0).json" }.sorted())
    #expect(try second.claim(agent: "b", leaseSeconds: 9, count: 1).isEmpty)
  }

  @Test func theBackgroundProjectorWritesFilesByItself() async throws {
    let world = try QueueWorld()
    let queue = try world.queue()
    _ = try queue.add([NewWorkItem(id: "x", fields: [:])])
    queue.startProjector()
    try queue.complete(queue.one())
    for _ in 0..<500 {
      if try world.names() == ["completed_x.json"] { break }
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(try world.names() == ["completed_x.json"])
    queue.stopProjector()
  }

  @Test func hundredsOfItemsInBatches() throws {
    let world = try QueueWorld()
    let queue = try world.queue()
    let count = 600
    _ = try queue.add((0..<count).map { NewWorkItem(id: "i\($0)", fields: [:]) })
    var done: Set<String> = []
    while case let claims = try queue.claim(agent: "a", leaseSeconds: 9, count: 100), !claims.isEmpty {
      _ = try queue.complete(claims.map { Completion(claim: $0.reference, result: 1) })
      for claim in claims { #expect(done.insert(claim.id).inserted) }
    }
    try queue.flush()
    #expect(done.count == count)
    #expect(try world.names().count == count && queue.statistics().pending == 0)
  }
}
