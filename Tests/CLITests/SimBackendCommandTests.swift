import Foundation
import Testing

/// `dsl auto --backend sim` from outside.
@Suite struct SimBackendCommandTests {
  private let shell: Shell

  init() throws {
    shell = try Shell()
    let rules = Shell.root.appendingPathComponent("examples/policies/cluster.yaml")
    for directory in ["coordination", "twin"] {
      try shell.write("\(directory)/cluster.yaml", try Data(contentsOf: rules))
      try shell.write(
        "\(directory)/dsl.yaml",
        Array(
          """
          backend: sim
          policy: cluster.yaml
          sim: {size: 5x5, seed: 4}
          loop: {interval: 0.01s}
          gates:
            cooldown: {up: 0s, down: 0s, other: 0s}
            budget: {count: 100000}
            calibration: {max_offset: 0%}

          """.utf8))
    }
  }

  private func cluster(_ directory: String = "coordination") throws -> [String: Any] {
    try shell("cat \(directory)/.dsl/sim/cluster.json").json()
  }

  @Test func aLoopPlaysTheClusterAndEveryTurnIsExplainedReplayedAndUndone() async throws {
    let before = try shell.content(of: "coordination")
    let looked = try shell("dsl auto status && dsl auto analyze && dsl auto execute --dry-run")
    #expect(looked.status == 0 && looked.out.contains("coordination_improve"), "\(looked)")
    #expect(try shell.content(of: "coordination") == before, "looking changes nothing")

    let loop = try shell("dsl auto loop --max-cycles 12")
    #expect(loop.status == 0, "\(loop)")
    let played = try cluster()
    #expect((played["actions"] as? String)?.count == 12 && played["steps"] as? Int == 12)
    // Another directory, another process, the same seed: the same cluster.
    #expect(try shell("dsl --coord-dir twin auto loop --max-cycles 12").status == 0)
    #expect(try cluster("twin")["state_digest"] as? String == played["state_digest"] as? String)
    #expect(try shell("cmp coordination/.dsl/sim/cluster.json twin/.dsl/sim/cluster.json").status == 0)

    #expect(try shell("dsl auto replay --all").out.hasPrefix("12 of 12 cycles equal, "))
    #expect(try shell("dsl journal verify").status == 0)
    let history = try shell("dsl --json auto history --limit 1").json()
    let data = try #require(history["data"] as? [String: Any])
    let last = try #require((data["decisions"] as? [[String: Any]])?.first, "\(history)")
    let id = try #require(last["decision_id"] as? String ?? last["id"] as? String, "\(last)")
    #expect(try shell("dsl auto explain \(id)").out.contains("matches"))
    let shown = try shell("dsl --json auto show \(id)").out
    #expect(shown.contains(try #require(played["state_digest"] as? String)), "the receipt: \(shown)")

    // One turn more, taken back: the file is as it was, byte for byte.
    let file = try shell("cat coordination/.dsl/sim/cluster.json").out
    #expect(try shell("dsl auto execute").status == 0)
    #expect(try cluster()["steps"] as? Int == 13)
    let undone = try shell("dsl auto rollback --last 1")
    #expect(undone.status == 0 && undone.out.contains("reverted"), "\(undone)")
    #expect(try shell("cat coordination/.dsl/sim/cluster.json").out == file)
    // An older one stands in the way of nobody, and is refused.
    #expect(try shell("dsl auto execute && dsl auto execute").status == 0)
    let older = try shell("dsl auto rollback \(id)")
    #expect(older.status == 5 && older.out.contains("only the latest step"), "\(older)")
    #expect(try cluster()["steps"] as? Int == 14)
  }

  @Test func aClusterThatFailsIsToldRecordedAndFollowedByAnother() throws {
    try shell.write("coordination/constants.json", Array(#"{"leak": 0.005, "leaker_factor": 1}"#.utf8))
    let loop = try shell(
      "dsl auto loop --max-cycles 60 --set sim.config=constants.json --policy default --format json > cycles"
    )
    #expect(loop.status == 0, "\(loop.err)")
    let played = try cluster()
    #expect(played["episode"] as? Int ?? 0 > 0, "an episode ended")
    let warnings = try shell("jq -r '.warnings[]' cycles | grep 'the cluster failed in step'")
    #expect(warnings.out.contains("critical_oom; recorded in coordination/.dsl/sim/black-boxes/0-"))
    let states = try shell(
      "jq -r 'select(.metrics.cluster_failed == 1) | .metrics.health_state' cycles | uniq")
    #expect(states.out == "critical\n", "\(states)")
    let replay = try shell("dsl sim replay coordination/.dsl/sim/black-boxes")
    #expect(replay.status == 0, "\(replay)")
    let explained = try shell("dsl sim explain coordination/.dsl/sim/black-boxes/0-*")
    #expect(explained.status == 0 && explained.out.contains("critical_oom"), "\(explained)")
  }

  /// A file is looked for where the call is made, as by every command that takes one, and one that is not there is said before anything is begun.
  @Test func aPolicyIsLookedForHereFirst() throws {
    let loop = "dsl auto loop --max-cycles 2 --format json"
    let outcome = try shell(
      """
      dsl sim train --out mine.agent --size 5x5 --episodes 64 --setting checkpoints=0 > /dev/null
      \(loop) --policy mine.agent | jq -r '.decisions[].decision.rule'; mv coordination/cluster.yaml here.yaml
      \(loop) --policy ./here.yaml | jq -r .cycle_id | wc -l
      """)
    let lines = outcome.out.split(separator: "\n")
    #expect(lines.contains("sim:mine.agent") && lines.last == "2" && outcome.err.isEmpty, "\(outcome)")
    for (policy, status) in [("none.agent", 4), ("none.yaml", 4), ("none", 4)] as [(String, Int32)] {
      for election in ["", "--leader-election"] {
        let refused = try shell("\(loop) --policy \(policy) \(election)")
        #expect(refused.status == status && refused.err.contains(policy), "\(policy) \(election): \(refused)")
        #expect(!refused.err.contains("turn 1"))
      }
    }
  }

  /// What people approve is done although the cluster has gone on, as long as the numbers of the rule hold.
  @Test func whatIsApprovedIsDoneInALaterState() throws {
    func policy(_ type: String, _ when: String) throws {
      try shell.write(
        "coordination/cluster.yaml",
        Array(
          """
          name: careful
          rules:
            - name: careful
              type: \(type)
              priority: 5
              confidence: 0.9
              target: cluster
              approval: required
              when: {\(when)}
              description: Do it
              rationale: So

          """.utf8))
    }
    func pending() throws -> String {
      let list = try #require(
        try shell("dsl auto pending --format json").json()["pending"] as? [[String: Any]])
      #expect(list.count == 1, "\(list)")
      return try #require(list.first?["id"] as? String)
    }
    try policy("scale_up", "critical_memory: {gt: 0.5}")
    for _ in 0..<3 {
      let turn = try shell("dsl auto execute")
      #expect(turn.out.contains("held by approval"), "\(turn)")
    }
    let id = try pending()
    #expect(try shell("dsl auto approve \(id) --by anna").status == 0)
    let done = try shell("dsl auto execute")
    #expect(done.out.contains("performed 1 scale step"), "\(done)")
    #expect(try cluster()["actions"] as? String == "0105", "three steps of waiting, then that one")
    // Used once.
    #expect(try shell("dsl auto execute").out.contains("held by approval"))

    // What is about a cell is done when the agent stands there again.
    try shell("rm -r coordination/.dsl")
    try policy("memory_clean", "own_memory: {gt: 0.01}, own_priority: {gt: 0}")
    try shell("dsl auto execute")
    let first = try pending()
    #expect(try shell("dsl auto execute; dsl auto pending --format json").out.contains(first) == false)
    try shell("rm -r coordination/.dsl")
    // A number that has moved beyond the drift makes it void.
    try policy("scale_up", "cluster_step: {gte: 0}")
    try shell("dsl auto execute; dsl auto execute")
    let early = try pending()
    #expect(try shell("dsl auto approve \(early) --by anna").status == 0)
    let moved = try shell("dsl auto execute")
    #expect(moved.out.contains("held by approval") && moved.out.contains("cluster_step was"), "\(moved)")
  }

  @Test func policiesOfEngineAndSimulatorAreComparedOnOneTable() throws {
    let call = """
      dsl sim evaluate --policy heuristic --policy engine:cluster.yaml --policy engine:default \
        --size 5x5 --seed 4 --episodes 3 --format json
      """
    let outcome = try shell("cd coordination && \(call)")
    #expect(outcome.status == 0, "\(outcome)")
    let data = try outcome.json()
    let rows = try #require(data["policies"] as? [[String: Any]])
    #expect(
      rows.compactMap { $0["policy"] as? String } == ["heuristic", "engine:cluster.yaml", "engine:default"])
    func reward(_ row: Int) -> Double? { (rows[row]["reward"] as? [String: Any])?["mean"] as? Double }
    #expect(reward(0) == reward(1), "the same rules, written twice")
    #expect(reward(0) != reward(2))
    // The loop plays the first of these episodes, whoever decides.
    let loop = try shell("dsl auto loop --max-cycles 9 --set sim.policy=heuristic --policy default")
    #expect(loop.status == 0 && loop.out.contains("ok"), "\(loop)")
    #expect(try shell("dsl --coord-dir twin auto loop --max-cycles 9").status == 0)
    #expect(try cluster()["state_digest"] as? String == cluster("twin")["state_digest"] as? String)
    let shown = try shell(
      """
      dsl auto show $(dsl auto history --limit 9 --format json |
        jq -r '[.decisions[] | select(.outcome == "executed")][0].id')
      """)
    #expect(shown.status == 0 && shown.out.contains("sim:heuristic"), "\(shown)")
  }

  /// `--policy` takes what learned as it takes rules; the words are nothing to another backend.
  @Test func theLoopTakesPoliciesOfTheSimulator() throws {
    let outcome = try shell(
      "dsl sim train --out coordination/q.agent --size 5x5 --episodes 64 > /dev/null 2>&1 && ls coordination")
    #expect(outcome.status == 0, "\(outcome)")
    for policy in ["q.agent", "heuristic", "default"] {
      let loop = try shell("dsl -c coordination auto loop --backend sim --policy \(policy) --max-cycles 4")
      #expect(loop.status == 0, "\(policy) \(loop)")
      let made = try shell("dsl auto history --rule sim:\(policy) --outcome executed --format json").json()
      #expect((made["decisions"] as? [Any])?.isEmpty == (policy == "default"), "\(policy): \(made)")
      let analysis = try shell("dsl auto analyze --policy \(policy) --format json")
      #expect(analysis.out.contains("sim:\(policy)") == (policy != "default"), "\(policy): \(analysis.err)")
    }
    let refused = try shell("dsl auto execute --backend files --policy heuristic")
    #expect(refused.status == 4 && refused.err.contains("there is no policy \"heuristic\""), "\(refused)")
  }

  @Test(arguments: [
    ("auto execute --set sim.size=0x0", 65, "height is 0"),
    ("auto execute --set sim.policy=none.agent", 4, "neither a policy nor a file"),
    ("auto execute --set sim.config=none.json", 4, "there is no file coordination/none.json"),
    ("auto status --set sim.size=x", 3, "sim.size x"),
    ("policy check coordination/cluster.yaml --backend files", 65, "unknown metric \"own_memory\""),
    ("policy check coordination/cluster.yaml --episodes 0", 65, "--episodes 0"),
    ("policy diff coordination/cluster.yaml default", 69, "asks about cluster_budget"),
    ("policy check default --set backend=files --episodes 3", 64, "--backend sim"),
    ("policy play none.json played", 4, "none.json"),
    ("policy play coordination/cluster.yaml played", 72, "is no trace"),
    ("sim evaluate --policy engine:none.yaml", 4, "none.yaml"),
    ("sim evaluate --policy engine:mild", 4, "mild"),
  ]) func wrongCallsAreClear(call: String, status: Int32, says: String) throws {
    let outcome = try shell("dsl " + call)
    #expect(outcome.status == status && outcome.err.contains(says), "\(outcome)")
  }
}
