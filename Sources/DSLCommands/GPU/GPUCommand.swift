import ArgumentParser

/// `dsl gpu`: GPUs and what runs on them.
struct GPUCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gpu", abstract: "GPUs: placement policies, measured on traces; MIG instances.",
    subcommands: [GPUSimulateCommand.self, GPUBenchCommand.self, GPUMIGCommand.self])
}
