import ArgumentParser
import Autonomy
import DSLBase
import GPUScheduling

/// `dsl gpu discover`: a node from what its driver says.
struct GPUDiscoverCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "discover",
    abstract: "Describe a machine's GPUs: models, memory and its use, power, NUMA groups, links, MIG.",
    discussion: """
      Runs nvidia-smi -q -x and nvidia-smi topo -m, or reads what they printed elsewhere. With --format yaml the output is
      a cluster of one node, which --cluster of the other commands reads.

      Examples:
        dsl gpu discover --format yaml > node.yaml
        dsl gpu discover --query q.xml --matrix topo.txt --name dgx-1 --cpu 224 --memory 2Ti --format json

      Exit status: 69 where there is no nvidia-smi.
      """)
  static let reportName = "gpu-discover"

  @Option(help: ArgumentHelp("What nvidia-smi -q -x printed, instead of running it.", valueName: "file"))
  var query: String?

  @Option(
    help: ArgumentHelp("What nvidia-smi topo -m printed; without it links stay unknown.", valueName: "file"))
  var matrix: String?

  @Option(help: ArgumentHelp("The node's name; this machine's unless given.", valueName: "name"))
  var name: String?

  @Option(help: ArgumentHelp("Its CPUs; this machine's unless --query is given.", valueName: "quantity"))
  var cpu: String?

  @Option(help: ArgumentHelp("Its memory; this machine's unless --query is given.", valueName: "quantity"))
  var memory: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let isHere = query == nil
    let queryText =
      isHere ? try await run(["nvidia-smi", "-q", "-x"], context) : try context.text(of: query ?? "")
    let read = try SMIQuery(queryText, file: query ?? "nvidia-smi -q -x")
    var topology: SMITopology?
    if let matrix {
      topology = try SMITopology(try context.text(of: matrix), file: matrix)
    } else if isHere {
      topology = try SMITopology(
        try await run(["nvidia-smi", "topo", "-m"], context), file: "nvidia-smi topo -m")
    }
    let machine = try machine(isHere: isHere, context)
    var cluster = Cluster()
    let node = try read.node(
      named: name ?? (isHere ? HostName.current : "node"), topology: topology, cpuMilli: machine.cpu,
      memoryMiB: machine.memory, into: &cluster)
    cluster.nodes = [node]
    cluster.memoryUse.ofGPUs[0] = read.usedMiB
    let json = cluster.json
    var report = Report(Self.reportName, json) { _ in YAMLText.of(json) }
    if topology == nil, node.topology.count > 1 {
      report.warnings.append("links between the GPUs are not known: give --matrix")
    }
    for (gpu, device) in read.devices.enumerated() where !device.instances.isEmpty {
      report.warnings.append(
        "GPU \(gpu) is cut into \(SMIQuery.profiles(of: device).joined(separator: ", "))")
    }
    return report
  }

  private func run(_ program: [String], _ context: Context) async throws -> String {
    do throws(DSLError) {
      return try await ProgramOutput.text(of: program, environment: context.environment, time: context.time)
    } catch {
      throw DSLError(
        error.code, error.message, cause: error.cause,
        fix: "or give --query and --matrix, files of its output")
    }
  }

  /// CPUs and memory: as given, else this machine's, else unknown.
  private func machine(isHere: Bool, _ context: Context) throws -> (cpu: Int, memory: Int) {
    func amount(_ text: String?, _ flag: String, _ read: (String) -> Int?) throws -> Int? {
      guard let text else { return nil }
      guard let value = read(text) else {
        throw DSLError(.invalidInput, "\(flag) \(text): expected an amount such as 224 or 2Ti")
      }
      return value
    }
    var cpu = try amount(cpu, "--cpu", Quantity.milli)
    var memory = try amount(memory, "--memory", Quantity.mebibytes)
    if isHere {
      let cpus = try context.text(of: "/proc/cpuinfo").split(separator: "\n").count {
        $0.hasPrefix("processor")
      }
      let total = try context.text(of: "/proc/meminfo").split(separator: "\n").first {
        $0.hasPrefix("MemTotal:")
      }
      cpu = cpu ?? cpus * 1000
      memory = memory ?? (total?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
    }
    return (cpu ?? 0, memory ?? 0)
  }
}
