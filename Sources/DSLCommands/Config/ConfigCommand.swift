import ArgumentParser
import Autonomy
import Coordination
import DSLBase

/// `dsl config`: what is configured.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "What is configured, and where it comes from.",
    subcommands: [ConfigShowCommand.self])
}

/// `dsl config show`: every setting with its value and source.
struct ConfigShowCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print every setting with its value and where it comes from.",
    discussion: "Precedence: flags, environment, dsl.yaml in the directory, the user's file, defaults.")
  static let reportName = "config-show"

  @OptionGroup var global: GlobalOptions

  func report(_ context: Context) async throws -> Report? {
    let loaded = try context.settings()
    let entries = SettingCatalog.all.map { setting -> JSONValue in
      [
        "key": .string(setting.key), "value": setting.value(in: loaded.settings),
        "source": .string(loaded.source(of: setting.key).description), "meaning": .string(setting.meaning),
      ]
    }
    let data: JSONValue = [
      "coordination_dir": .string(context.directory.path), "settings": .array(entries),
    ]
    var report = Report(Self.reportName, data) { paint in
      var table = TextTable(header: ["setting", "value", "source"])
      for setting in SettingCatalog.all {
        let source = loaded.source(of: setting.key)
        let value = setting.written(in: loaded.settings) ?? "-"
        table.rows.append([
          setting.key, Shown.clipped(Shown.safe(value), 48),
          source == .builtIn ? paint("default", .quiet) : paint(source.description, .strong),
        ])
      }
      return table.text(paint)
    }
    report.warnings = loaded.warnings
    return report
  }
}
