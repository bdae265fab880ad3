import Foundation
import Testing

/// `dsl gpu reclaim`, and `dsl gpu explain` of what runs, from outside.
@Suite struct GPUReclaimTests {
  /// A node whose memory is under pressure in three ways, and a gang that lacks a member.
  static let cluster = """
    cat > c.yaml <<'END'
    nodes:
      - {name: n, cpu: 64, memory: 256Gi, gpus: 4, model: T4, gpu_memory_used: [14500Mi, 14000Mi, 1Gi, 14600Mi]}
      - {name: m, cpu: 64, memory: 256Gi, gpus: 2, model: A100-40GB, mig: [1]}
    running:
      - {workload: small, node: n, gpus: [0], milli: 200, gpu_memory_used: 6Gi, qos: best-effort, started: "2026-01-01T00:00:00Z"}
      - {workload: batch, node: n, gpus: [0], milli: 200, gpu_memory_used: 5Gi, priority: 3}
      - {workload: fixed, node: n, gpus: [1], preemptible: false}
      - {workload: gang, members: 3, member: 0, node: n, gpus: [3], started: "2026-01-01T00:00:00Z"}
      - {workload: gang, members: 3, member: 1, node: m, gpus: [0]}
      - {workload: cut, node: m, gpus: [1], mig: 1g.5gb@0, gpu_memory_used: 4700Mi}
    END
    echo 'stale_after: 50ms' > p.yaml

    """

  private func run(_ call: String) throws -> (outcome: Outcome, data: [String: Any]) {
    let outcome = try Shell()(Self.cluster + "dsl gpu reclaim --cluster c.yaml --format json \(call)")
    return (outcome, outcome.out.isEmpty ? [:] : try outcome.json())
  }

  private func victims(_ data: [String: Any]) -> [String] {
    (data["victims"] as? [[String: Any]] ?? []).map { "\($0["workload"] ?? "") \($0["pods"] ?? "")" }
  }

  @Test func theLeastCostIsChosenAndWhatStaysIsTold() throws {
    let (outcome, data) = try run("")
    #expect(outcome.status == 1, "GPU 1 has nobody who may go: \(outcome)")
    #expect(
      Set(victims(data).map { $0.prefix { $0 != " " } }) == ["cut", "gang", "small"], "batch is higher")
    let pressures = try #require(data["pressures"] as? [[String: Any]])
    #expect(
      pressures.map { "\($0["node"] ?? "") \($0["gpu"] ?? "") \($0["outcome"] ?? "")" } == [
        "n 0 relieved", "n 1 stuck", "n 3 relieved", "m 1 relieved",
      ])
    #expect(pressures[3]["mig"] as? String == "1g.5gb@0" && data["stuck"] as? Int == 1)
    let staying = try #require(pressures[1]["staying"] as? [[String: Any]])
    #expect(staying.map { $0["pod"] as? String } == ["fixed"] && staying[0]["preemptible"] as? Bool == false)
    let text = try Shell()(Self.cluster + "dsl gpu reclaim --cluster c.yaml")
    #expect(text.out.contains("without it n GPU 0 stays at 96.0%"), "\(text)")
    #expect(text.out.contains("n GPU 1 cannot be relieved: fixed may not be preempted (13.7 GiB)"), "\(text)")
  }

  @Test func nothingUnderPressureIsStatusZero() throws {
    let (outcome, data) = try run("--above 99%")
    #expect(outcome.status == 0 && victims(data).isEmpty && data["measured"] as? Int == 5, "\(outcome)")
    let text = try Shell()(Self.cluster + "dsl gpu reclaim --cluster c.yaml --above 99")
    #expect(text.out == "5 memories were measured, none has more than 99% in use\n", "\(text)")
  }

  @Test func gangsThatLackMembersForLongGoFirst() throws {
    let shell = try Shell()
    let first = try shell(
      Self.cluster
        + "dsl gpu reclaim --cluster c.yaml --profile p.yaml --gangs g.json --format json; sleep 0.1; jq -c '.lacking_since | keys' g.json"
    )
    #expect(first.out.hasSuffix("[\"gang\"]\n") && first.out.contains("\"stale_gangs\": []"), "\(first)")
    let second = try shell("dsl gpu reclaim --cluster c.yaml --profile p.yaml --gangs g.json --format json")
    let data = try second.json()
    let stale = try #require(data["stale_gangs"] as? [[String: Any]])
    #expect(stale.map { "\($0["workload"] ?? "") \($0["present"] ?? "")" } == ["gang 2"], "\(second)")
    #expect(!victims(data).contains { $0.hasPrefix("gang") }, "it goes anyway")
    #expect((data["pressures"] as? [[String: Any]])?.count == 3, "and its GPU is relieved by that")
    let broken = try shell("echo '{}' > g.json; dsl gpu reclaim --cluster c.yaml --gangs g.json")
    #expect(broken.status == 65 && broken.err.contains("g.json does not tell since when"), "\(broken)")
    let empty = try shell(": > g.json; dsl gpu reclaim --cluster c.yaml --gangs g.json")
    #expect(empty.status == 65 && empty.err.contains("g.json"), "\(empty)")
    // Gangs can be looked at where nothing was measured, but that is no all-clear.
    let blind = try shell(
      "rm g.json; sed -E 's/, gpu_memory_used: (\\[[^]]*\\]|[^,}]*)//' c.yaml > blind.yaml; dsl gpu reclaim --cluster blind.yaml --gangs g.json"
    )
    #expect(blind.status == 0 && blind.err.contains("blind.yaml tells of no memory in use"), "\(blind)")
  }

  @Test(arguments: [
    ("--above 0", "--above 0: expected 1% to 100%"), ("--below x%", "--below x%: expected 1% to 100%"),
    ("--above 70 --below 80", "--below 80 is more than --above 70"),
  ]) func badBoundsAreNamed(flags: String, message: String) throws {
    let (outcome, _) = try run(flags)
    #expect(outcome.status == 65 && outcome.err.contains(message), "\(outcome)")
  }

  @Test func withoutMeasurementsThereIsNothingToSay() throws {
    let outcome = try Shell()(
      "echo 'nodes: [{name: a, cpu: 1, memory: 1Gi}]' > c.yaml; dsl gpu reclaim --cluster c.yaml")
    #expect(outcome.status == 65 && outcome.err.contains("c.yaml tells of no memory in use"), "\(outcome)")
  }

  @Test func aDriversUseIsThatOfItsCluster() throws {
    let outcome = try Shell()(
      """
      dsl gpu discover --query '\(GPUClusterTests.data)/smi-dgx-h100.xml' --cpu 8 --memory 64Gi --format yaml > n.yaml
      dsl gpu reclaim --cluster n.yaml
      """)
    #expect(outcome.status == 0 && outcome.out.hasPrefix("8 memories were measured"), "\(outcome)")
  }

  @Test func whatRunsIsExplainedAsIfPlacedAnew() throws {
    let outcome = try Shell()(
      GPUClusterTests.cluster + "dsl gpu explain train --cluster c.yaml --format json")
    let data = try outcome.json()
    let running = try #require(data["running"] as? [[String: Any]])
    #expect(outcome.status == 0 && running.map { $0["node"] as? String } == ["dgx-0"], "\(outcome)")
    #expect((data["placement"] as? [String: Any]) != nil && data["nearest_placement"] is NSNull)
    let twice = try Shell()(GPUClusterTests.cluster + "dsl gpu explain train --gpus 1 --cluster c.yaml")
    #expect(twice.status == 5 && twice.err.contains("workload train runs already"), "\(twice)")
    let less = try Shell()(
      GPUClusterTests.cluster
        + "dsl gpu explain w --gpus 5 --locality same-socket --required --cluster c.yaml; dsl gpu explain w --gpus 9 --cluster c.yaml"
    )
    #expect(
      less.out.contains("would fit with locality same-node instead of same-socket: dgx-1 GPUs"), "\(less)")
    #expect(less.out.contains("would fit with 8 GPUs instead of 9: dgx-1 GPUs 0,1,2,3,4,5,6,7"), "\(less)")
  }
}
