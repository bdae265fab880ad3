import DSLBase
import GPUScheduling

/// Pods that come and go.
extension GPUSimulateCommand {
  /// One policy with one rule on the fleet and the arrivals of one seed.
  private struct Replay {
    var policy: PolicyName
    var rule: String
    var seed: Int
    var nodes: Int
    var gpus: Int
    var impossible: Int
    var outcome: PreemptionReplay.Outcome

    /// Percent of the fleet's GPUs, over all of the time.
    var allocation: Double {
      let most = Double(gpus) * outcome.hours
      return most > 0 ? outcome.allocatedGPUHours / most * 100 : 0
    }
  }

  /// Points that are kept of each replay.
  private static let points = 100

  func departed(
    _ trace: OpenbTrace, _ policies: [PolicyName], _ seeds: [Int], _ context: Context
  ) throws -> Report {
    let rules = try departures.victimRules()
    let backOff = try departures.backOffSeconds()
    guard trace.pods.contains(where: { $0.lifetime?.isEmpty == false }) else {
      throw DSLError(
        .invalidInput, "\(source.pods): no pod has a creation_time before its deletion_time",
        fix: "give a trace with these columns, or leave out --departures")
    }
    let sampling = PreemptionReplay.Sampling(
      count: Self.points,
      fragmentation: Fragmentation(TypicalPods(trace.pods.map(\.shape)), models: trace.models.count))
    var replays: [Replay] = []
    for seed in seeds {
      let replay = PreemptionReplay(
        trace, departures.times, load: source.load, seed: UInt64(bitPattern: Int64(seed)))
      for policy in policies {
        for (name, rule) in rules {
          let outcome = replay.run(
            policy, rule, backOff: backOff, sampling: sampling, trace: trace,
            seed: UInt64(bitPattern: Int64(seed)))
          replays.append(
            Replay(
              policy: policy, rule: name, seed: seed, nodes: replay.fleet.count,
              gpus: replay.fleet.reduce(0) { $0 + Int($1.gpuCount) }, impossible: replay.impossible,
              outcome: outcome))
        }
      }
    }
    try write(csv, Self.table(replays), context)
    try write(plot, Self.picture(replays, workload), context)
    let data: JSONValue = [
      "models": .strings(trace.models), "back_off_s": .double(backOff),
      "replays": .array(replays.map(Self.json)),
    ]
    var report = Report(Self.reportName, data) { Self.text(replays, $0) }
    if let most = replays.map(\.impossible).max(), most > 0 {
      report.warnings.append(
        "up to \(most.counted("pod")) would fit on no node of the fleet even when it is empty, and did not come"
      )
    }
    return report
  }

  private static func rounded(_ value: Double) -> JSONValue { .double((value * 100).rounded() / 100) }

  private static func json(_ replay: Replay) -> JSONValue {
    let outcome = replay.outcome
    return [
      "policy": .string(replay.policy.rawValue), "preemption": .string(replay.rule),
      "seed": .int(replay.seed),
      "nodes": .int(replay.nodes), "gpus": .int(replay.gpus), "hours": rounded(outcome.hours),
      "pods": .int(outcome.pods), "impossible_pods": .int(replay.impossible),
      "allocation_percent": rounded(replay.allocation), "preemptions": .int(outcome.preemptions),
      "victims": .int(outcome.victims), "lost_gpu_hours": rounded(outcome.lostGPUHours),
      "high": [
        "done_gpu_hours": rounded(outcome.highGPUHours),
        "waited_gpu_hours": rounded(outcome.highWaitGPUHours),
      ],
      "low": [
        "done_gpu_hours": rounded(outcome.lowGPUHours), "waited_gpu_hours": rounded(outcome.lowWaitGPUHours),
      ],
      "points": .array(
        outcome.points.map { point in
          [
            "hours": rounded(point.hours), "allocation_percent": rounded(point.allocation),
            "fragmentation_percent": rounded(point.fragmentation), "waiting_pods": .int(point.waitingPods),
            "waiting_gpus": rounded(point.waitingGPUs), "victims": .int(point.victims),
          ]
        }),
    ]
  }

  private static func table(_ replays: [Replay]) -> String {
    var text = "policy,preemption,seed,hours,allocation_percent,fragmentation_percent,waiting_pods,"
    text += "waiting_gpus,victims\n"
    for replay in replays {
      for point in replay.outcome.points {
        func short(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
        text += "\(replay.policy.rawValue),\(replay.rule),\(replay.seed),\(short(point.hours)),"
        text += "\(short(point.allocation)),\(short(point.fragmentation)),\(point.waitingPods),"
        text += "\(short(point.waitingGPUs)),\(point.victims)\n"
      }
    }
    return text
  }

  private static func picture(_ replays: [Replay], _ workload: String) -> String {
    let first = replays.first?.seed
    let lines = replays.filter { $0.seed == first }.map { replay in
      CurvePlot.Line(
        name: "\(replay.policy.rawValue), \(replay.rule)",
        points: replay.outcome.points.map { ($0.hours, $0.allocation) })
    }
    return CurvePlot(title: "\(workload), seed \(first ?? 0)", overHours: lines).svg
  }

  private static func text(_ replays: [Replay], _ paint: Paint) -> String {
    var table = TextTable(header: [
      "policy", "preemption", "seed", "GPUs", "pods", "allocated", "victims", "GPU-hours lost", "done, high",
      "low", "waited, high", "low",
    ])
    table.rightAligned = Set(2...11)
    for replay in replays {
      let outcome = replay.outcome
      func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }
      table.rows.append([
        replay.policy.rawValue, replay.rule, "\(replay.seed)", "\(replay.gpus)", "\(outcome.pods)",
        "\((replay.allocation * 10).rounded() / 10) %", "\(outcome.victims)", whole(outcome.lostGPUHours),
        whole(outcome.highGPUHours), whole(outcome.lowGPUHours), whole(outcome.highWaitGPUHours),
        whole(outcome.lowWaitGPUHours),
      ])
    }
    return table.text(paint)
  }
}
