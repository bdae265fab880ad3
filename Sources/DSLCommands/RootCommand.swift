import ArgumentParser
import DSLBase

/// `dsl`: the nouns below it, one folder each.
struct RootCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dsl",
    abstract: "Autonomous operations over a coordination directory of JSON files.",
    discussion: """
      Examples:
        dsl init                                  make a coordination directory
        dsl auto status                           how the fleet does
        dsl auto analyze --format json            what would be decided, and why
        dsl auto execute --max 3                  decide and act once
        dsl auto loop --interval 30               decide and act for ever
        dsl serve                                 show it all at http://127.0.0.1:8080/
        dsl agent run --exec 'sh do-item.sh'      work on items
        dsl --json auto status | jq .data.status.health_score
      """,
    version: DSLVersion.current,
    subcommands: [
      AutoCommand.self, ServeCommand.self, AgentCommand.self, WorkCommand.self, PolicyCommand.self,
      GPUCommand.self, SimCommand.self, JournalCommand.self, TelemetryCommand.self, NotifyCommand.self,
      BackupCommand.self,
      RestoreCommand.self, ConfigCommand.self, ImportCommand.self, DoctorCommand.self, InitCommand.self,
    ])

  @OptionGroup var global: GlobalOptions
}
