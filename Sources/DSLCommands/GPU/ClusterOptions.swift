import ArgumentParser
import DSLBase
import GPUScheduling

/// The cluster that a command places on, and how it weighs.
struct ClusterOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The cluster: YAML or JSON, kubectl get nodes,pods -A -o json, or a trace's nodes as .csv; - for stdin.",
      valueName: "file"))
  var cluster: String

  @Option(
    help: ArgumentHelp("Weights and rules of placement, YAML; docs/gpu.md has the form.", valueName: "file"))
  var profile: String?

  /// Reads both.
  func scheduler(_ context: Context) throws -> (scheduler: ClusterScheduler, notes: [String]) {
    let profile =
      try profile.map { try SchedulingProfile(try context.text(of: $0), file: $0) } ?? SchedulingProfile()
    let file = try ClusterOptions.file(cluster, context)
    return (
      ClusterScheduler(try ClusterState(file.cluster, isolation: profile.isolation), profile), file.notes
    )
  }

  static func file(_ path: String, _ context: Context) throws -> ClusterFile {
    let text = String(decoding: try Input.bytes(path, context), as: UTF8.self)
    return try ClusterFile(text, file: Input.name(path))
  }
}

/// One workload, described by flags.
struct WorkloadOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Whole GPUs of one node for each member.", valueName: "count"))
  var gpus: Int?

  @Option(help: ArgumentHelp("Thousandths of one GPU for each member, 1 to 999.", valueName: "milli"))
  var milli: Int?

  @Option(help: ArgumentHelp("A MIG instance for each member: 3g.40gb.", valueName: "profile"))
  var mig: String?

  @Option(help: ArgumentHelp("How many members run together, or not at all.", valueName: "count"))
  var members = 1

  @Option(help: ArgumentHelp("CPUs of each member: 4, 500m.", valueName: "quantity"))
  var cpu = "0"

  @Option(help: ArgumentHelp("Memory of each member: 16Gi.", valueName: "quantity"))
  var memory = "0"

  @Option(help: ArgumentHelp("Memory that each GPU must have: 80Gi.", valueName: "quantity"))
  var gpuMemory = "0"

  @Option(
    name: .customLong("type"),
    help: ArgumentHelp("A GPU type that will do; may be repeated.", valueName: "name"))
  var types: [String] = []

  @Option(help: "How near together: nvlink, same-socket, same-node, rack or any.")
  var locality = "any"

  @Flag(help: "The locality is a condition, not a wish.")
  var required = false

  @Option(help: ArgumentHelp("Whose it is.", valueName: "name"))
  var tenant: String?

  @Option(help: "Who may go for it, and for whom it may go: lower gives way to higher.")
  var priority = 0

  @Flag(help: "Spot capacity will do.")
  var spot = false

  @Option(help: ArgumentHelp("The model whose weights it loads.", valueName: "name"))
  var loads: String?

  /// Whether a demand for GPUs was given.
  var isGiven: Bool { gpus != nil || milli != nil || mig != nil || cpu != "0" }

  /// The workload.
  func workload(named name: String) throws(DSLError) -> Workload {
    func amount(_ text: String, _ flag: String, _ read: (String) -> Int?) throws(DSLError) -> Int {
      guard let value = read(text), value <= Int(Int32.max) else {
        throw DSLError(.invalidInput, "\(flag) \(text): expected an amount such as 4, 500m or 16Gi")
      }
      return value
    }
    var demand = PodDemand(
      cpuMilli: try amount(cpu, "--cpu", Quantity.milli),
      memoryMiB: try amount(memory, "--memory", Quantity.mebibytes))
    demand.gpu = try gpuDemand()
    demand.gpuMemoryMiB = try amount(gpuMemory, "--gpu-memory", Quantity.mebibytes)
    demand.types = types
    guard (1...100_000).contains(members) else {
      throw DSLError(.invalidInput, "--members \(members): expected 1 to 100000")
    }
    var workload = Workload(name, demand, members: members)
    guard let locality = Locality(rawValue: locality) else {
      throw DSLError(
        .invalidInput, "--locality \(locality): there is no such locality",
        fix: "use \(Locality.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    (workload.locality, workload.localityRequired) = (locality, required)
    (workload.tenant, workload.priority, workload.model) = (tenant, priority, loads)
    workload.spot.allowed = spot
    return workload
  }

  private func gpuDemand() throws(DSLError) -> GPUDemand {
    guard [gpus != nil, milli != nil, mig != nil].count(where: { $0 }) <= 1 else {
      throw DSLError(.invalidInput, "--gpus, --milli and --mig exclude each other", fix: "give one of them")
    }
    if let milli {
      guard (1...999).contains(milli) else {
        throw DSLError(.invalidInput, "--milli \(milli): expected 1 to 999")
      }
      return .share(milli)
    }
    if let mig { return .mig(mig) }
    guard let gpus, gpus != 0 else { return .none }
    guard (1...IdleGPUs.limit).contains(gpus) else {
      throw DSLError(.invalidInput, "--gpus \(gpus): expected 0 to \(IdleGPUs.limit)")
    }
    return .whole(gpus)
  }
}
