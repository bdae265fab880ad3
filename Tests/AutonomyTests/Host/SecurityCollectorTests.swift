import Coordination
import DSLBase
import Testing

@testable import Autonomy

@Suite struct SecurityCollectorTests {
  private let files = InMemoryFileSystem()
  private let root = "/srv/c"

  init() throws {
    for path in ["/srv", root, root + "/.dsl", root + "/.dsl/logs", "/opt", "/opt/bin"] {
      try files.makeDirectory(path)
    }
    for name in ["dsl.yaml", "work_1.json", "agent_a.json", "work_claims.json", "notes.txt"] {
      try files.write("\(root)/\(name)", Array("{}".utf8), exclusive: true)
    }
    for path in [".dsl/journal.sqlite", ".dsl/logs/agent_a.log"] {
      try files.write("\(root)/\(path)", [], exclusive: true)
    }
    for path in ["/opt/worker.py", "/opt/bin/python3"] { try files.write(path, [], exclusive: true) }
  }

  private func report(_ yaml: String = "", user: UInt32 = 0) throws -> SecurityReport {
    try files.write(root + "/dsl.yaml", Array(yaml.utf8), exclusive: false)
    let paths = [root + "/dsl.yaml", "/home/nobody.yaml"]
    let loaded = try SettingsLoader(files: files, paths: paths, environment: [:], localOffset: 0).load()
    let directory = CoordinationDirectory(path: root, files: files)
    let collector = SecurityCollector(
      directory, loaded, configurations: paths, searchPath: "/nowhere:/opt/bin", user: user
    ) { [files] path in
      (try? files.status(path)) == nil ? nil : path
    }
    return try collector.report()
  }

  private func found(_ report: SecurityReport) -> [String] { report.threats.map { "\($0.level) \($0.file)" } }

  private static let command = "agents:\n  command: exec python3 '/opt/worker.py' --verbose\n"

  @Test func onlyReadableLogsAreWeakInAUsualDirectory() throws {
    let report = try report()
    #expect(found(report) == ["low /srv/c/.dsl/logs/agent_a.log"])
    // The directory, dsl.yaml, two records, .dsl, journal, logs as an entry of .dsl, the log.
    #expect(report.examined == 8 && report.unexamined.isEmpty)
  }

  @Test func aConfigurationIsJudgedByWhatItNames() throws {
    try files.setAttributes(of: root + "/dsl.yaml", permissions: 0o666)
    #expect(found(try report()).first == "high /srv/c/dsl.yaml")
    #expect(found(try report(Self.command)).first == "critical /srv/c/dsl.yaml")
  }

  @Test func whatACommandNamesIsExamined() throws {
    #expect(found(try report(Self.command)) == ["low /srv/c/.dsl/logs/agent_a.log"])
    try files.setAttributes(of: "/opt/worker.py", permissions: 0o777)
    try files.setAttributes(of: "/opt/bin/python3", permissions: 0o775)
    try files.setAttributes(of: "/opt", permissions: 0o777)
    #expect(
      found(try report(Self.command)) == [
        "critical /opt", "critical /opt/worker.py", "high /opt/bin/python3",
        "low /srv/c/.dsl/logs/agent_a.log",
      ])
    #expect(found(try report()) == ["low /srv/c/.dsl/logs/agent_a.log"])
  }

  @Test func thePolicyFileInForceIsExamined() throws {
    try files.write(root + "/night.yaml", [], exclusive: true)
    try files.setAttributes(of: root + "/night.yaml", permissions: 0o666)
    #expect(!found(try report("policy: default\n")).contains("high /srv/c/night.yaml"))
    #expect(found(try report("policy: night.yaml\n")).contains("high /srv/c/night.yaml"))
  }

  @Test func recordsLinksAndState() throws {
    try files.setAttributes(of: root + "/work_1.json", permissions: 0o644, owner: 7)
    try files.setAttributes(of: root + "/.dsl/journal.sqlite", permissions: 0o666)
    try files.setAttributes(of: root + "/.dsl", permissions: 0o777)
    // Neither is a record: another program's state, and what is named otherwise.
    try files.setAttributes(of: root + "/work_claims.json", permissions: 0o666, owner: 7)
    try files.setAttributes(of: root + "/notes.txt", permissions: 0o666, owner: 7)
    try files.plant(.symbolicLink, at: root + "/telemetry_1.json")
    #expect(
      found(try report()) == [
        "high /srv/c/.dsl", "high /srv/c/.dsl/journal.sqlite", "medium /srv/c/telemetry_1.json",
        "medium /srv/c/work_1.json", "low /srv/c/.dsl/logs/agent_a.log",
      ])
  }

  @Test func behindAClosedDoorNothingIsWeak() throws {
    try files.setAttributes(of: root + "/dsl.yaml", permissions: 0o666)
    try files.setAttributes(of: root + "/work_1.json", permissions: 0o666)
    try files.setAttributes(of: root, permissions: 0o777)
    try files.setAttributes(of: "/srv", permissions: 0o700)
    #expect(try report(Self.command).total == 0)
  }

  @Test func aDirectoryThatIsNotThereIsAnError() throws {
    let loaded = LoadedSettings(settings: Settings())
    func code(_ path: String) -> DSLError.Code? {
      let collector = SecurityCollector(
        CoordinationDirectory(path: path, files: files), loaded, configurations: [], searchPath: "", user: 0
      ) { $0 }
      do throws(DSLError) {
        _ = try collector.report()
        return nil
      } catch { return error.code }
    }
    #expect(code("/nowhere") == .notFound)
    #expect(code("/opt/worker.py") == .invalidInput)
  }

  @Test(arguments: [
    ("exec /opt/worker.py", ["exec", "/opt/worker.py"]),
    ("cd \"$HOME\"; python3 'a.py'", ["cd", "python3", "a.py"]),
    ("A=1 run --fast >log 2>&1", ["run", "log", "2", "1"]), ("", []), ("a|b&&c", ["a", "b", "c"]),
  ])
  func wordsOfACommand(command: String, expected: [String]) {
    #expect(SecurityCollector.words(command) == expected)
  }
}
