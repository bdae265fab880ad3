import Autonomy
import Coordination
import DSLBase
import Foundation
import Logging
import Testing

/// What people ask of the time of a simulated cluster.
@Suite struct ClusterPaceTests {
  private static let now = ManualTime().now

  private static func pace(_ demand: ClusterPace.Demand) -> ClusterPace {
    ClusterPace(demand, by: "ann", at: now)
  }

  /// What happens, and how many steps are made after it.
  private enum Event {
    case start, pause
    case step(Int)
    /// A loop makes cycles until it stands still, `most` at the most; it notes what it made, unless it dies before.
    case loop(most: Int = 1000, notes: Bool = true)
    /// A person takes so many steps back, while no loop runs.
    case rollback(Int)
    /// The cluster's file is moved away.
    case anew
  }

  /// The machine of loop, people and cluster: a model of who writes what.
  private static func positions(_ events: [Event]) -> [Int] {
    var (pace, position): (ClusterPace?, Int) = (nil, 40)
    return events.map { event in
      switch event {
      case .start: pace = Self.pace(.start)
      case .pause: pace = Self.pace(.pause)
      case .step(let count):
        pace = ClusterPace(steps: count, after: pace, position: position, by: "ann", at: now)
      case .loop(let most, let notes):
        for _ in 0..<most where pace?.standing(at: position) ?? .running != .still { position += 1 }
        if notes, let made = pace?.made(at: position) { pace = made }
      case .rollback(let count):
        if let made = pace?.made(at: position) { pace = made }
        position -= count
      case .anew: position = 0
      }
      return position
    }
  }

  @Test func exactlyTheStepsThatWereAskedForAreMade() {
    let positions = Self.positions
    #expect(positions([.loop(most: 2)]) == [42], "nobody asked anything")
    #expect(positions([.pause, .loop(), .loop()]) == [40, 40, 40])
    #expect(positions([.pause, .step(3), .loop(), .loop()]) == [40, 40, 43, 43])
    #expect(positions([.step(3), .loop(), .step(1), .loop(), .start, .loop(most: 5)]).last == 49)
    // While it runs: so many more, then it stands still.
    #expect(positions([.loop(most: 2), .step(2), .loop()]) == [42, 42, 44])
    // On top of those that are still to be made; none are left after a pause.
    #expect(positions([.step(3), .loop(most: 1), .step(2), .loop()]) == [40, 41, 41, 45])
    #expect(positions([.step(3), .loop(most: 1), .pause, .step(2), .loop()]) == [40, 41, 41, 41, 43])
  }

  @Test func aLoopThatDiesMakesNoneTooManyAndLosesNone() {
    let positions = Self.positions
    for dies in 0...5 {
      let made = positions([.step(5), .loop(most: dies, notes: false), .loop(), .loop()])
      #expect(made == [40, 40 + dies, 45, 45])
    }
    // It died behind the last step and before it noted so; a step that is taken back then is not made again.
    #expect(positions([.step(2), .loop(notes: false), .rollback(1), .loop()]) == [40, 42, 41, 41])
    #expect(positions([.step(2), .loop(), .rollback(2), .loop(), .step(1), .loop()]).last == 41)
    // On the way it is: two places were asked for.
    #expect(positions([.step(4), .loop(most: 2), .rollback(1), .loop()]) == [40, 42, 41, 44])
  }

  @Test func aClusterThatWasBegunAnewStandsStill() {
    let positions = Self.positions
    #expect(positions([.pause, .anew, .loop()]).last == 0)
    #expect(positions([.step(3), .loop(), .anew, .loop()]).last == 0)
    #expect(positions([.step(3), .loop(most: 1), .anew, .loop(), .step(2), .loop()]).suffix(3) == [0, 0, 2])
    // Also where more were asked for than the cluster had made.
    #expect(positions([.step(100), .loop(most: 1), .anew, .loop()]).last == 0)
  }

  @Test func whatIsNotedIsReadAgain() throws {
    for demand in [
      ClusterPace.Demand.start, .pause, .step(from: 4, until: 9, isMade: false),
      .step(from: 0, until: 1, isMade: true),
    ] {
      #expect(try ClusterPace(json: Self.pace(demand).json) == Self.pace(demand))
    }
    let good = Self.pace(.step(from: 4, until: 9, isMade: false)).json.object ?? [:]
    for (name, value) in [
      ("asked", "stop"), ("asked", 3), ("by", .null), ("at", "noon"), ("from", -1), ("from", 9),
      ("until", .null), ("until", 1.5), ("made", "no"),
    ] as [(String, JSONValue)] {
      var bad = good
      bad[name] = value
      #expect(throws: DSLError.self, "\(name): \(value.text())") { try ClusterPace(json: .object(bad)) }
    }
    #expect(throws: DSLError.self) { try ClusterPace(json: "pause") }
  }
}

/// The loop over a simulated cluster, and what people ask of its time.
@Suite struct ClusterPaceLoopTests {
  private let world: SimWorld
  private let journal: Journal
  private let settings: Settings

  init() async throws {
    world = try await SimWorld()
    let directory = world.store.directory
    try AtomicFile.makeDirectory(PosixFileSystem(), directory.state)
    journal = try Journal(directory: directory, access: .readWrite)
    var settings = Settings()
    settings.backend = SimBackend.word
    settings.gates = SimSite.gates
    settings.loop.intervalSeconds = 0.001
    self.settings = settings
  }

  private func ask(_ request: ClusterStore.Request) throws -> PaceStatus {
    try world.store.ask(request, by: "ann", journal, world.time)
  }

  /// Runs a loop until it stands still, or has made so many cycles.
  private func run(most cycles: Int = 0) async throws -> (turns: Int, told: [String]) {
    var settings = settings
    settings.loop.maxCycles = cycles
    let (control, time, told) = (LoopControl(), SystemTime(), MutexBox<[String]>([]))
    let given = settings
    let loop = AutonomousLoop(
      path: world.path, plan: .init(settings: settings), control: control, reload: { .init(settings: given) },
      world: { _ in
        EngineHost.World(
          files: PosixFileSystem(), time: time, processes: SystemProcesses(bootID: time.monotonicOrigin),
          seed: time.now.nanoseconds.magnitude, environment: [:], host: "box",
          log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, console: { _ in })
      })
    let turns = try await loop.run { notice in
      if case .standsStill(let reason) = notice {
        told.with { $0.append(reason) }
        control.stop()
      }
    }
    return (turns, told.current)
  }

  private var position: Int { get throws { try world.store.load().position } }

  @Test func theLoopMakesTheStepsAndStandsStill() async throws {
    _ = try ask(.pause)
    var (turns, told) = try await run()
    #expect(try turns == 0 && position == 0)
    #expect(told.count == 1 && told[0].contains("as ann asked") && told[0].contains("dsl sim start"))
    #expect(try ask(.step(3)).standing == .stepping(left: 3))
    // It ends on the way, and another goes on.
    (turns, told) = try await run(most: 1)
    #expect(try turns == 1 && position == 1 && told.isEmpty)
    (turns, told) = try await run()
    #expect(try turns == 2 && position == 3)
    #expect(try journal.pace(world.store.directory)?.demand == .step(from: 0, until: 3, isMade: true))
    let entries = try journal.lastEntry()
    (turns, _) = try await run()
    #expect(try turns == 0 && position == 3)
    // The lead is taken and given up; of standing still nothing is written.
    #expect(try journal.lastEntry() - entries <= 2)
    #expect(try ask(.start).standing == .running)
    (turns, _) = try await run(most: 4)
    #expect(try turns == 4 && position == 7)
  }

  @Test func whatCannotBeReadHoldsTheCluster() async throws {
    _ = try await run(most: 2)
    try journal.replaceState(Journal.paceKey, ["asked": "fly"])
    let (turns, told) = try await run()
    #expect(try turns == 0 && position == 2)
    #expect(told.first?.contains("journal.sqlite") == true && told.first?.contains("dsl sim start") == true)
    #expect(throws: DSLError.self) { try ask(.step(1)) }
    #expect(try ask(.start).standing == .running)
    #expect(try await run(most: 1).turns == 1)
    // A cluster of which nobody knows how far it is makes no more of the steps that are left.
    _ = try ask(.step(5))
    let file = world.store.directory.cluster
    let bytes = try PosixFileSystem().read(file, limit: 1 << 20)
    try PosixFileSystem().write(file, Array(bytes.dropLast(9)), exclusive: false)
    #expect(try await run().turns == 0)
    #expect(throws: DSLError.self) { try ask(.step(1)) }
    try PosixFileSystem().write(file, bytes, exclusive: false)
    #expect(try await run().turns == 5)
    #expect(try position == 8)
  }
}
