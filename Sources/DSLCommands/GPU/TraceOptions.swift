import ArgumentParser
import DSLBase
import GPUScheduling

/// The trace that a command runs on, and in which order its pods come.
struct TraceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Nodes, CSV: sn,cpu_milli,memory_mib,gpu,model.", valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var nodes: String

  @Option(
    help: ArgumentHelp(
      "Pods, CSV: name,cpu_milli,memory_mib,num_gpu,gpu_milli[,gpu_spec,…].", valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var pods: String

  @Option(
    help: ArgumentHelp(
      "Offer so much demand, as a share of the fleet's GPUs, in orders made from the seed. 1.3 where pods stay.",
      valueName: "share"))
  var load: Double?

  @Option(
    help: ArgumentHelp("Arrival orders to take instead, a line a seed: seed row row ….", valueName: "file"))
  var arrivals: String?

  @Option(
    help: ArgumentHelp(
      "Node orders to take with --arrivals: the first of equal nodes wins.", valueName: "file"))
  var ties: String?

  func validate() throws {
    guard (arrivals == nil) == (ties == nil) else {
      throw ValidationError("--arrivals and --ties belong together: give both or neither")
    }
    if let load, !(load > 0 && load <= 10) {
      throw ValidationError("--load \(load): expected a share above 0 and at most 10, such as 1.3")
    }
  }

  /// Reads the trace.
  func trace(_ context: Context) throws -> OpenbTrace {
    try OpenbTrace(
      nodes: try CSVTable(try context.text(of: nodes), name: nodes),
      pods: try CSVTable(try context.text(of: pods), name: pods))
  }

  /// The order of each seed.
  func orders(_ trace: OpenbTrace, seeds: [Int], _ context: Context) throws -> [ArrivalOrder] {
    guard let arrivals, let ties else {
      return seeds.map { ArrivalOrder(of: trace, load: load ?? 1.3, seed: UInt64(bitPattern: Int64($0))) }
    }
    let (podText, nodeText) = (try context.text(of: arrivals), try context.text(of: ties))
    return try seeds.map { try ArrivalOrder(pods: podText, nodes: nodeText, seed: $0, of: trace) }
  }

  /// Seeds as people write them: "42", "1,2,3", "42-51".
  static func seeds(_ text: String) throws -> [Int] {
    var seeds: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, first >= 0, let last = ends.last ?? nil, last >= first,
        last - first < 1000
      else {
        throw DSLError(
          .invalidInput, "--seed \(text): expected whole numbers such as 42, 1,2,3 or 42-51")
      }
      seeds += Array(first...last)
    }
    return seeds
  }
}
