import Autonomy
import Coordination
import DSLBase
import Testing

@Suite struct SettingCatalogTests {
  @Test func keysAreUniqueAndSectionsDescribed() {
    let keys = SettingCatalog.all.map(\.key)
    #expect(Set(keys).count == keys.count)
    for setting in SettingCatalog.all where setting.path.count > 1 {
      #expect(SettingCatalog.sections.contains { $0.name == setting.path[0] }, "\(setting.key)")
    }
  }

  @Test func theTemplateAsWrittenChangesNothing() throws {
    #expect(try load(ConfigurationTemplate.text) == Settings())
  }

  @Test func everyDefaultInTheTemplateReadsBackAsThatDefault() throws {
    let lines = ConfigurationTemplate.text.split(separator: "\n", omittingEmptySubsequences: false)
    let uncommented = lines.map { line -> String in
      let indent = line.prefix { $0 == " " }
      let rest = line.dropFirst(indent.count)
      return rest.hasPrefix("#") && !rest.hasPrefix("##") && !rest.hasPrefix("# ")
        ? String(indent) + String(rest.dropFirst()) : String(line)
    }.joined(separator: "\n")
    #expect(uncommented.contains("\n  heartbeat_limit: 30s"))
    #expect(try load(uncommented) == Settings())
  }

  @Test func everySettingIsWrittenInAFormThatReadsBack() throws {
    for setting in SettingCatalog.all {
      guard let text = setting.written(in: Settings()), setting.key != "health" else { continue }
      let files = InMemoryFileSystem()
      let loader = SettingsLoader(files: files, paths: [], environment: [:], localOffset: 0)
      let loaded = try loader.load(flags: [SettingFlag(setting.key, text, flag: "--set")])
      #expect(setting.value(in: loaded.settings) == setting.value(in: Settings()), "\(setting.key): \(text)")
    }
  }

  private func load(_ text: String) throws -> Settings {
    let files = InMemoryFileSystem()
    try files.makeDirectory("/c")
    try files.write("/c/dsl.yaml", Array(text.utf8), exclusive: false)
    let loader = SettingsLoader(files: files, paths: ["/c/dsl.yaml"], environment: [:], localOffset: 0)
    return try loader.load().settings
  }
}
