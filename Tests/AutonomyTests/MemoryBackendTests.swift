import Autonomy
import DSLBase
import Testing

struct MemoryWorld: ContractWorld {
  let time = ManualTime()
  let memory: MemoryBackend
  var backend: any Backend { memory }

  init() {
    let now = time.now
    var fleet = MemoryFleet()
    for id in ContractSeed.idle + ["busy-1"] {
      fleet.agents[id] = .init(state: .idle, heartbeat: now, idleSince: now.adding(seconds: -60))
    }
    fleet.agents["stale-1"] = .init(state: .stale, heartbeat: now.adding(seconds: -3600))
    for id in ContractSeed.pending { fleet.items[id] = .init(created: now.adding(seconds: -10)) }
    let lease = now.adding(seconds: 30)
    fleet.items["held-1"] = .init(state: .claimed(agent: "busy-1", leaseUntil: lease), created: now)
    let past = now.adding(seconds: -5)
    fleet.items["expired-1"] = .init(state: .claimed(agent: "gone-1", leaseUntil: past), created: past)
    memory = MemoryBackend(fleet, time: time)
  }

  func fingerprint() async throws -> String {
    let fleet = memory.current
    let agents = fleet.agentIDs.map { "\($0): \(String(describing: fleet.agents[$0]))" }
    let items = fleet.itemIDs.map { "\($0): \(String(describing: fleet.items[$0]))" }
    return (agents + items).joined(separator: "\n")
  }

  func stopAgent(_ id: String) async throws { memory.change { $0.agents[id]?.state = .stopped } }
  func tearDown() async {}
}

@Suite struct MemoryBackendTests {
  @Test func keepsTheContract() async throws { try await BackendContract { MemoryWorld() }.run() }

  @Test func anUntouchedFleetIsUnknown() async throws {
    var fleet = MemoryFleet()
    fleet.initialised = false
    let seen = try await MemoryBackend(fleet, time: ManualTime()).observe()
    #expect(seen.blind != nil)
  }
}
