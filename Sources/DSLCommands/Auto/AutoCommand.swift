import ArgumentParser

/// `dsl auto`: the closed loop.
struct AutoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "auto", abstract: "Observe, decide, act, verify and undo.",
    subcommands: [
      StatusCommand.self, AnalyzeCommand.self, ExecuteCommand.self, LoopCommand.self, HistoryCommand.self,
      ShowCommand.self, ExplainCommand.self, ReplayCommand.self, RollbackCommand.self, PendingCommand.self,
      ApproveCommand.self, RejectCommand.self, PauseCommand.self, ResumeCommand.self,
      CalibrationCommand.self,
    ])
}
