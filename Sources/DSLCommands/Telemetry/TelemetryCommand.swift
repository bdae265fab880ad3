import ArgumentParser

/// `dsl telemetry`: what telemetry, the engine's actions and the directory's permissions say.
struct TelemetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "telemetry",
    abstract: "What is measured, what the engine did about it, and who could interfere.",
    subcommands: [
      TelemetryStatusCommand.self, TelemetryQueryCommand.self, TelemetryTailCommand.self,
      TelemetryTracesCommand.self, TelemetryShowCommand.self, StartProcessingCommand.self,
      StopProcessingCommand.self, EnableRemediationCommand.self, DisableRemediationCommand.self,
      RemediationActionsCommand.self, RemediationHistoryCommand.self, ManualRemediationCommand.self,
      SecurityReportCommand.self, SimulateSecurityEventCommand.self,
    ])
}
