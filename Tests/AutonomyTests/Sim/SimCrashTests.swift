import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine
import Glibc
import SweepFolders
import Telemetry
import Testing

/// The power fails, and operations fail, at every point of a cycle over a simulated cluster.
///
/// Whatever happens, the cluster has made exactly the steps that the journal says were made, and the next cycle makes one more.
@Suite struct SimCrashTests {
  private static let limit = 24

  /// What a cycle does to the cluster.
  enum Deed: String, CaseIterable, Sendable {
    /// A decision is carried out.
    case deciding
    /// Nothing is decided: it waits.
    case waiting
    /// The first step of all: nothing is there.
    case beginning
    /// The latest decision is rolled back.
    case undoing

    var steps: Int { self == .beginning ? 0 : 3 }
    /// Steps that the cluster has after the deed.
    var after: Int { self == .undoing ? 3 : steps + 1 }
    /// Steps that it has when the deed begins.
    var before: Int { self == .undoing ? 4 : steps }
  }

  /// An engine over a directory.
  private struct Site {
    let time: ManualTime
    let sim: SimBackend
    let journal: Journal
    let path: String
    let engine: DecisionEngine

    init(_ path: String, _ files: any FileSystem, _ deed: Deed, time: ManualTime) throws {
      (self.path, self.time) = (path, time)
      let directory = CoordinationDirectory(path: path, files: files)
      try AtomicFile.makeDirectory(files, directory.state)
      journal = try Journal(directory: directory, access: .readWrite)
      sim = SimBackend(ClusterStore(directory, .init()), policy: "default", time: time)
      engine = try deed == .waiting ? EngineRules.never() : EngineRules.always(.memoryClean)
    }

    var executor: DecisionExecutor {
      DecisionExecutor(backend: sim, handlers: [:], journal: journal, time: time)
    }

    func turn(_ id: String) async throws -> CycleReport {
      time.advance(seconds: 1)
      let cycle = Cycle(
        backend: sim, engine: engine, gates: SimSite.gates.forCluster(engine), strategies: [],
        handlers: [:],
        tracer: SpanRecorder(serviceName: "t", exporter: InMemoryExporter(), time: time, seed: 1),
        time: time,
        provenance: .init(
          engineVersion: "0", policyName: "p", policyHash: "0", seed: 1, settings: .object([:])))
      return try await cycle.run(id: id, journal: journal, history: journal, .init())
    }

    func perform(_ deed: Deed, _ tell: (String) -> Void) async throws {
      guard deed == .undoing else {
        let report = try await turn("c-swept")
        // A cycle that could not see the cluster left it as it was.
        if report.observation.blind == nil { tell("turn") }
        if !report.executed.isEmpty { tell("executed") }
        return
      }
      let entry = try journal.decisions(DecisionFilter(limit: 1))[0]
      let report = try await Rollback(executor).undo(entry, by: "test")
      if report.outcome == .reverted { tell("undone") }
    }
  }

  private static func beginning(_ deed: Deed) async throws -> DiskImage {
    let folder = try SweepFolder()
    let site = try Site(folder.path, PosixFileSystem(), deed, time: ManualTime())
    for _ in 0..<deed.steps { _ = try await site.sim.passTime(site.sim.look()) }
    if deed == .undoing { #expect(try await site.turn("c-before").executed.count == 1) }
    return try DiskImage(reading: folder.path, PosixFileSystem())
  }

  /// Clears up as the next engine does, and compares cluster and journal.
  private static func check(_ deed: Deed, _ path: String, _ told: [String], _ what: String) async throws {
    let time = ManualTime()
    time.advance(seconds: 100)
    let site = try Site(path, PosixFileSystem(), deed, time: time)
    _ = try await Recovery(site.executor).run()
    _ = try await Rollback(site.executor).resume()
    #expect(try site.journal.unfinished().isEmpty, "\(what): every intent has an outcome")
    let cluster = try site.sim.store.load()
    let steps = cluster.episode.step
    #expect([deed.before, deed.after].contains(steps), "\(what): the cluster made \(steps) steps")
    let entry = try site.journal.decisions(DecisionFilter(limit: 1)).first
    let isDone = entry.map { $0.outcome == .executed && !$0.isUndone } ?? false
    switch deed {
    case .deciding, .beginning:
      // After a decision that failed the cycle goes on, and its step is one of waiting.
      let last = cluster.episode.actions.last
      let wasMade = steps == deed.after && last == Action.memoryClean.rawValue
      #expect(isDone == wasMade, "\(what): the journal says \(isDone), the cluster \(wasMade)")
      if told.contains("executed") { #expect(isDone, "\(what): it was told") }
      if steps == deed.after, !wasMade {
        #expect(entry?.outcome == .undoneAfterFailure || entry?.outcome == .failed, "\(what)")
        #expect(last == Action.waiting(step: deed.before).rawValue, "\(what)")
      }
      if told.contains("turn") { #expect(steps == deed.after, "\(what): it was told") }
    case .waiting:
      #expect(entry == nil, "\(what)")
      if told.contains("turn") { #expect(steps == deed.after, "\(what): it was told") }
    case .undoing:
      #expect(isDone == (steps == deed.before), "\(what): the journal says \(isDone)")
      if told.contains("undone") { #expect(steps == deed.after, "\(what): it was told") }
    }
    // The state is the one that the actions lead to from the start.
    var again = try OpenEpisode(cluster.configuration, key: cluster.episode.key)
    for action in cluster.episode.actions { again = try again.stepping(Action(rawValue: action) ?? .moveUp) }
    #expect(again.digest == cluster.episode.digest, "\(what)")
    _ = try await site.turn("c-next")
    #expect(try site.sim.store.load().episode.step == steps + 1, "\(what): the next cycle is one step")
  }

  @Test(arguments: Deed.allCases) func aCrashLeavesOneStepOrNone(deed: Deed) async throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    let image = try await Self.beginning(deed)
    let folder = try SweepFolder()
    try image.write(to: folder.path, PosixFileSystem())
    let files = RecordingFileSystem(PosixFileSystem(), root: folder.path)
    let time = ManualTime()
    time.advance(seconds: 50)
    let site = try Site(folder.path, files, deed, time: time)
    try await site.perform(deed, files.tell)
    let counts = try await CrashSweep(image, files, limit: Self.limit, seed: seed).forEach { point in
      let folder = try SweepFolder()
      try point.image.write(to: folder.path, PosixFileSystem())
      let what = "\(deed), seed \(seed), after \(point.prefix) operations"
      do { try await Self.check(deed, folder.path, point.told, what) } catch {
        Issue.record("\(what): \(error)")
      }
    }
    print("crash sweep of a simulated cluster, \(deed): \(counts.states) states, seed \(seed)")
    #expect(counts.states > 6)
  }

  @Test(arguments: Deed.allCases) func anOperationThatFailsLeavesOneStepOrNone(deed: Deed) async throws {
    let image = try await Self.beginning(deed)
    let count = try await Self.run(deed, image, .none).operations.count
    for number in 1...count {
      let errno = [EIO, ENOSPC, EACCES][number % 3]
      try await Self.run(deed, image, .failing(operation: number, errno: errno))
    }
    print("fault loop of a simulated cluster, \(deed): \(count) operations")
    #expect(count > 12)
  }

  @discardableResult private static func run(
    _ deed: Deed, _ image: DiskImage, _ fault: FaultyFileSystem.Fault
  ) async throws -> FaultyFileSystem {
    let folder = try SweepFolder()
    try image.write(to: folder.path, PosixFileSystem())
    let files = FaultyFileSystem(PosixFileSystem(), fault)
    let what = "\(deed), \(fault)"
    var told: [String] = []
    do {
      let time = ManualTime()
      time.advance(seconds: 50)
      let site = try Site(folder.path, files, deed, time: time)
      try await site.perform(deed) { told.append($0) }
    } catch let error as DSLError {
      #expect([.io, .corrupt].contains(error.code), "\(what): \(error)")
    } catch let error as FileError {
      #expect(error.path.hasPrefix(folder.path), "\(what): \(error)")
    }
    do { try await check(deed, folder.path, told, what) } catch { Issue.record("\(what): \(error)") }
    return files
  }
}
