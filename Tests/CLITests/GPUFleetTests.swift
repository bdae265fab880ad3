import Foundation
import Glibc
import Testing

/// `dsl auto --backend gpu` from outside: agents of pools come and go with their GPUs.
@Suite(.serialized) final class GPUFleetTests {
  private let shell: Shell

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  /// A machine with three GPUs, and a pool whose replicas have one each.
  private func prepare(maximum: Int, items: Int, exec: String) throws {
    try shell.makeQueue(
      """
      backend: gpu
      gpu: {cluster: cluster.yaml, manifests: pools.yaml}
      limits: {min_agents: 1, max_agents: \(maximum)}
      gates:
        max_decisions_per_cycle: 10
        cooldown: {up: 0s, down: 0s, other: 0s}
        budget: {count: 100000, window: 1s}
      agents:
        command: exec dsl agent run --heartbeat 0.25s --lease 1s --exec '\(exec)'

      """, items: items)
    try shell.write(
      "coordination/cluster.yaml",
      Array("nodes: [{name: box, cpu: 8, memory: 8Gi, gpus: 3, model: A100-SXM4-40GB}]\n".utf8))
    try shell.write(
      "coordination/pools.yaml",
      Array(
        """
        {apiVersion: neuronetes.io/v1alpha1, kind: Model, metadata: {name: m}, spec: {weightsURI: "s3://m", size: 1G}}
        ---
        {apiVersion: neuronetes.io/v1alpha1, kind: AgentClass, metadata: {name: c}, spec: {modelRef: {name: m}}}
        ---
        {apiVersion: neuronetes.io/v1alpha1, kind: AgentPool, metadata: {name: chat},
         spec: {agentClassRef: {name: c}, minReplicas: 1, maxReplicas: 9, gpuRequirements: {count: 1}}}

        """.utf8))
  }

  /// Which GPU each agent has that has not stopped.
  private func places() throws -> [String: Int] {
    var places: [String: Int] = [:]
    for name in try shell.records("agent_") {
      let record = try shell.record(name)
      guard record["status"] as? String != "stopped",
        let placement = record["gpu_placement"] as? [String: Any],
        let binding = (placement["bindings"] as? [[String: Any]])?.first
      else { continue }
      places[name] = (binding["gpus"] as? [Int])?.first
    }
    return places
  }

  private func decisions(_ objects: [[String: Any]], _ outcome: String) -> [[String: Any]] {
    objects.flatMap { $0["decisions"] as? [[String: Any]] ?? [] }.filter {
      $0["outcome"] as? String == outcome
    }
  }

  @Test func aPoolGrowsOntoGPUsIsRefusedMoreAndShrinks() throws {
    try prepare(maximum: 6, items: 60, exec: "sleep 0.2")
    let loop = try Program(shell, "exec dsl auto loop --backend gpu --interval 0.3 --format json")
    try #require(try Moment.wait { try places().count == 3 }, "three GPUs are in use: \(loop.err)")
    #expect(Set(try places().values) == [0, 1, 2], "each by one agent")
    // More agents are wanted than there are GPUs: refused, with the reason, until the backlog is worked off.
    try #require(
      Moment.wait {
        !decisions(loop.objects, "refused").filter { $0["gate"] as? String == "placement" }.isEmpty
      },
      "\(loop.err)")
    let refused = try #require(
      decisions(loop.objects, "refused").first { $0["gate"] as? String == "placement" })
    #expect(refused["reason"] as? String == "no place for chat-3 (1 GPU): nodes kept out: 1 by gpus")
    #expect(refused["type"] as? String == "scale_up")
    try #require(try Moment.wait { try shell.records("completed_").count == 60 }, "\(loop.err)")
    try #require(try Moment.wait { try places().count == 1 }, "drained to the minimum: \(loop.err)")
    loop.signal(SIGTERM)
    let refusedID = try #require(refused["decision_id"] as? String, "\(refused)")
    let shown = try #require(
      try shell("dsl --json auto show \(refusedID)").json()["data"] as? [String: Any])
    let refusal = try #require(shown["refusal"] as? [String: Any], "\(shown)")
    #expect(refusal["gate"] as? String == "placement")
    #expect(refusal["reason"] as? String == refused["reason"] as? String)
  }

  @Test func aRollbackFreesWhatAScaleUpTook() throws {
    try prepare(maximum: 3, items: 30, exec: "sleep 0.2")
    let outcome = try shell("dsl auto execute --backend gpu --format json")
    #expect(outcome.status == 0, "\(outcome)")
    try #require(try places().count > 0, "\(outcome)")
    let undone = try shell("dsl auto rollback --last 1 --backend gpu --format json")
    #expect(undone.status == 0, "\(undone)")
    #expect(try Moment.wait { try places().isEmpty }, "every GPU is free again")
  }

  @Test func aBackendWithoutItsFilesIsAClearError() throws {
    try shell.makeQueue("backend: gpu\n", items: 1)
    let outcome = try shell("dsl auto execute")
    #expect(outcome.status == 65, "\(outcome)")
    #expect(outcome.err.contains("the backend gpu needs gpu.cluster"), "\(outcome)")
    let wrong = try shell("dsl auto status --backend gqu")
    #expect(wrong.status != 0 && wrong.err.contains("gqu"), "\(wrong)")
  }
}
