import ArgumentParser

/// `dsl sim`: the simulated cluster, agents that keep it alive, and why they fail.
struct SimCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sim",
    abstract: "A simulated cluster under entropy: play, train and judge agents; examine their failures.",
    discussion:
      "docs/simulator.md has the rules. The same key, constants and actions give the same bits everywhere.",
    subcommands: [
      SimRunCommand.self, SimTrainCommand.self, SimTuneCommand.self, SimEvaluateCommand.self,
      SimReplayCommand.self,
      SimExplainCommand.self, SimWhatIfCommand.self, SimDiffCommand.self, SimClusterCommand.self,
      SimServeCommand.self, SimStartCommand.self, SimPauseCommand.self, SimStepCommand.self,
      SimExportCommand.self, SimBenchCommand.self,
    ])
}
