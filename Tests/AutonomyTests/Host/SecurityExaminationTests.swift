import DSLBase
import Testing

@testable import Autonomy

@Suite struct SecurityExaminationTests {
  typealias Role = SecurityFact.Role

  private static func status(_ permissions: UInt16, owner: UInt32 = 1000, _ kind: FileStatus.Kind = .file)
    -> FileStatus
  {
    FileStatus(
      kind: kind, inode: 1, size: 1, modified: 0, changed: 0, permissions: permissions, owner: owner)
  }

  private func examine(_ facts: [SecurityFact], listed: Int = 100) -> SecurityReport {
    var examination = SecurityExamination(user: 1000, directoryOwner: 1000, listed: listed)
    for fact in facts { examination.add(fact) }
    return examination.finish()
  }

  private func levels(_ role: Role, _ status: FileStatus, _ reach: Reach = .everybody) -> [ThreatLevel] {
    examine([SecurityFact(role, "f", status, reach: reach)]).threats.map(\.level)
  }

  private static func directory(configured: Bool, command: Bool) -> Role {
    .directory(SecurityFact.DirectoryFacts(isConfigured: configured, namesCommand: command))
  }

  private static let files: [(Role, UInt16, [ThreatLevel])] = [
    (.configuration(namesCommand: true), 0o644, []), (.configuration(namesCommand: true), 0o664, [.high]),
    (.configuration(namesCommand: true), 0o646, [.critical]),
    (.configuration(namesCommand: true), 0o666, [.critical]),
    (.configuration(namesCommand: false), 0o664, [.medium]),
    (.configuration(namesCommand: false), 0o666, [.high]),
    (.policy, 0o600, []), (.policy, 0o620, [.medium]), (.policy, 0o602, [.high]),
    (.program, 0o755, []), (.program, 0o775, [.high]), (.program, 0o757, [.critical]),
    (.stateFile, 0o664, []), (.stateFile, 0o666, [.high]), (.record, 0o664, []), (.record, 0o666, [.medium]),
    (.log, 0o640, []), (.log, 0o644, [.low]),
  ]

  @Test(arguments: files)
  func permissionsOfFiles(role: Role, permissions: UInt16, expected: [ThreatLevel]) {
    #expect(levels(role, Self.status(permissions)) == expected)
  }

  private static let directories: [(Role, UInt16, [ThreatLevel])] = [
    (directory(configured: true, command: true), 0o775, []),
    (directory(configured: true, command: true), 0o777, [.critical]),
    (directory(configured: true, command: false), 0o777, [.high]),
    (directory(configured: true, command: true), 0o1777, []),
    (directory(configured: false, command: false), 0o1777, [.high]),
    // Without the right to search it, nobody can create anything in it.
    (directory(configured: false, command: false), 0o776, []),
    (.state, 0o755, []), (.state, 0o777, [.high]), (.state, 0o1777, [.high]),
    (.programDirectory, 0o775, []), (.programDirectory, 0o777, [.critical]), (.programDirectory, 0o1777, []),
  ]

  @Test(arguments: directories)
  func permissionsOfDirectories(role: Role, permissions: UInt16, expected: [ThreatLevel]) {
    #expect(levels(role, Self.status(permissions, .directory)) == expected)
  }

  @Test func whatNobodyReachesIsSafe() {
    let status = Self.status(0o666)
    let role = Role.configuration(namesCommand: true)
    #expect(levels(role, status, Reach(group: false, others: false)) == [])
    #expect(levels(role, status, Reach(group: true, others: false)) == [.high])
    #expect(levels(.log, status, Reach(group: true, others: false)) == [])
  }

  @Test(arguments: [
    (0o755 as UInt16, true, true), (0o700, false, false), (0o710, true, false), (0o701, true, true),
    (0o766, false, false),
  ])
  func reachEndsAtDirectoriesThatCannotBeSearched(permissions: UInt16, group: Bool, others: Bool) {
    let behind = Reach.everybody.through(Self.status(permissions, .directory))
    #expect(behind == Reach(group: group, others: others))
    #expect(
      Reach(group: false, others: false).through(Self.status(0o777)) == Reach(group: false, others: false))
  }

  private static let owners: [(Role, UInt32, [ThreatLevel])] = [
    (.configuration(namesCommand: true), 1000, []), (.configuration(namesCommand: true), 0, []),
    (.configuration(namesCommand: true), 7, [.critical]), (.configuration(namesCommand: false), 7, [.high]),
    (.policy, 7, [.high]), (.program, 7, [.critical]), (.record, 7, [.medium]), (.record, 0, []),
    (.state, 7, [.high]), (.stateFile, 7, [.high]), (.stateFile, 1000, []), (.log, 7, []),
    (directory(configured: true, command: true), 7, [.high]),
    (directory(configured: true, command: false), 7, [.medium]),
  ]

  @Test(arguments: owners)
  func ownersThatAreNeitherTheEnginesUserNorRoot(role: Role, owner: UInt32, expected: [ThreatLevel]) {
    #expect(levels(role, Self.status(0o600, owner: owner)) == expected)
  }

  @Test func recordsMayBelongToWhomTheDirectoryBelongs() {
    var examination = SecurityExamination(user: 1000, directoryOwner: 7)
    examination.add(SecurityFact(.record, "work_1.json", Self.status(0o600, owner: 7)))
    examination.add(SecurityFact(.record, "work_2.json", Self.status(0o600, owner: 8)))
    #expect(examination.finish().threats.map(\.file) == ["work_2.json"])
  }

  @Test func linksAreNoRecordsAndTheirOwnModeSaysNothing() {
    let report = examine([SecurityFact(.record, "work_1.json", Self.status(0o777, .symbolicLink))])
    #expect(report.threats.map(\.type) == [.suspiciousAccess] && report.threats.map(\.level) == [.medium])
    #expect(levels(.state, Self.status(0o777, .symbolicLink)) == [.high])
    #expect(levels(.stateFile, Self.status(0o777, .symbolicLink)) == [.high])
  }

  @Test func theReportIsSortedBoundedAndCountsAll() {
    var facts = (0..<300).map { SecurityFact(.record, "work_\($0).json", Self.status(0o666)) }
    facts.append(SecurityFact(.configuration(namesCommand: true), "dsl.yaml", Self.status(0o666)))
    facts.append(SecurityFact(.log, "agent_1.log", Self.status(0o644)))
    let report = examine(facts, listed: 5)
    #expect(report.examined == 302 && report.total == 302)
    #expect(
      report.threats.map(\.file) == [
        "dsl.yaml", "work_0.json", "work_1.json", "work_10.json", "work_100.json",
      ])
    #expect(report.levels == [.critical: 1, .medium: 300, .low: 1])
    #expect(report.types == [.injection: 1, .tampering: 300, .dataExposure: 1])
    #expect(report.recommendations.count == 3)
    #expect(examine(facts.reversed(), listed: 5) == report)
  }

  @Test(arguments: [
    ("a b/dsl.yaml", "chmod go-w 'a b/dsl.yaml'"), ("c/dsl.yaml", "chmod go-w c/dsl.yaml"),
    ("it's", #"chmod go-w 'it'\''s'"#), ("-x", "chmod go-w './-x'"),
  ])
  func fixesCanBePastedIntoAShell(file: String, expected: String) {
    let report = examine([SecurityFact(.configuration(namesCommand: false), file, Self.status(0o666))])
    #expect(report.threats.map(\.fix) == [expected])
  }

  @Test func whatIsInOrderIsNoThreat() {
    let report = examine([SecurityFact(.record, "work_1.json", Self.status(0o644))])
    #expect(report.total == 0 && report.examined == 1 && report.recommendations.isEmpty)
  }
}
