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
    var open: [String] = []
    for setting in SettingCatalog.all where !setting.flagOnly {
      let sections = Array(setting.path.dropLast())
      let shared = zip(open, sections).prefix { $0 == $1 }.count
      for depth in shared..<sections.count {
        let indent = String(repeating: "  ", count: depth)
        if depth == 0 {
          let meaning = SettingCatalog.sections.first { $0.name == sections[0] }?.meaning ?? ""
          lines += ["", "# \(meaning)"]
        }
        lines.append("\(indent)\(sections[depth]):")
      }
      open = sections
      lines += entry(setting, indent: String(repeating: "  ", count: sections.count))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func entry(_ setting: Setting, indent: String) -> [String] {
    let name = setting.path.last ?? ""
    if case .health = setting.slot { return health(indent, name, setting.meaning) }
    let value = setting.key == "records.assumed_zone" ? "local" : setting.written(in: Settings()) ?? ""
    return ["\(indent)## \(setting.meaning)", "\(indent)#\(name):" + (value.isEmpty ? "" : " \(value)")]
  }

  private static func health(_ indent: String, _ name: String, _ meaning: String) -> [String] {
    [
      "## \(meaning)", "#\(name):",
      "#  thresholds: {degraded: 0.3, healthy: 0.6, optimal: 0.9}",
      "#  terms:",
      "#    - {metric: completion_rate, weight: 0.4, shape: value}",
      "#    - {metric: active_agents, weight: 0.3, saturate_at: 5}",
      "#    - {metric: work_queue_size, weight: 0.2, inverse_at: 10}",
      "#    - {metric: telemetry_volume, weight: 0.1, saturate_at: 20}",
    ].map { indent + $0 }
  }
}
