import Foundation
import Testing

/// `dsl serve` over a directory whose loop runs on a simulated cluster.
@Suite struct SimWatchTests {
  /// A directory whose cluster has failed once and gone on since.
  private func served() throws -> Served {
    try Served("--training curve.csv --study q.log", sample: false) { shell in
      try Self.write(shell)
      let rules = Shell.root.appendingPathComponent("examples/policies/cluster.yaml")
      try shell.write("coordination/cluster.yaml", try Data(contentsOf: rules))
      try shell.write("coordination/constants.json", Array(#"{"leak": 0.005, "leaker_factor": 1}"#.utf8))
      try shell.write(
        "coordination/dsl.yaml",
        Array(
          """
          backend: sim
          policy: cluster.yaml
          sim: {config: constants.json, seed: 4}
          gates:
            cooldown: {up: 0s, down: 0s, other: 0s}
            budget: {count: 100000}
            calibration: {max_offset: 0%}

          """.utf8))
      // Until an episode has failed, and some steps into the next.
      let play = try shell(
        """
        until grep -qs '"cause":"critical_oom"' coordination/.dsl/sim/black-boxes/*; do
          dsl auto loop --interval 10ms --max-cycles 20 > /dev/null || exit
        done
        until [ "$(jq .steps coordination/.dsl/sim/cluster.json)" -ge 5 ]; do dsl auto execute > /dev/null || exit; done
        """)
      #expect(play.status == 0, "\(play)")
    }
  }

  @Test(.enabled(if: Shell.has("chromium"), "Chromium is missing: ci/setup test installs it"))
  func peopleCanWatchTheLoop() throws {
    let served = try served()
    let pictures = ProcessInfo.processInfo.environment["PICTURES"] ?? ""
    let outcome = try served.client("sim_watch.py", "'\(Served.secret)' curve.csv q.log \(pictures)")
    #expect(outcome.status == 0, "\(outcome.out)\n\(outcome.err)")
    #expect(outcome.out.split(separator: "\n").count == 50, "\(outcome.out)")
  }

  /// A curve of a training and a study of two trials, the second of which runs.
  private static func write(_ shell: Shell) throws {
    try shell.write(
      "curve.csv", Array("episodes,reward,steps,ooms,failures\n100,-10,90,1.5,1\n200,20,300,0.5,0.4\n".utf8))
    let lines = [
      #"{"op_code": 0, "worker_id": "w", "study_name": "q", "directions": [2]}"#,
      #"{"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": null}"#,
      #"{"op_code": 6, "worker_id": "w", "trial_id": 0, "state": 1, "values": [42.0], "datetime_complete": null}"#,
      #"{"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": null}"#,
    ]
    try shell.write("q.log", Array((lines.joined(separator: "\n") + "\n").utf8))
  }

  /// Where the loop runs on no cluster, `/sim` has what else there is: of `dsl.yaml` too.
  @Test(.enabled(if: Shell.has("chromium"), "Chromium is missing: ci/setup test installs it"))
  func trainingsAndStudiesAreShownWithoutACluster() throws {
    let served = try Served { shell in
      try Self.write(shell)
      try shell.write(
        "coordination/dsl.yaml", Array("serve: {training: curve.csv, study: q.log}\n".utf8))
    }
    let pictures = ProcessInfo.processInfo.environment["PICTURES"] ?? ""
    let outcome = try served.client("sim_files.py", pictures)
    #expect(outcome.status == 0, "\(outcome.out)\n\(outcome.err)")
    #expect(outcome.out.split(separator: "\n").count == 21, "\(outcome.out)")
  }

  /// Answers are what the schemas say, and the routes take what the document says.
  @Test(
    .enabled(
      if: Shell.python(with: "schemathesis") != nil,
      "schemathesis is not in .build/venv: ci/setup installs it"
    ))
  func answersFollowTheirSchemasWhateverIsAsked() throws {
    let python = try #require(Shell.python(with: "schemathesis"))
    let served = try served()
    let name = try #require(
      ((try served.json("/api/v1/sim/recordings")["data"] as? [String: Any])?["recordings"] as? [String])?
        .first)
    for query in ["", "?recording=\(name)"] {
      #expect(try served.curl("/api/v1/sim/state\(query)").status == 200)
      #expect(try served.curl("/api/v1/sim/frame\(query)").status == 200)
    }
    #expect(
      try served.curl("/api/v1/sim/seek", Served.post("{}", Served.bearer)).status == 404, "no such control")
    #expect(try served.curl("/readyz").status == 200)
    let outcome = try served.shell(
      """
      '\(python)' -m schemathesis.cli run '\(served.url("/api/v1/openapi.json"))' --include-path-regex '^/api/v1/sim/' \\
        --max-examples 15 --phases coverage,fuzzing --no-color --seed 1
      """)
    #expect(outcome.status == 0, "\(outcome.out.suffix(6000))\(outcome.err)")
    #expect(
      outcome.out.contains("No issues found") || outcome.out.contains("passed"), "\(outcome.out.suffix(600))")
  }
}
