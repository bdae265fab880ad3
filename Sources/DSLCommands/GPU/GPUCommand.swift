import ArgumentParser

/// `dsl gpu`: GPUs and what runs on them.
struct GPUCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gpu",
    abstract: "GPUs: clusters, placement of workloads and why; policies on traces; MIG instances.",
    subcommands: [
      GPUNodesCommand.self, GPUDiscoverCommand.self, GPUValidateCommand.self, GPUScheduleCommand.self,
      GPUPlaceCommand.self, GPUExplainCommand.self, GPUReclaimCommand.self,
      GPUSimulateCommand.self, GPUBenchCommand.self, GPUMIGCommand.self,
    ])
}
