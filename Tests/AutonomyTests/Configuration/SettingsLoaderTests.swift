import Autonomy
import Coordination
import DSLBase
import DecisionEngine
import Testing

@Suite struct SettingsLoaderTests {
  private let files = InMemoryFileSystem()

  init() throws {
    try files.makeDirectory("/c")
    try files.makeDirectory("/home")
  }

  private func load(
    _ text: String? = nil, user: String? = nil, _ environment: [String: String] = [:],
    flags: [SettingFlag] = [],
    localOffset: Int = 0
  ) throws -> LoadedSettings {
    if let text { try files.write("/c/dsl.yaml", Array(text.utf8), exclusive: false) }
    if let user { try files.write("/home/config.yaml", Array(user.utf8), exclusive: false) }
    return try SettingsLoader(
      files: files, paths: ["/home/config.yaml", "/c/dsl.yaml"], environment: environment,
      localOffset: localOffset
    ).load(flags: flags)
  }

  @Test func nothingGivenMeansDefaults() throws {
    let loaded = try load()
    #expect(loaded.settings == Settings())
    #expect(SettingCatalog.all.allSatisfy { loaded.source(of: $0.key) == .builtIn })
  }

  @Test func flagsBeforeEnvironmentBeforeDirectoryBeforeUser() throws {
    let key = "limits.max_agents"
    let user = "limits:\n  max_agents: 3\n"
    let file = "# a comment\nlimits:\n  max_agents: 4\n"
    let environment = ["DSLMODEL_AUTO_MAX_AGENTS": "5"]
    var loaded = try load(user: user)
    #expect(loaded.settings.limits.maxAgents == 3)
    #expect(loaded.source(of: key) == .file("/home/config.yaml", line: 2))
    loaded = try load(file, user: user)
    #expect(loaded.settings.limits.maxAgents == 4)
    #expect(loaded.source(of: key).description == "/c/dsl.yaml:3")
    loaded = try load(file, user: user, environment)
    #expect(loaded.settings.limits.maxAgents == 5)
    #expect(loaded.source(of: key) == .environment("DSLMODEL_AUTO_MAX_AGENTS"))
    loaded = try load(file, user: user, environment, flags: [SettingFlag(key, "6", flag: "--set")])
    #expect(loaded.settings.limits.maxAgents == 6)
    #expect(loaded.source(of: key) == .flag("--set"))
  }

  @Test func everyBadValueOfEveryPlaceIsReportedAtOnce() throws {
    let text = """
      policy: default
      limits: {max_agents: many, scale_facter: 2}
      agents:
        heartbeat_limit: -3s
        command: [a, list]
      gates: 7
      records: {max_bytes: 12}
      """
    let error = #expect(throws: DSLError.self) {
      try load(
        text, ["DSLMODEL_AUTO_MIN_CONFIDENCE": "very"],
        flags: [SettingFlag("loop.interval", "soon", flag: "--interval")])
    }
    #expect(error?.code == .invalidInput)
    let lines = error?.message.split(separator: "\n").map(String.init) ?? []
    #expect(
      lines == [
        "/c/dsl.yaml:2:22: limits.max_agents: expected a whole number, found the value \"many\"",
        "/c/dsl.yaml:2:28: limits: unknown key \"scale_facter\", did you mean \"scale_factor\"?",
        "/c/dsl.yaml:4:20: agents.heartbeat_limit: expected a duration such as 250ms, 30s, 5m or 2h, found the value \"-3s\"",
        "/c/dsl.yaml:5:12: agents.command: expected a text, found a list",
        "/c/dsl.yaml:6:8: gates: expected a mapping, found the value \"7\"",
        "/c/dsl.yaml:7:22: records.max_bytes: must be from 1KiB to 1GiB, found 12",
        "environment DSLMODEL_AUTO_MIN_CONFIDENCE: expected a share such as 0.6 or 60%, found the value \"very\"",
        "--interval: expected a duration such as 250ms, 30s, 5m or 2h, found the value \"soon\"",
      ])
  }

  @Test func contradictionsNameBothPlaces() throws {
    let error = #expect(throws: DSLError.self) {
      try load("limits: {min_agents: 6}\n", ["DSLMODEL_AUTO_MAX_AGENTS": "5"])
    }
    #expect(
      error?.message
        == "limits.min_agents (/c/dsl.yaml:1) is above limits.max_agents (environment DSLMODEL_AUTO_MAX_AGENTS)"
    )
  }

  @Test(arguments: [
    ("1", true), ("true", true), ("YES", true), ("on", true), ("0", false), ("no", false), ("False", false),
  ])
  func environmentSaysTrueInManyWays(text: String, expected: Bool) throws {
    #expect(try load(nil, ["DSLMODEL_AUTO_DRY_RUN": text]).settings.gates.dryRun == expected)
  }

  @Test func emptyVariablesAreUnsetAndTheFirstOfTwoCounts() throws {
    #expect(try load(nil, ["DSLMODEL_AUTO_MAX_AGENTS": ""]).settings == Settings())
    #expect(try load(nil, ["LOGURU_LEVEL": "SUCCESS"]).settings.logLevel == .info)
    #expect(try load(nil, ["LOGURU_LEVEL": "DEBUG", "DSL_LOG": "error"]).settings.logLevel == .error)
  }

  @Test func misspeltVariablesAreWarnedAbout() throws {
    let loaded = try load(nil, ["DSLMODEL_AUTO_MAX_AGENT": "3", "DSLMODEL_OTHER": "x"])
    #expect(
      loaded.warnings == [
        "environment variable DSLMODEL_AUTO_MAX_AGENT is not known, did you mean \"DSLMODEL_AUTO_MAX_AGENTS\"?"
      ])
  }

  @Test func timesWithoutZoneAreLocalUnlessSaid() throws {
    #expect(try load(localOffset: 3600).settings.records.assumedOffsetSeconds == 3600)
    #expect(
      try load("records: {assumed_zone: UTC}", localOffset: 3600).settings.records.assumedOffsetSeconds == 0)
    #expect(
      try load("records: {assumed_zone: '-03:30'}").settings.records.assumedOffsetSeconds == -12_600)
  }

  @Test func aCustomScoreIsRead() throws {
    let loaded = try load(
      "health:\n  terms:\n    - {metric: completion_rate, weight: 0.5, shape: value}\n")
    #expect(loaded.settings.health.terms == [.init(.completionRate, weight: 0.5, shape: .value)])
    #expect(loaded.source(of: "health").description == "/c/dsl.yaml:1")
  }

  @Test func forcedConfidenceIsNoMatterOfFiles() throws {
    let forced = try load(flags: [SettingFlag("gates.force_confidence", "50%", flag: "--force-confidence")])
    #expect(forced.settings.gates.forceConfidence == 0.5)
    #expect(throws: DSLError.self) { try load("gates: {force_confidence: 0.1}") }
  }

  @Test func aFileThatMayNotBeReadIsNoReasonNotToLookButOneNotToAct() throws {
    try files.write("/c/dsl.yaml", Array("limits: {max_agents: 3}".utf8), exclusive: false)
    let faulty = FaultyFileSystem(files, .failing(operation: 1, errno: 13))
    let loader = SettingsLoader(files: faulty, paths: ["/c/dsl.yaml"], environment: [:], localOffset: 0)
    let loaded = try loader.load()
    #expect(loaded.settings == Settings())
    #expect(loaded.warnings == ["/c/dsl.yaml may not be read, so what it says is not in force"])
    let error = #expect(throws: DSLError.self) { try loaded.requireReadable() }
    #expect(error?.code == .io)
  }

  @Test func unreadableAndForeignFilesAreRefused() throws {
    try files.write("/c/dsl.yaml", [0x70, 0xFF, 0xFE], exclusive: false)
    let foreign = #expect(throws: DSLError.self) { try load() }
    #expect(foreign?.message == "/c/dsl.yaml is not UTF-8 text")
    try files.write("/c/dsl.yaml", Array(repeating: 0x20, count: 2 << 20), exclusive: false)
    let error = #expect(throws: DSLError.self) { try load() }
    #expect(error?.code == .io)
  }
}
