import ArgumentParser
import Autonomy
import DSLBase
import DecisionEngine

/// `dsl policy`: the rules that decisions come from.
struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "The rules that decisions come from.",
    subcommands: [
      PolicyShowCommand.self, PolicyCheckCommand.self, PolicyPlayCommand.self, PolicyDiffCommand.self,
      PolicyTestCommand.self,
    ])
}

/// `dsl policy show`: prints a policy's text.
struct PolicyShowCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print a policy: one that ships, or a file after checking it.",
    discussion: "The text of a policy that ships is a good beginning for one of your own.")
  static let reportName = "policy-show"

  @Argument(help: "default, dslmodel, or a file; the configured one unless given.")
  var name: String?

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let policy = try context.policyEngine(name, try context.settings().settings).policy
    let data: JSONValue = [
      "name": .string(policy.name), "description": .string(policy.description),
      "rules": .strings(policy.ruleNames), "hash": .string(PolicySource.hash(policy.source)),
      "source": .string(policy.source),
    ]
    return Report(Self.reportName, data) { _ in
      policy.source.hasSuffix("\n") ? policy.source : policy.source + "\n"
    }
  }
}
