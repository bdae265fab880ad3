import ArgumentParser

/// `dsl journal`: the engine's memory, kept in order.
struct JournalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal", abstract: "Look at, check and prune what the engine remembers.",
    subcommands: [
      JournalInfoCommand.self, JournalCheckCommand.self, JournalVerifyCommand.self, JournalPruneCommand.self,
    ])
}
