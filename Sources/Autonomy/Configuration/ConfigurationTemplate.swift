/// The `dsl.yaml` that `dsl init` writes: every setting with its default, commented out.
package enum ConfigurationTemplate {
  /// The text of the file.
  package static var text: String {
    var lines = [
      "# Configuration of the dsl engine for this directory.",
      "# Every line that begins with '#' behind its indent shows a default; remove the '#' to change it.",
      "# Flags and environment variables come before this file, ~/.config/dsl/config.yaml after it.",
      "# `dsl config show` prints what is in effect and where it came from.",
      "",
    ]
    for setting in SettingCatalog.all where setting.section.isEmpty { lines += entry(setting, indent: "") }
    for section in SettingCatalog.sections {
      lines += ["", "# \(section.meaning)", "\(section.name):"]
      for setting in SettingCatalog.all where setting.section == section.name && !setting.flagOnly {
        lines += entry(setting, indent: "  ")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func entry(_ setting: Setting, indent: String) -> [String] {
    let value = setting.key == "records.assumed_zone" ? "local" : setting.written(in: Settings()) ?? ""
    return ["\(indent)## \(setting.meaning)", "\(indent)#\(setting.name): \(value)"]
  }
}
