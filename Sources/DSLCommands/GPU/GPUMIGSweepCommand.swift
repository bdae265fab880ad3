import ArgumentParser
import DSLBase
import GPUScheduling

/// `dsl gpu mig sweep`: placement policies on MIG GPUs under rising load.
struct GPUMIGSweepCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Measure placement policies on MIG GPUs: what they accept of instances that come and go.",
    discussion: """
      Requests arrive at random, stay for a random while, and are refused when no GPU has room. The ceiling is what a
      fleet without any fragmentation would give of the same requests: no policy can give more. "moving" lets up to two
      running instances move to make room for a request. "of exact" is the share of what an exact packer, who
      knows all requests before, puts onto three empty GPUs.

      Examples:
        dsl gpu mig sweep
        dsl gpu mig sweep --model H100-80GB --gpus 16 --requests 2000 --loads 100,120 --seed 1-10
      """)
  static let reportName = "gpu-mig-sweep"

  @OptionGroup var model: MIGModelOptions

  @Option(help: ArgumentHelp("GPUs of the fleet.", valueName: "count"))
  var gpus = 64

  @Option(help: ArgumentHelp("Requests a run; the first quarter only fills the fleet.", valueName: "count"))
  var requests = 6000

  @Option(help: ArgumentHelp("Memory asked for at a time, in percent of the fleet's.", valueName: "percents"))
  var loads = "80,100,120,150"

  @Option(name: .customLong("seed"), help: "One seed or several: 42, 1,2,3 or 42-51.")
  var seedText = "1-3"

  @OptionGroup var global: GlobalOptions

  func validate() throws {
    guard (1...4096).contains(gpus) else { throw ValidationError("--gpus \(gpus): expected 1 to 4096") }
    guard (100...1_000_000).contains(requests) else {
      throw ValidationError("--requests \(requests): expected 100 to 1000000")
    }
    let percents = MIGModelOptions.items(loads).map { Int($0) ?? 0 }
    guard !percents.isEmpty, percents.allSatisfy({ (1...1000).contains($0) }) else {
      throw ValidationError("--loads \(loads): expected whole percents from 1 to 1000 such as 80,100,120,150")
    }
  }

  func report(_ context: Context) async throws -> Report? {
    let geometry = try model.geometry()
    let seeds = try TraceOptions.seeds(seedText).map { UInt64($0) }
    let shares = MIGModelOptions.items(loads).compactMap { Int($0) }.map { Double($0) / 100 }
    let sweep = MIGSweep(geometry, gpus: gpus, requests: requests, seeds: seeds)
    let groups = MIGDemand.mixes.flatMap { sweep.rows($0, loads: shares) }
    let data: JSONValue = [
      "model": .string(geometry.model), "gpus": .int(gpus), "requests": .int(requests),
      "seeds": .array(seeds.map { .int(Int($0)) }),
      "rows": .array(groups.flatMap { group in group.map { Self.json($0, first: group[0]) } }),
    ]
    return Report(Self.reportName, data) { Self.text(groups, $0) }
  }

  private static func percent(_ share: Double) -> Double { (share * 1000).rounded() / 10 }

  /// What a share is above another, percent of it.
  private static func gain(_ share: Double, over other: Double) -> Double {
    other > 0 ? percent(share / other - 1) : 0
  }

  private static func json(_ row: MIGSweep.Row, first: MIGSweep.Row) -> JSONValue {
    [
      "mix": .string(row.mix), "load_percent": .int(Int((row.load * 100).rounded())),
      "policy": .string(row.policy), "accepted_percent": .double(percent(row.accepted)),
      "memory_percent": .double(percent(row.memory)), "ceiling_percent": .double(percent(row.ceiling)),
      "gain_percent": .double(gain(row.memory, over: first.memory)),
      "most_gain_percent": .double(gain(row.ceiling, over: first.memory)),
      "moved_percent": .double(percent(row.moved)), "of_exact_percent": .double(percent(row.ofExact)),
    ]
  }

  private static func text(_ groups: [[MIGSweep.Row]], _ paint: Paint) -> String {
    var table = TextTable(header: [
      "mix", "load", "policy", "accepted", "memory", "ceiling", "gain", "most gain", "moved", "of exact",
    ])
    table.rightAligned = [1, 3, 4, 5, 6, 7, 8, 9]
    for group in groups {
      for row in group {
        table.rows.append([
          row.mix, "\(Int((row.load * 100).rounded())) %", row.policy, "\(percent(row.accepted)) %",
          "\(percent(row.memory)) %", "\(percent(row.ceiling)) %",
          "\(gain(row.memory, over: group[0].memory)) %", "\(gain(row.ceiling, over: group[0].memory)) %",
          "\(percent(row.moved)) %", "\(percent(row.ofExact)) %",
        ])
      }
    }
    return table.text(paint)
  }
}
