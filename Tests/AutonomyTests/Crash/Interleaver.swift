import Coordination
import DSLBase
import Dispatch
import Foundation
import Glibc
import Synchronization

/// Lets several actors work on one directory, one file operation or commit of one of them at a time, in an order that a seed
/// decides; now and then one dies between two operations and comes back.
///
/// Each actor is a thread that waits for its turn before everything it asks of the file system. So nothing but the seed
/// decides, and a seed that found something finds it again.
final class Interleaver: Sendable {
  /// Does one actor's work; called again after each of its deaths.
  typealias Work = @Sendable (SteppedFileSystem, _ life: Int) throws -> Void

  /// What a run came to.
  struct Outcome: Sendable {
    var steps: [String] = []
    var deaths = 0
    var problems: [String] = []
  }

  private enum Standing { case ready, blocked, finished }

  private struct State {
    var standing: [Standing]
    var dead: [Bool]
    var owners: [String: Int] = [:]
    var outcome = Outcome()
  }

  private static let patience = 50_000
  private static let lives = 3

  private let names: [String]
  private let works: [Work]
  private let time: ManualTime
  private let turns: [DispatchSemaphore]
  private let back = DispatchSemaphore(value: 0)
  private let state: Mutex<State>

  init(_ actors: [(name: String, work: Work)], _ time: ManualTime) {
    names = actors.map(\.name)
    works = actors.map(\.work)
    self.time = time
    turns = actors.map { _ in DispatchSemaphore(value: 0) }
    state = Mutex(
      State(
        standing: actors.map { _ in .ready }, dead: actors.map { _ in false }))
  }

  /// Runs all actors to their end.
  func run(seed: UInt64) -> Outcome {
    var generator = SplitMix64(seed: seed)
    var lives = works.map { _ in 1 }
    for actor in works.indices { begin(actor, life: 0) }
    while let actor = choose(&generator) {
      let dies = lives[actor] < Self.lives && Int.random(in: 0..<150, using: &generator) == 0
      if dies { state.withLock { $0.dead[actor] = true } }
      switch Int.random(in: 0..<400, using: &generator) {
      case 0: time.advance(seconds: 7)
      case 1..<20: time.advance(seconds: 0.3)
      default: break
      }
      turns[actor].signal()
      back.wait()
      let (isOver, wasDead) = state.withLock { state in
        if state.standing[actor] != .blocked {
          for other in state.standing.indices where state.standing[other] == .blocked {
            state.standing[other] = .ready
          }
        }
        return (state.standing[actor] == .finished, state.dead[actor])
      }
      if isOver, wasDead {
        state.withLock { state in
          state.outcome.deaths += 1
          state.dead[actor] = false
          state.standing[actor] = .ready
        }
        begin(actor, life: lives[actor])
        lives[actor] += 1
      }
    }
    return state.withLock { $0.outcome }
  }

  /// Who is next; `nil` when all have ended, or can never go on.
  private func choose(_ generator: inout SplitMix64) -> Int? {
    state.withLock { state in
      let ready = state.standing.indices.filter { state.standing[$0] == .ready }
      if ready.isEmpty, state.standing.contains(.blocked) {
        state.outcome.problems.append("all wait for each other: \(state.outcome.steps.suffix(8))")
      }
      guard state.outcome.steps.count < Self.patience else {
        state.outcome.problems.append("no end")
        return nil
      }
      return ready.isEmpty ? nil : ready[Int.random(in: 0..<ready.count, using: &generator)]
    }
  }

  private func begin(_ actor: Int, life: Int) {
    let thread = Thread { [self] in
      turns[actor].wait()
      do {
        try works[actor](SteppedFileSystem(self, actor), life)
      } catch {
        state.withLock { state in
          guard !state.dead[actor] else { return }
          state.outcome.problems.append("\(names[actor]): \(error)")
        }
      }
      state.withLock { $0.standing[actor] = .finished }
      back.signal()
    }
    thread.stackSize = 8 << 20
    thread.start()
  }

  // MARK: For the actors

  /// Waits for the actor's turn.
  ///
  /// - Throws: when the actor is dead; nothing it asks for is done any more.
  func step(_ actor: Int, _ operation: String, _ path: String, isBlocked: Bool = false) throws(FileError) {
    let isDead = state.withLock { state in
      guard !state.dead[actor] else { return true }
      state.outcome.steps.append("\(names[actor]) \(operation)")
      state.standing[actor] = isBlocked ? .blocked : .ready
      return false
    }
    if !isDead {
      back.signal()
      turns[actor].wait()
    }
    guard state.withLock({ !$0.dead[actor] }) else {
      throw FileError(operation, path, errno: EIO, reason: "the process is dead")
    }
  }

  /// Waits until nobody else writes to a database.
  func take(_ database: String, _ actor: Int) throws(FileError) {
    try step(actor, "begin", database)
    while !state.withLock({ state in
      guard state.owners[database] == nil else { return false }
      state.owners[database] = actor
      return true
    }) {
      try step(actor, "wait", database, isBlocked: true)
    }
  }

  func giveBack(_ database: String, _ actor: Int) {
    state.withLock { state in
      if state.owners[database] == actor { state.owners[database] = nil }
    }
  }
}

/// The machine's file system as one actor has it: each call waits for its turn.
final class SteppedFileSystem: DatabaseWitness {
  private let base = PosixFileSystem()
  private let scheduler: Interleaver
  private let actor: Int

  init(_ scheduler: Interleaver, _ actor: Int) {
    self.scheduler = scheduler
    self.actor = actor
  }

  private func step(_ operation: String, _ path: String) throws(FileError) {
    try scheduler.step(actor, operation, path)
  }

  func walk(_ directory: String, _ visit: (any WalkEntry) throws -> Void) throws {
    try step("walk", directory)
    try base.walk(directory, visit)
  }
  func status(_ path: String) throws(FileError) -> FileStatus? {
    try step("status", path)
    return try base.status(path)
  }
  func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    try step("read", path)
    return try base.read(path, limit: limit)
  }
  func write(_ path: String, _ content: [UInt8], exclusive: Bool) throws(FileError) {
    try step("create", path)
    try base.write(path, [], exclusive: exclusive)
    try step("write", path)
    try base.write(path, content, exclusive: false)
  }
  func append(_ path: String, _ content: [UInt8]) throws(FileError) {
    try step("append", path)
    try base.append(path, content)
  }
  func adoptAttributes(of existing: String, on path: String) throws(FileError) {
    try base.adoptAttributes(of: existing, on: path)
  }
  // Nothing is lost but by deaths here, so that a sync has nothing to do.
  func sync(file path: String) throws(FileError) { try step("fsync", path) }
  func sync(directory path: String) throws(FileError) { try step("fsync", path) }
  func rename(_ from: String, to: String) throws(FileError) {
    try step("rename", from)
    try base.rename(from, to: to)
  }
  func renameExclusively(_ from: String, to: String) throws(FileError) {
    try step("renameat2", from)
    try base.renameExclusively(from, to: to)
  }
  func remove(_ path: String) throws(FileError) {
    try step("unlink", path)
    try base.remove(path)
  }
  func makeDirectory(_ path: String) throws(FileError) {
    try step("mkdir", path)
    try base.makeDirectory(path)
  }
  func lock(_ path: String, exclusive: Bool, wait: Bool) throws(FileError) -> (any FileLock)? {
    try step("flock", path)
    while true {
      if let lock = try base.lock(path, exclusive: exclusive, wait: false) { return lock }
      guard wait else { return nil }
      try scheduler.step(actor, "wait", path, isBlocked: true)
    }
  }
  func isWritable(_ directory: String) -> Bool { base.isWritable(directory) }

  func willWrite(_ database: String) throws(FileError) { try scheduler.take(database, actor) }
  func willCommit(_ database: String) throws(FileError) { try step("commit", database) }
  func didWrite(_ database: String, committed: Bool, durable: Bool) { scheduler.giveBack(database, actor) }
}

/// Runs asynchronous work to its end on the calling thread, whatever the machine's other threads do.
final class CallingThread: TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])
  private let arrived = DispatchSemaphore(value: 0)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
    arrived.signal()
  }

  static func run(_ body: @escaping @Sendable () async throws -> Void) throws {
    let executor = CallingThread()
    let result = MutexBox<Result<Void, any Error>?>(nil)
    Task(executorPreference: executor) {
      do {
        try await body()
        result.with { $0 = .success(()) }
      } catch {
        result.with { $0 = .failure(error) }
      }
      executor.arrived.signal()
    }
    while true {
      executor.arrived.wait()
      let job = executor.jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      job?.runSynchronously(on: executor.asUnownedTaskExecutor())
      if let result = result.current, executor.jobs.withLock({ $0.isEmpty }) { return try result.get() }
    }
  }
}
