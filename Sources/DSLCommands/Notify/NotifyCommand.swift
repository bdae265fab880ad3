import ArgumentParser
import Autonomy

/// `dsl notify`: incidents, and who is told of them.
struct NotifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notify", abstract: "See incidents and messages, and try receivers out.",
    subcommands: [NotifyListCommand.self, NotifyTestCommand.self])
}
