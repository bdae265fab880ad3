import ArgumentParser
import Coordination
import DSLBase
import GPUScheduling

/// `dsl gpu simulate`: replays a trace under placement policies.
struct GPUSimulateCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Offer a trace's pods to a fleet, one by one, under placement policies.",
    discussion: """
      Pods arrive and stay. One that fits somewhere is placed, one that does not is dropped: this is how the published
      experiments on the openb trace were done, and with their orders the published policies give their figures. Watts are
      those of PWR's model (docs/gpu.md); the policy power is default with an eye on them.

      With --departures pods come and go at the times that the trace has of them. One that finds no place waits; a pod of
      QoS LS or Guaranteed takes the place of others, which begin anew later. Few traces keep their fleet busy: --copies
      has each pod with GPUs come several times, at random, and --load takes only some of the nodes.

      Examples:
        dsl gpu simulate --nodes nodes.csv --pods pods.csv --policy default --policy fgd --seed 1-5
        dsl gpu simulate --nodes nodes.csv --pods openb_pod_list_default.csv --seed 42 --policy fgd \\
          --arrivals order_default.txt --ties nodeorder_default.txt --published allo.csv --plot curves.svg
        dsl gpu simulate --nodes nodes.csv --pods openb_pod_list_default.csv --departures --copies 20 --load 0.9 \\
          --preemption roomy --preemption kube --back-off 1h
      """)
  static let reportName = "gpu-simulate"

  @OptionGroup var source: TraceOptions

  @Option(
    name: .customLong("policy"),
    help:
      "random, dotprod, gpu-clustering, gpu-packing, best-fit, fgd, pwr, pwr-fgd, default or power. May be repeated."
  )
  var policies: [String] = []

  @Option(name: .customLong("seed"), help: "One seed or several: 42, 1,2,3 or 42-51.")
  var seedText = "1"

  @Option(help: ArgumentHelp("Published curves to compare with, CSV.", valueName: "file"))
  var published: String?

  @Option(help: ArgumentHelp("Write the curves to a file, CSV.", valueName: "file"))
  var csv: String?

  @Option(help: ArgumentHelp("Draw the curves of the first seed to a file, SVG.", valueName: "file"))
  var plot: String?

  @OptionGroup var departures: DepartureOptions

  @OptionGroup var global: GlobalOptions

  /// One policy under one order.
  private struct Run {
    var policy: PolicyName
    var seed: Int
    var curve: LoadCurve
    var published: [Int: Double]?
  }

  func validate() throws {
    guard departures.isOn, source.arrivals != nil || published != nil else { return }
    throw ValidationError(
      "--arrivals, --ties and --published are of pods that stay: leave them out with --departures")
  }

  func report(_ context: Context) async throws -> Report? {
    let names = try (policies.isEmpty ? ["default"] : policies).map { try PolicyName(named: $0) }
    let seeds = try TraceOptions.seeds(seedText)
    let trace = try source.trace(context)
    if departures.isOn { return try departed(trace, names, seeds, context) }
    let orders = try source.orders(trace, seeds: seeds, context)
    let reference = try published.map { try PublishedCurves(try context.text(of: $0), name: $0) }
    let workload = workload
    let simulation = LoadSimulation(trace)
    var runs: [Run] = []
    for policy in names {
      for (seed, order) in zip(seeds, orders) {
        let curve = simulation.run(policy, order, seed: UInt64(seed))
        runs.append(
          Run(
            policy: policy, seed: seed, curve: curve,
            published: try reference?.allocation(workload: workload, policy: policy, seed: seed)))
      }
    }
    try write(csv, Self.table(runs), context)
    try write(plot, Self.picture(runs, workload), context)
    let gpus = trace.nodes.reduce(0) { $0 + Int($1.gpuCount) }
    let data: JSONValue = [
      "nodes": .int(trace.nodes.count), "gpus": .int(gpus), "models": .strings(trace.models),
      "runs": .array(runs.map(Self.json)),
    ]
    var report = Report(Self.reportName, data) { Self.text(runs, $0) }
    if reference != nil, runs.contains(where: { $0.published == nil }) {
      report.warnings.append(
        "\(published ?? "") has no curve of \(workload) for every policy and seed asked for")
    }
    return report
  }

  /// What published tables call the workload: the pod file's name without its ending.
  var workload: String {
    let name = source.pods.split(separator: "/").last.map(String.init) ?? source.pods
    return name.hasSuffix(".csv") ? String(name.dropLast(4)) : name
  }

  func write(
    _ path: String?, _ text: @autoclosure () -> String, _ context: Context
  ) throws(DSLError) {
    guard let path else { return }
    try AtomicFile.commit(context.files, path, Array(text().utf8))
  }
}

extension GPUSimulateCommand {
  private static func json(_ run: Run) -> JSONValue {
    var object: JSONObject = [
      "policy": .string(run.policy.rawValue), "seed": .int(run.seed), "pods": .int(run.curve.pods),
      "failed_pods": .int(run.curve.failedPods),
      "failed_gpus": .double(Double(run.curve.failedGPUMilli) / 1000),
      "points": .array(
        run.curve.points.map { point in
          [
            "load_percent": .int(point.load), "allocation_percent": .double(point.allocation),
            "fragmentation_percent": .double(point.fragmentation), "failed_pods": .int(point.failed),
            "watts": .double(point.watts),
          ]
        }),
    ]
    if let published = run.published {
      object["published"] = .array(
        published.keys.sorted().map { load in
          ["load_percent": .int(load), "allocation_percent": published[load].map { .double($0) } ?? .null]
        })
    }
    return .object(object)
  }

  private static func table(_ runs: [Run]) -> String {
    var text = "policy,seed,load_percent,allocation_percent,fragmentation_percent,failed_pods,watts\n"
    for run in runs {
      for point in run.curve.points {
        text += "\(run.policy.rawValue),\(run.seed),\(point.load),\(point.allocation),\(point.fragmentation),"
        text += "\(point.failed),\(Int(point.watts))\n"
      }
    }
    return text
  }

  private static func picture(_ runs: [Run], _ workload: String) -> String {
    let first = runs.first?.seed
    var lines: [CurvePlot.Line] = []
    for run in runs where run.seed == first {
      lines.append(
        CurvePlot.Line(
          name: run.policy.rawValue, points: run.curve.points.map { (Double($0.load), $0.allocation) }))
      if let published = run.published {
        lines.append(
          CurvePlot.Line(
            name: (run.policy == .default ? "fgd" : run.policy.rawValue) + ", published",
            points: published.sorted { $0.key < $1.key }.map { (Double($0.key), $0.value) },
            isReference: true))
      }
    }
    return CurvePlot(title: "\(workload), seed \(first ?? 0)", overLoad: lines).svg
  }

  private static func text(_ runs: [Run], _ paint: Paint) -> String {
    var table = TextTable(header: [
      "policy", "seed", "allocated @100", "@130", "fragmented @100", "failed pods", "failed GPUs",
      "kW @60", "kW @100", "published @130",
    ])
    table.rightAligned = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    for run in runs {
      func kilowatts(_ point: LoadCurve.Point?) -> String { point.map { "\(Int($0.watts / 1000))" } ?? "-" }
      func percent(_ value: Double?) -> String { value.map { "\($0) %" } ?? "-" }
      let (full, over) = (run.curve.point(at: 100), run.curve.point(at: 130))
      table.rows.append([
        run.policy.rawValue, "\(run.seed)", percent(full?.allocation), percent(over?.allocation),
        percent(full?.fragmentation), "\(run.curve.failedPods)", "\(run.curve.failedGPUMilli / 1000)",
        kilowatts(run.curve.point(at: 60)), kilowatts(full),
        percent(run.published?[130]),
      ])
    }
    return table.text(paint)
  }
}
