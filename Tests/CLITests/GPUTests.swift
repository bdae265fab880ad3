import Foundation
import Testing

/// `dsl gpu` from outside.
@Suite struct GPUTests {
  /// Two nodes, and pods that ask for more than they have.
  static let trace = """
    printf 'sn,cpu_milli,memory_mib,gpu,model\\na,64000,262144,2,P100\\nb,96000,262144,4,T4\\n' > nodes.csv
    printf 'name,cpu_milli,memory_mib,num_gpu,gpu_milli\\n' > pods.csv
    for i in 1 2 3 4; do printf "s$i,4000,1024,1,460\\nw$i,8000,2048,1,1000\\nc$i,2000,512,0,0\\n" >> pods.csv; done

    """

  @Test func simulateOffersEveryPod() throws {
    let shell = try Shell()
    let outcome = try shell(
      Self.trace
        + """
        dsl gpu simulate --nodes nodes.csv --pods pods.csv --policy default --policy best-fit --seed 3,5-6 --load 2 \\
          --csv curves.csv --plot curves.svg --format json
        """)
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome.err)")
    let data = try outcome.json()
    #expect(data["nodes"] as? Int == 2 && data["gpus"] as? Int == 6)
    let runs = try #require(data["runs"] as? [[String: Any]])
    #expect(
      runs.map { "\($0["policy"] ?? "") \($0["seed"] ?? "")" }
        == ["default", "best-fit"].flatMap { policy in
          [3, 5, 6].map { "\(policy) \($0)" }
        })
    for run in runs {
      let last = try #require((run["points"] as? [[String: Any]])?.last)
      let allocated = try #require(last["allocation_percent"] as? Double)
      let failed = try #require(run["failed_gpus"] as? Double)
      let load = try #require(last["load_percent"] as? Int)
      // What was asked for was given or refused: 6 GPUs, and rounding to whole percents of load.
      #expect(abs(allocated + failed / 6 * 100 - Double(load)) <= 1.5, "\(run)")
    }
    let lines = try String(contentsOf: shell.directory.appendingPathComponent("curves.csv"), encoding: .utf8)
      .split(separator: "\n")
    #expect(lines.count == 1 + runs.reduce(0) { $0 + (($1["points"] as? [Any])?.count ?? 0) })
    let svg = try String(contentsOf: shell.directory.appendingPathComponent("curves.svg"), encoding: .utf8)
    #expect(XMLShape.isWellFormed(svg) && svg.contains(">best-fit</text>"))
  }

  /// Pods with times: two of low QoS fill the fleet's only GPUs, then one of high QoS comes.
  static let departures = """
    printf 'sn,cpu_milli,memory_mib,gpu,model\\na,64000,262144,1,T4\\nb,64000,262144,1,T4\\n' > few.csv
    printf 'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time\\n' > lives.csv
    printf 'a,1000,1,1,1000,,BE,Running,0,36000\\nb,1000,1,1,1000,,BE,Running,3600,36000\\n' >> lives.csv
    printf 'c,1000,1,1,1000,,LS,Running,7200,10800\\nd,1000,1,1,1000,,BE,Running,72000,72060\\n' >> lives.csv

    """

  @Test func podsComeAndGoAtTheirTimes() throws {
    let shell = try Shell()
    let outcome = try shell(
      Self.departures
        + """
        dsl gpu simulate --nodes few.csv --pods lives.csv --departures --preemption roomy --preemption none \
          --policy best-fit --csv points.csv --plot points.svg --format json
        """)
    #expect(outcome.status == 0 && outcome.err.isEmpty, "\(outcome.err)")
    let replays = try #require(try outcome.json()["replays"] as? [[String: Any]])
    #expect(replays.map { $0["preemption"] as? String } == ["roomy", "none"])
    #expect(replays.map { $0["victims"] as? Int } == [1, 0])
    // The youngest goes after one hour of its nine, and does them all over again.
    #expect(replays.map { $0["lost_gpu_hours"] as? Double } == [1, 0])
    let (high, low) = (
      replays.map { $0["high"] as? [String: Double] }, replays.map { $0["low"] as? [String: Double] }
    )
    #expect(high.map { $0?["waited_gpu_hours"] } == [0, 8] && high.map { $0?["done_gpu_hours"] } == [1, 1])
    #expect(low.map { $0?["done_gpu_hours"] } == [19, 19] && low.map { $0?["waited_gpu_hours"] } == [1, 0])
    #expect(replays.map { $0["allocation_percent"] as? Double } == [52.5, 50])
    let lines = try String(contentsOf: shell.directory.appendingPathComponent("points.csv"), encoding: .utf8)
      .split(separator: "\n")
    #expect(
      lines.count == 201 && lines.last?.hasPrefix("best-fit,none,1,20.0,") == true, "\(lines.last ?? "")")
    let svg = try String(contentsOf: shell.directory.appendingPathComponent("points.svg"), encoding: .utf8)
    #expect(
      XMLShape.isWellFormed(svg) && svg.contains(">best-fit, roomy</text>") && svg.contains(">20 h</text>"))
  }

  @Test func aRunRepeatsFromItsSeed() throws {
    let shell = try Shell()
    let call = "dsl gpu simulate --nodes nodes.csv --pods pods.csv --policy random --seed 7 --format json"
    let outcome = try shell(Self.trace + "\(call) > a; \(call) > b; cmp a b")
    #expect(outcome.status == 0, "\(outcome.out)\(outcome.err)")
  }

  @Test(arguments: [
    ("--policy bestfit", 65, "there is no placement policy \"bestfit\""),
    ("--seed 5-x", 65, "--seed 5-x: expected whole numbers such as 42, 1,2,3 or 42-51"),
    ("--load 0", 64, "--load 0.0: expected a share above 0"),
    ("--copies 2", 64, "--copies, --preemption and --back-off belong to --departures"),
    ("--departures --copies 0", 64, "--copies 0: expected a number from 1 to 1000"),
    ("--departures --preemption oldest", 65, "there is no rule of preemption \"oldest\""),
    ("--departures --back-off soon", 65, "--back-off soon: expected a duration"),
    ("--departures --published p.csv", 64, "leave them out with --departures"),
    ("--departures", 65, "pods.csv: no pod has a creation_time before its deletion_time"),
    ("--arrivals a", 64, "--arrivals and --ties belong together"),
    ("--arrivals none.txt --ties none.txt", 4, "none.txt does not exist"),
  ]) func badInputIsNamed(flags: String, status: Int, message: String) throws {
    let outcome = try Shell()(Self.trace + "dsl gpu simulate --nodes nodes.csv --pods pods.csv \(flags)")
    #expect(outcome.status == status && outcome.err.contains(message), "\(outcome.status) \(outcome.err)")
    #expect(outcome.out.isEmpty)
  }

  @Test func benchTimesBothPasses() throws {
    let data = try Shell()(
      Self.trace + "dsl gpu bench --nodes nodes.csv --pods pods.csv --copies 3 --format json"
    ).json()
    #expect(data["nodes"] as? Int == 6)
    for pass in ["cold", "warm"] {
      let pass = try #require(data[pass] as? [String: Any])
      #expect(pass["decisions"] as? Int ?? 0 >= 36 && pass["p99_us"] as? Double ?? 0 > 0)
    }
  }
}

/// Whether tags close as they open: enough to know that a browser can read it.
private enum XMLShape {
  static func isWellFormed(_ text: String) -> Bool {
    var open: [Substring] = []
    for match in text.matches(of: /<(\/?)([a-z]+)[^>]*?(\/?)>/) {
      if match.1 == "/" {
        guard open.popLast() == match.2 else { return false }
      } else if match.3.isEmpty {
        open.append(match.2)
      }
    }
    return open.isEmpty && !text.contains("<<")
  }
}
