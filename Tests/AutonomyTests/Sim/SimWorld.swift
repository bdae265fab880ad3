import Autonomy
import ClusterSim
import Coordination
import DSLBase
import DecisionEngine
import SweepFolders
import Telemetry
import Testing

/// A simulated cluster in a directory of its own, some steps into an episode.
struct SimWorld: ContractWorld {
  let folder: SweepFolder
  let time = ManualTime()
  let store: ClusterStore
  let sim: SimBackend
  var backend: any Backend { sim }
  var path: String { folder.path }
  let isFleet = false

  /// - Parameter steps: of waiting, before anything else.
  init(_ settings: Settings.Sim = .init(), steps: Int = 0, files: any FileSystem = PosixFileSystem())
    async throws
  {
    folder = try SweepFolder()
    let directory = CoordinationDirectory(path: folder.path, files: files)
    store = ClusterStore(directory, settings)
    sim = SimBackend(store, policy: "default", time: time)
    for _ in 0..<steps { _ = try await sim.passTime(sim.look()) }
  }

  var decisions: [Decision] {
    ClusterChoice.types.map { type in
      BackendContract.decision(type, type == .move ? ["direction": "left"] : [:])
    }
  }

  var unusable: Decision { BackendContract.decision(.move) }

  /// The cluster's file; empty where there is none.
  func fingerprint() async throws -> String {
    let path = "\(folder.path)/.dsl/sim/cluster.json"
    guard try PosixFileSystem().status(path) != nil else { return "" }
    return String(decoding: try PosixFileSystem().read(path, limit: 1 << 20), as: UTF8.self)
  }

  func stopAgent(_ id: String) async throws {}
  func moveOn(after step: EffectStep, of decision: Decision) async throws {
    _ = try await sim.passTime(sim.look())
  }
  func tearDown() async {}

  /// Carries out one decision on the cluster as it is.
  func act(_ type: DecisionType, _ parameters: JSONObject = [:]) async throws -> (EffectStep, JSONValue) {
    let decision = BackendContract.decision(type, parameters)
    guard case .steps(let steps) = try await sim.plan(decision, sim.look()) else {
      throw DSLError(.internalError, "\(type) has something to do")
    }
    return (steps[0], try await sim.perform(steps[0], for: decision))
  }
}

/// A loop over a simulated cluster: its journal, its policy, and gates that know no time.
final class SimSite {
  let world: SimWorld
  let journal: Journal
  let engine: DecisionEngine
  var strategies: [any DecisionStrategy] = []
  private var number = 0

  /// Gates without waits and budgets.
  static let gates = GateSettings(
    cooldown: .init(up: 0, down: 0, other: 0), budget: .init(count: 1_000_000),
    flaps: .init(count: 1_000_000), calibration: .init(maxOffset: 0))

  init(_ world: SimWorld, _ engine: DecisionEngine, files: any FileSystem = PosixFileSystem()) throws {
    self.world = world
    let directory = CoordinationDirectory(path: world.path, files: files)
    try AtomicFile.makeDirectory(files, directory.state)
    journal = try Journal(directory: directory, access: .readWrite)
    self.engine = engine
  }

  var executor: DecisionExecutor {
    DecisionExecutor(backend: world.sim, handlers: [:], journal: journal, time: world.time)
  }

  func turn(_ control: Cycle.Control = .init()) async throws -> CycleReport {
    number += 1
    world.time.advance(seconds: 1)
    let time = world.time
    var cycle = Cycle(
      backend: world.sim, engine: engine, gates: Self.gates.forCluster(engine), strategies: strategies,
      handlers: [:],
      tracer: SpanRecorder(serviceName: "test", exporter: InMemoryExporter(), time: time, seed: 1),
      time: time,
      provenance: .init(
        engineVersion: "0", policyName: "p", policyHash: "0", seed: 1, settings: .object([:])))
    cycle.control = control
    return try await cycle.run(id: "c-\(number)", journal: journal, history: journal, .init())
  }

  /// The cluster as it is now.
  func cluster() throws -> SavedCluster { try world.store.load() }
}
