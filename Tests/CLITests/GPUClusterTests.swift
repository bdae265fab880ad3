import Foundation
import Testing

/// `dsl gpu nodes|discover|place|explain` from outside.
@Suite struct GPUClusterTests {
  /// Captured outputs that the library's tests read as well.
  static let data = Shell.root.appendingPathComponent("Tests/GPUSchedulingTests/Data").path

  /// Two machines with NVLink, one of them in use, and a spot machine that is cut in part.
  static let cluster = """
    cat > c.yaml <<'END'
    models:
      - {name: H100-SXM5-80GB, memory: 80Gi, cost_per_hour: 3.2}
    nodes:
      - {name: dgx, count: 2, cpu: 128, memory: 1Ti, gpus: 8, model: H100-SXM5-80GB, numa: [0,0,0,0,1,1,1,1], links: NV18,
         rack: r1, cached_models: [llama-3-70b]}
      - {name: pcie, cpu: 64, memory: 256Gi, gpus: 4, model: A100-PCIE-40GB, mig: [3], spot: true}
    running:
      - {workload: train, node: dgx-0, gpus: [0,1,2,3,4], cpu: 32, memory: 128Gi, priority: 5,
         started: "2026-01-01T00:00:00Z"}
      - {workload: cut, node: pcie, gpus: [3], mig: 3g.20gb@0, cpu: 1}
    END

    """

  private func run(_ call: String) throws -> (outcome: Outcome, data: [String: Any]) {
    let outcome = try Shell()(Self.cluster + "dsl gpu \(call) --cluster c.yaml --format json")
    return (outcome, outcome.out.isEmpty ? [:] : try outcome.json())
  }

  private func bindings(_ data: [String: Any]) -> [String] {
    let placement = data["placement"] as? [String: Any]
    return (placement?["bindings"] as? [[String: Any]] ?? []).map { binding in
      let parts = [
        binding["node"] as? String, "\(binding["gpus"] as? [Int] ?? [])", binding["mig"] as? String,
      ]
      return parts.compactMap { $0 }.joined(separator: " ")
    }
  }

  @Test func nodesSayWhatIsFree() throws {
    let (outcome, data) = try run("nodes")
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome)")
    #expect(data["gpus"] as? Int == 20 && data["free_gpus"] as? Int == 14 && data["pods"] as? Int == 2)
    let nodes = try #require(data["nodes"] as? [[String: Any]])
    #expect(nodes.map { "\($0["name"] ?? "")" } == ["dgx-0", "dgx-1", "pcie"])
    let last = try #require((nodes[2]["gpus"] as? [[String: Any]])?.last)
    #expect(last["instances"] as? [String] == ["3g.20gb@0"])
  }

  @Test func aWorkloadGoesWhereItMayAndFits() throws {
    let socket = try run("place w --gpus 4 --locality same-socket --required")
    #expect(socket.outcome.status == 0 && bindings(socket.data) == ["dgx-1 [0, 1, 2, 3]"], "\(socket)")
    let cut = try run("place w --mig 3g.20gb --spot")
    #expect(bindings(cut.data) == ["pcie [3] 3g.20gb@4"], "\(cut)")
    let kept = try run("place w --mig 3g.20gb")
    #expect(kept.outcome.status == 1 && kept.data["placed"] as? Bool == false)
    let reasons = try #require(kept.data["reasons"] as? [[String: Any]])
    #expect(reasons.map { "\($0["filter"] ?? "") \($0["nodes"] ?? "")" } == ["spot 1", "gpu-type 2"])
  }

  @Test func aGangEvictsOnlyWhatIsBelowIt() throws {
    #expect(try run("place w --gpus 8 --members 2 --priority 5 --preempt").outcome.status == 1)
    let (outcome, data) = try run("place w --gpus 8 --members 2 --priority 6 --preempt")
    let victims = try #require(data["victims"] as? [[String: Any]])
    #expect(outcome.status == 0 && victims.map { $0["workload"] as? String } == ["train"])
    #expect((victims[0]["lost_gpu_hours"] as? Double ?? 0) > 1000)
  }

  @Test func explainTellsWhatWouldHaveToGo() throws {
    let (outcome, data) = try run("explain w --gpus 8 --members 2")
    #expect(outcome.status == 0 && data["most_members"] as? Int == 1 && data["may_evict"] is NSNull)
    let free = try #require(data["would_free"] as? [String: Any])
    #expect((free["victims"] as? [[String: Any]])?.first?["workload"] as? String == "train")
    #expect(data["nearest"] as? String == "dgx-0")
    let nodes = try #require(data["nodes"] as? [[String: Any]])
    #expect(nodes[0]["reason"] as? String == "needs 8 GPUs, 3 of 8 GPUs are free")
    let terms = try #require(nodes[1]["terms"] as? [[String: Any]])
    let total = terms.reduce(0) { $0 + ($1["value"] as? Double ?? 0) * ($1["share"] as? Double ?? 0) }
    #expect(abs(total - (nodes[1]["score"] as? Double ?? 0)) < 1e-5)
  }

  @Test func whatIsDiscoveredIsACluster() throws {
    let outcome = try Shell()(
      """
      dsl gpu discover --query '\(Self.data)/smi-dgx-h100.xml' --matrix '\(Self.data)/topo-dgx-h100.txt' \\
        --name dgx --cpu 224 --memory 2Ti --format yaml > node.yaml
      dsl gpu place w --cluster node.yaml --gpus 4 --type h100 --format json
      """)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(bindings(try outcome.json()) == ["dgx [0, 1, 2, 3]"])
  }

  @Test(.enabled(if: !Shell.has("nvidia-smi"), "this machine has GPUs"))
  func withoutADriverThereIsNothingToDiscover() throws {
    let outcome = try Shell()("dsl gpu discover")
    #expect(outcome.status == 69 && outcome.err.contains("there is no program nvidia-smi"), "\(outcome)")
  }

  @Test(.enabled(if: Shell.has("nvidia-smi"), "this machine has no GPU")) func thisMachineIsDiscovered()
    throws
  {
    let outcome = try Shell()("dsl gpu discover --format json")
    let nodes = try #require(try outcome.json()["nodes"] as? [[String: Any]])
    #expect(outcome.status == 0 && (nodes.first?["gpus"] as? Int ?? 0) > 0)
  }

  @Test(arguments: [
    ("place w --gpus 17", 65, "--gpus 17: expected 0 to 16"),
    ("place w --gpus 1 --milli 5", 65, "--gpus, --milli and --mig exclude each other"),
    ("place w --milli 1000", 65, "--milli 1000: expected 1 to 999"),
    ("place w --locality near", 65, "--locality near: there is no such locality"),
    ("place train --gpus 1", 5, "workload train runs already"),
    ("nodes --profile p.yaml", 65, "p.yaml:1:11: weights: unknown key \"speed\""),
    ("place w --gpus 1 --cpu x", 65, "--cpu x: expected an amount"),
  ]) func badInputIsNamed(call: String, status: Int, message: String) throws {
    let outcome = try Shell()(
      Self.cluster + "echo 'weights: {speed: 1}' > p.yaml; dsl gpu \(call) --cluster c.yaml")
    #expect(outcome.status == status && outcome.err.contains(message), "\(outcome)")
  }
}
