import ArgumentParser

/// `dsl journal`: the engine's memory itself.
struct JournalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal", abstract: "Check and look after the engine's memory.",
    subcommands: [JournalVerifyCommand.self])
}
