import Autonomy
import Coordination
import DSLBase
import Glibc
import SweepFolders
import Testing

/// What the actors of one run were told, and what contradicts it.
struct InterleavedLedger: Sendable {
  struct Holding: Sendable {
    var epoch: Int64
    var until: Timestamp
    var isOpen = true
  }

  /// What is known of items at a moment.
  struct Known: Sendable {
    var added: Set<String>
    var perhapsAdded: Set<String>
    var completed: Set<String>
  }

  /// A backup that was told, and what was known before it and after it: it holds a state in between.
  struct Packed: Sendable {
    var path: String
    var before: Known
    var after: Known
  }

  var backups: [Packed] = []
  var known: Known { Known(added: added, perhapsAdded: perhapsAdded, completed: completed) }
  var added: Set<String> = []
  var perhapsAdded: Set<String> = []
  var completed: Set<String> = []
  var holdings: [String: Holding] = [:]
  var beats: [String: (told: Int, tried: Int)] = [:]
  var problems: [String] = []

  /// Notes a claim: nobody else may hold the item, and its epoch has to be new.
  mutating func claimed(_ claim: Claim, lease: Double) {
    if let before = holdings[claim.id] {
      if claim.epoch <= before.epoch { problems.append("\(claim.id): epoch \(claim.epoch) again") }
      if before.isOpen, claim.leaseUntil.adding(seconds: -lease) < before.until {
        problems.append("\(claim.id) was given away while it was held under epoch \(before.epoch)")
      }
    }
    holdings[claim.id] = Holding(epoch: claim.epoch, until: claim.leaseUntil)
    if completed.contains(claim.id) { problems.append("\(claim.id) was offered after its end") }
  }

  mutating func ended(_ claim: Claim, isDone: Bool) {
    if holdings[claim.id]?.epoch == claim.epoch { holdings[claim.id]?.isOpen = false }
    if holdings[claim.id]?.epoch != claim.epoch { problems.append("\(claim.id): a late result was accepted") }
    if isDone, !completed.insert(claim.id).inserted { problems.append("\(claim.id) was completed twice") }
  }
}

/// A directory with engines, agents, writers and projectors that take turns.
struct InterleavedWorld {
  private static let lease = 5.0
  private static let scenario = EffectScenario(type: .coordinationImprove, deed: .execution, overdue: true)

  let folder: SweepFolder
  /// Where backups go, and are unpacked.
  let packed: SweepFolder
  let time: ManualTime
  let seed: UInt64
  let ledger = MutexBox(InterleavedLedger())

  init(_ beginning: EffectBeginning, seed: UInt64) throws {
    folder = try SweepFolder()
    packed = try SweepFolder()
    try beginning.untouched.write(to: folder.path, PosixFileSystem())
    time = beginning.time
    self.seed = seed
    let ids = ContractSeed.pending + ["held-1", "expired-1"]
    ledger.with { $0.added = Set(ids) }
  }

  var actors: [(name: String, work: Interleaver.Work)] {
    let agents = ["idle-1", "idle-2", "busy-1"].map { id -> (name: String, work: Interleaver.Work) in
      let work: Interleaver.Work = { files, life in try agent(id, files, life) }
      return (id, work)
    }
    let first: Interleaver.Work = { files, life in try engine(1, files, life) }
    let second: Interleaver.Work = { files, life in try engine(2, files, life) }
    let adding: Interleaver.Work = { files, life in try writer(files, life) }
    let projecting: Interleaver.Work = { files, _ in for _ in 0..<2 { try queue(files, 7).flush() } }
    let packing: Interleaver.Work = { files, life in try packer(files, life) }
    return agents + [
      ("engine-1", first), ("engine-2", second), ("writer", adding), ("projector", projecting),
      ("backup", packing),
    ]
  }

  private func directory(_ files: any FileSystem) -> CoordinationDirectory {
    CoordinationDirectory(path: folder.path, files: files)
  }

  private func queue(_ files: any FileSystem, _ salt: UInt64) throws -> WorkQueue {
    try WorkQueue(directory: directory(files), time: time, seed: seed ^ salt, access: .readWrite)
  }

  /// Claims, works a while, says that it is alive, and finishes, gives up or forgets.
  private func agent(_ id: String, _ files: SteppedFileSystem, _ life: Int) throws {
    var random = SplitMix64(
      seed: seed ^ JSONValue.string(id).text().utf8.reduce(UInt64(life)) { $0 &* 31 &+ UInt64($1) })
    let queue = try queue(files, random.next())
    let store = AgentStore(directory(files))
    for _ in 0..<3 {
      let claims = try queue.claim(agent: id, leaseSeconds: Self.lease, count: 1)
      ledger.with { ledger in for claim in claims { ledger.claimed(claim, lease: Self.lease) } }
      try beat(id, store)
      guard let claim = claims.first else { continue }
      switch Int.random(in: 0..<6, using: &random) {
      case 0: break
      case 1:
        do throws(DSLError) {
          _ = try queue.fail(claim.reference, error: "no", retry: RetryPolicy())
          ledger.with { $0.ended(claim, isDone: false) }
        } catch {
          guard error.code == .conflict else { throw error }
        }
      default:
        let outcome = try queue.complete([Completion(claim: claim.reference, result: .string(id))])
        if case .completed = outcome.first { ledger.with { $0.ended(claim, isDone: true) } }
        try queue.flush()
      }
    }
  }

  private func beat(_ id: String, _ store: AgentStore) throws {
    ledger.with { $0.beats[id, default: (0, 0)].tried += 1 }
    try store.update(id) { (entry, record, members) throws(DSLError) in
      record.heartbeat = time.now
      members.append(("beats", .int((entry["beats"]?.int ?? 0) + 1)))
    }
    ledger.with { $0.beats[id, default: (0, 0)].told += 1 }
  }

  /// Recovers what another engine left, decides something, and now and then takes it back.
  private func engine(_ number: UInt64, _ files: SteppedFileSystem, _ life: Int) throws {
    let directory = directory(files)
    var random = SplitMix64(seed: seed &+ number &* 1000 &+ UInt64(life))
    for turn in 0..<2 {
      guard let lock = try files.lock(directory.engineLock, exclusive: true, wait: false) else { continue }
      defer { lock.unlock() }
      var decision = BackendContract.decisions[
        Int.random(in: 0..<BackendContract.decisions.count, using: &random)]
      decision.id = "d-\(number)-\(life)-\(turn)"
      let (chosen, undoes) = (decision, Bool.random(using: &random))
      try CallingThread.run { [time, folder, seed] in
        let engine = try EffectEngine(Self.scenario, folder.path, time, files, seed: seed ^ number)
        _ = try await Recovery(engine.executor).run()
        _ = try await Rollback(engine.executor).resume()
        let seen = try await engine.backend.observe()
        let report = try await engine.executor.execute(chosen, seen, cycle: "c")
        guard undoes, case .executed = report.outcome else { return }
        _ = try await Rollback(engine.executor).undo(try engine.journal.decision(chosen.id), by: "test")
      }
    }
  }

  /// Adds items through the queue, and as another program does: by moving a file in.
  private func writer(_ files: SteppedFileSystem, _ life: Int) throws {
    let queue = try queue(files, 99 &+ UInt64(life))
    for number in 0..<2 {
      let ids = ["w\(life)-\(number)-a", "w\(life)-\(number)-b"]
      ledger.with { $0.perhapsAdded.formUnion(ids) }
      _ = try queue.add(ids.map { NewWorkItem(id: $0, fields: ["n": 1]) })
      ledger.with { $0.added.formUnion(ids) }
      let moved = "m\(life)-\(number)"
      try files.write("\(folder.path)/.\(moved)", Array(#"{"id":"\#(moved)","n":1}"#.utf8), exclusive: true)
      ledger.with { _ = $0.perhapsAdded.insert(moved) }
      try files.rename("\(folder.path)/.\(moved)", to: "\(folder.path)/work_\(moved).json")
      ledger.with { _ = $0.added.insert(moved) }
    }
  }

  /// Takes a backup, whatever the others do meanwhile.
  private func packer(_ files: SteppedFileSystem, _ life: Int) throws {
    let path = "\(packed.path)/\(life).tar.gz"
    let before = ledger.current
    _ = try Backup.create(
      directory(files), to: .file(path), time: time, seed: seed ^ UInt64(50 + life))
    ledger.with { $0.backups.append(.init(path: path, before: before.known, after: $0.known)) }
  }

  // MARK: The end

  /// Clears up as the next engine would, and says what does not hold.
  func problems() async throws -> [String] {
    let engine = try EffectEngine(Self.scenario, folder.path, time, PosixFileSystem(), seed: 5)
    _ = try await Recovery(engine.executor).run()
    _ = try await Rollback(engine.executor).resume()
    try engine.queue.flush()
    _ = try engine.queue.statistics()
    let image = try DiskImage(reading: folder.path, PosixFileSystem())
    let ledger = ledger.current
    var problems = ledger.problems
    if try !engine.journal.unfinished().isEmpty { problems.append("an intent has no outcome") }
    if try engine.journal.state("undo_in_progress") != nil { problems.append("an undo is half done") }
    for id in ledger.added.union(ledger.perhapsAdded).sorted() {
      let places = [
        "work_\(id).json", "completed_\(id).json", "failed_\(id).json", ".dsl/quarantine/work_\(id).json",
      ].filter { image.files[$0] != nil }
      let isRight = ledger.added.contains(id) ? places.count == 1 : places.count <= 1
      if !isRight { problems.append("\(id) is at \(places)") }
      if ledger.completed.contains(id), places != ["completed_\(id).json"] {
        problems.append("\(id) was completed and is at \(places)")
      }
      if !ledger.completed.contains(id), places == ["completed_\(id).json"],
        ledger.holdings[id]?.isOpen != true
      {
        problems.append("\(id) was not completed by anybody")
      }
    }
    for (id, beats) in ledger.beats.sorted(by: { $0.key < $1.key }) {
      let found = try AgentStore(directory(PosixFileSystem())).read(id)?["beats"]?.int ?? 0
      if !(beats.told...beats.tried).contains(found) { problems.append("\(id): \(found) of \(beats) beats") }
    }
    for (number, backup) in ledger.backups.enumerated() { problems += try self.problems(backup, number) }
    return problems
  }
}
