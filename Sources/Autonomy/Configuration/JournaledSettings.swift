package import DSLBase

extension SettingCatalog {
  /// The settings that a journal or a trace keeps, read back: gates, limits and score, from which decisions and
  /// verdicts follow. Keys that it does not have keep their default, and keys that are not known are passed over, so
  /// that an older or newer program's settings can be read.
  ///
  /// - Throws: `DSLError` (`corrupt`) with every value that cannot be used.
  package static func settings(journaled json: JSONValue) throws(DSLError) -> Settings {
    var settings = Settings()
    let reader = YAMLReader(file: "recorded settings")
    for setting in all where setting.key == "health" || ["gates", "limits"].contains(setting.path[0]) {
      guard let value = json[setting.key], value != .null else { continue }
      // JSON is YAML (YAML 1.2.2, section 1.3), so that one reader serves both.
      guard let node = try? YAMLNode.document(in: value.text(), file: setting.key) else { continue }
      _ = setting.read(node, reader, localOffset: 0, into: &settings)
    }
    let problems = reader.sortedProblems.map { "\($0.path): \($0.reason)" }
    guard problems.isEmpty else {
      throw DSLError(
        .corrupt, "the recorded settings cannot be used", cause: problems.joined(separator: "; "))
    }
    return settings
  }

  /// What `settings(journaled:)` reads, of settings in force.
  package static func decisive(_ settings: Settings) -> JSONValue {
    var object: JSONObject = ["policy": .string(settings.policy)]
    for setting in all where setting.key == "health" || ["gates", "limits"].contains(setting.path[0]) {
      object[setting.key] = setting.value(in: settings)
    }
    return .object(object)
  }
}
