package import ClusterSim
package import DSLBase
package import DecisionEngine

/// What a check on simulated clusters found, and what it looked at.
package struct ClusterReport: Sendable {
  package var policy: String
  package var configuration: ClusterConfiguration
  /// Of the episodes' keys, which are validation keys.
  package var seed: Int
  package var episodes: Int
  /// Seconds between cycles.
  package var interval: Double
  /// States in which the engine was asked, and loops that were closed.
  package var looks: Int
  package var loops: Int
  /// Loops in which the cluster failed, and how many the yardstick lost from the same starts.
  package var failed: Int
  package var yardstickFailed: Int
  package var shares: [PolicyReport.Share]
  package var findings: [ClusterFinding]

  /// Whether there is no fault.
  package var isClean: Bool { !findings.contains(where: \.isFault) }

  /// What a reader must know to judge what is found, and what is not.
  package static let assumptions = [
    "the states are those that the loops come through, and those along a random walk from each episode's start: what other "
      + "states there are is not looked at, and finding nothing proves nothing",
    "each episode is begun twice: at its start, and where 100 steps of waiting have led",
    "a cycle is one step of the cluster and lasts loop.interval; all gates but approval judge on the history that the loop "
      + "itself makes; what people have to approve is taken as approved, and nobody pauses, stops or acts beside the policy",
    "the rules alone decide: sim.policy and strategies of programs are not asked, and what predictions that missed take "
      + "from confidence is left out",
    "rules of equal priority and confidence that match together are ranked by their decisions' ids, which are others in each "
      + "loop",
    "a failure, cells that stay hot and an empty budget are faults only where the policy heuristic of the simulator, which sees "
      + "what the rules see, avoids them from the same start with the same noise",
  ]

  /// All fields.
  package var json: JSONValue {
    [
      "policy": .string(policy), "backend": "sim", "clean": .bool(isClean), "grid_states": .int(looks),
      "all_states": .int(looks), "loops": .int(loops), "assumptions": .strings(Self.assumptions),
      "cluster": [
        "dynamics_version": .int(ClusterConfiguration.dynamicsVersion),
        "configuration_sha256": .string(configuration.digest), "configuration": configuration.json,
        "space": "validation", "seed": .int(seed), "episodes": .int(episodes),
        "interval_s": .double(interval), "failed": .int(failed), "yardstick": .string(ClusterCheck.yardstick),
        "yardstick_failed": .int(yardstickFailed),
      ],
      "health": .array(
        shares.map { share in
          [
            "state": .string(share.health.rawValue), "states": .int(share.states),
            "undecided": .int(share.undecided), "silent": .int(share.silent),
          ]
        }),
      "findings": .array(findings.map(\.json)),
    ]
  }
}
