import Foundation
import Testing

/// `dsl policy check --backend sim` and `dsl policy play` from outside.
@Suite struct ClusterCheckTests {
  private let shell: Shell

  init() throws {
    shell = try Shell()
    let rules = Shell.root.appendingPathComponent("examples/policies/cluster.yaml")
    try shell.write("coordination/cluster.yaml", try Data(contentsOf: rules))
    try shell.write(
      "coordination/dsl.yaml",
      Array(
        """
        backend: sim
        policy: cluster.yaml
        loop: {interval: 1s}
        gates:
          cooldown: {up: 0s, down: 0s, other: 0s}
          budget: {count: 100000}
          flaps: {count: 100000}
          calibration: {max_offset: 0%}

        """.utf8))
    // It runs between the neediest cells, and cleans none.
    try shell.write(
      "bad.yaml",
      Array(
        """
        name: bad
        rules:
          - name: walk
            type: coordination_improve
            priority: 5
            confidence: 0.9
            when: {nearby_need: {gt: 0.3}}
            description: Walk to the neediest cell in view
            rationale: Its need is {nearby_need}

        """.utf8))
  }

  private func json(_ call: String, status: Int32) throws -> [String: Any] {
    let outcome = try shell("dsl \(call) --format json")
    #expect(outcome.status == status, "\(call): \(outcome)")
    return try outcome.json()
  }

  @Test func aCounterExampleIsFoundReplayedAndPlayed() throws {
    let before = try shell.content(of: "coordination")
    let check = try json("policy check bad.yaml --episodes 3 --traces faults", status: 1)
    #expect(try shell.content(of: "coordination") == before, "checking changes nothing")
    #expect(check["backend"] as? String == "sim" && check["clean"] as? Bool == false)
    let findings = try #require(check["findings"] as? [[String: Any]])
    let kinds = findings.compactMap { $0["kind"] as? String }
    #expect(kinds.starts(with: ["dead_zone", "cluster_fails"]) || kinds.first == "cluster_fails", "\(kinds)")
    #expect(
      try json("policy check bad.yaml --episodes 3", status: 1)["loops"] as? Int == check["loops"] as? Int)
    let traces = try #require(check["traces"] as? [String])
    #expect(traces.contains("faults/cluster_fails-1.json"), "\(traces)")

    // Without the policy's file, from the trace alone.
    try shell("rm bad.yaml")
    for trace in traces {
      let replay = try shell("dsl auto replay --trace \(trace)")
      #expect(replay.status == 0 && replay.out.hasSuffix("equal\nthe finding is confirmed\n"), "\(replay)")
    }
    let played = try json("policy play faults/cluster_fails-1.json played", status: 0)
    #expect(played["shown"] as? Bool == true && played["cause"] as? String == "critical_oom")
    #expect(played["parted_after_cycle"] is NSNull, "state for state as in the trace: \(played)")
    let cycles = try #require(played["cycles"] as? Int)
    #expect(played["executed"] as? Int == cycles, "every cycle's decision was carried out")
    // It was the loop: journaled, and a failure that the simulator's own commands read.
    #expect(try shell("dsl -c played auto replay --all").out.hasPrefix("\(cycles) of \(cycles) cycle"))
    let box = try #require(played["black_box"] as? String)
    #expect(try shell("dsl sim replay \(box) && dsl sim explain \(box)").status == 0)
    let again = try shell("dsl policy play faults/cluster_fails-1.json played")
    #expect(again.status == 5 && again.err.contains("not empty"), "\(again)")
  }

  @Test func aPolicyThatIsAsGoodAsTheYardstickIsClean() throws {
    let clean = try shell("dsl policy check --episodes 3")
    #expect(clean.status == 0 && clean.out.hasSuffix("no faults found\n"), "\(clean)")
    // And it lives where the bad one fails.
    #expect(try shell("dsl policy check bad.yaml --episodes 3 --traces faults").status == 1)
    let mended = try json(
      "policy play faults/cluster_fails-1.json mended --policy coordination/cluster.yaml", status: 0)
    #expect(mended["shown"] as? Bool == false && mended["cause"] as? String == "time_limit", "\(mended)")
    let worse = try json("policy play faults/cluster_fails-1.json worse --policy bad.yaml", status: 1)
    #expect(worse["shown"] as? Bool == true)
  }

  @Test func gatesThatHoldAPolicyBackAreNamed() throws {
    let check = try json(
      "policy check --episodes 2 --traces faults --set gates.budget.count=5 --set loop.interval=30s",
      status: 1)
    let findings = try #require(check["findings"] as? [[String: Any]])
    let fails = try #require(findings.first { $0["kind"] as? String == "cluster_fails" })
    let message = try #require(fails["message"] as? String)
    #expect(message.contains("; gate budget held "), "\(message)")
    // The loop counts as the check does, on a clock that goes on by the interval.
    let played = try json("policy play faults/cluster_fails-1.json played", status: 0)
    #expect(played["parted_after_cycle"] is NSNull, "\(played)")
    let held = try #require(played["held"] as? [[String: Any]])
    #expect(held.contains { $0["gate"] as? String == "budget" }, "\(played)")
  }

  @Test func aPolicyForAClusterIsKnownByWhatItAsks() throws {
    let check = try shell("dsl policy check coordination/cluster.yaml --episodes 1 -c nowhere")
    #expect(check.out.contains("1 episode, 6x6 cells"), "\(check)")
    #expect(
      check.err.contains("checked on simulated clusters, because it asks about cluster_budget"), "\(check)")
  }

  @Test func tracesThatWereChangedAreRefused() throws {
    #expect(try shell("dsl policy check bad.yaml --episodes 1 --traces faults").status == 1)
    func play(_ edit: String) throws -> Outcome {
      try shell("sed '\(edit)' faults/cluster_fails-1.json > edited.json; dsl policy play edited.json p")
    }
    let state = try play("s/\"episode\": 0,/\"episode\": 0, \"x\": 0,/; s/\"actions\": \"/&0/")
    #expect(state.status == 72 && state.err.contains("the actions lead to the state"), "\(state)")
    let constants = try play("s/\"leak\": 0.0005/\"leak\": 0.0006/")
    #expect(constants.status == 72 && constants.err.contains("configuration_sha256"), "\(constants)")
    let version = try play("s/\"dynamics_version\": 1/\"dynamics_version\": 9/")
    #expect(version.status == 69 && version.err.contains("dynamics 9"), "\(version)")
    let forged = try shell(
      "sed '0,/\"action\": \"[a-z_]*\"/s//\"action\": \"scale\"/' faults/cluster_fails-1.json > forged.json; "
        + "dsl auto replay --trace forged.json")
    #expect(
      forged.status == 1 && forged.out.contains("cycles[0].action is \"scale\" in the trace"), "\(forged)")
    #expect(try shell("dsl policy check dslmodel --backend files --traces fleet").status == 1)
    let fleet = try shell("dsl policy play fleet/runaway-1.json p")
    #expect(fleet.status == 69 && fleet.err.contains("dsl auto replay --trace"), "\(fleet)")
    #expect(try shell("ls p").status != 0, "nothing was made")
  }
}
