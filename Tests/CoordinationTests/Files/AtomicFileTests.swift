import Coordination
import DSLBase
import Glibc
import Testing

@Suite struct AtomicFileTests {
  private let old = Array("old".utf8)
  private let new = Array("new content".utf8)

  private func directory() throws -> InMemoryFileSystem {
    let files = InMemoryFileSystem()
    try files.makeDirectory("/d")
    try files.write("/d/work_1.json", old, exclusive: true)
    try files.sync(file: "/d/work_1.json")
    try files.sync(directory: "/d")
    try files.sync(directory: "/")
    return files
  }

  private func names(_ files: InMemoryFileSystem) throws -> [String] {
    var names: [String] = []
    try files.walk("/d") { names.append(String(decoding: $0.name, as: UTF8.self)) }
    return names
  }

  @Test func stepsComeInTheDurableOrder() throws {
    let files = FaultyFileSystem(try directory())
    try AtomicFile.commit(files, "/d/work_1.json", new)
    let steps = files.operations.map { $0.split(separator: " ").map(String.init) }
    #expect(
      steps.map { $0[0] } == ["create", "write", "chmod", "create", "write", "fsync", "rename", "fsync"])
    #expect(steps[5][1] == steps[1][1] && steps[5][1].hasPrefix("/d/.work_1.json."))
    #expect(steps[7][1] == "/d")
  }

  @Test func aCommitSurvivesAPowerLoss() throws {
    let files = try directory()
    try AtomicFile.commit(files, "/d/work_1.json", new)
    #expect(try files.afterPowerLoss().read("/d/work_1.json", limit: 100) == new)
  }

  @Test(arguments: 1...8, [EIO, ENOSPC]) func aFailureAtAnyStepLeavesOldOrNewAndNoTemp(
    step: Int, errno: Int32
  ) throws {
    let base = try directory()
    let files = FaultyFileSystem(base, .failing(operation: step, errno: errno))
    let error = #expect(throws: DSLError.self) { try AtomicFile.commit(files, "/d/work_1.json", new) }
    #expect(error?.code == .io && error?.fix != nil)
    #expect(try base.read("/d/work_1.json", limit: 100) == (step == 8 ? new : old))
    #expect(try names(base) == ["work_1.json"])
    #expect(files.operations.filter { $0.hasPrefix("fsync") }.count <= 2, "a failed fsync is not repeated")
  }

  @Test(arguments: 1...9) func aCrashAtAnyStepLeavesOldOrNew(step: Int) throws {
    let base = try directory()
    let files = FaultyFileSystem(base, .crashing(operation: step))
    try? AtomicFile.commit(files, "/d/work_1.json", new)
    #expect(try base.read("/d/work_1.json", limit: 100) == (step >= 8 ? new : old))
    let afterwards = base.afterPowerLoss()
    #expect(try afterwards.read("/d/work_1.json", limit: 100) == (step == 9 ? new : old))
    let limit = Timestamp(nanoseconds: 1)
    #expect(
      try AtomicFile.removeLeftovers(base, "/d", unchangedSince: limit) == ((2...7).contains(step) ? 1 : 0))
    #expect(try names(base) == ["work_1.json"])
  }

  @Test func anExclusiveCommitRefusesWhatIsThere() throws {
    let files = try directory()
    let error = #expect(throws: DSLError.self) {
      try AtomicFile.commit(files, "/d/work_1.json", new, exclusive: true)
    }
    #expect(error?.code == .conflict)
    #expect(try files.read("/d/work_1.json", limit: 100) == old)
    try AtomicFile.commit(files, "/d/work_2.json", new, exclusive: true)
    #expect(try names(files) == ["work_1.json", "work_2.json"])
  }

  @Test func aBatchSyncsTheDirectoryOnce() throws {
    let base = try directory()
    let files = FaultyFileSystem(base)
    try AtomicFile.commitAll(files, "/d", (1...20).map { ("work_\($0).json", [UInt8($0)]) })
    #expect(files.operations.filter { $0 == "fsync /d" }.count == 1)
    let afterwards = base.afterPowerLoss()
    for item in 1...20 { #expect(try afterwards.read("/d/work_\(item).json", limit: 9) == [UInt8(item)]) }
  }

  @Test(arguments: 1...22) func aBatchThatFailsLeavesWholeFilesAndNoTemps(step: Int) throws {
    let base = try directory()
    let files = FaultyFileSystem(base, .failing(operation: step, errno: ENOSPC))
    #expect(throws: DSLError.self) {
      try AtomicFile.commitAll(
        files, "/d", [("work_1.json", new), ("work_2.json", new), ("work_3.json", new)])
    }
    for name in try names(base) {
      let content = try base.read("/d/" + name, limit: 100)
      #expect(content == new || (name == "work_1.json" && content == old), "\(name)")
      #expect(!name.hasPrefix("."))
    }
  }

  @Test func foreignHiddenFilesAreNotLeftovers() throws {
    let files = try directory()
    for name in [".x.tmp", ".notes.12-x.tmp", "work.1-2.tmp", ".work_1.json.1-2.tmp.bak"] {
      try files.write("/d/" + name, [], exclusive: true)
    }
    #expect(try AtomicFile.removeLeftovers(files, "/d", unchangedSince: Timestamp(nanoseconds: 1)) == 0)
  }

  @Test func theMachinesFileSystemTakesCommits() throws {
    let world = try World.posix()
    try AtomicFile.commit(world.files, world.root + "/work_1.json", old, exclusive: true)
    try AtomicFile.commit(world.files, world.root + "/work_1.json", new)
    #expect(try world.files.read(world.root + "/work_1.json", limit: 100) == new)
    var count = 0
    try world.files.walk(world.root) { _ in count += 1 }
    #expect(count == 1)
  }

  @Test func aReplacedFileKeepsItsPermissions() throws {
    let world = try World.posix()
    let path = world.root + "/work_1.json"
    try AtomicFile.commit(world.files, path, old, exclusive: true)
    try #require(chmod(path, 0o600) == 0)
    try AtomicFile.commit(world.files, path, new)
    var raw = stat()
    try #require(stat(path, &raw) == 0)
    #expect(raw.st_mode & 0o777 == 0o600)
  }
}

@Suite struct FileNameTests {
  @Test(arguments: [
    ("work_1.json", "work_1.json"), ("a\nb", "a\\nb"), ("\u{1B}[31m", "\\x1b[31m"), ("ä", "ä"),
    ("a\\b", "a\\\\b"),
  ])
  func controlCharactersAreEscaped(name: String, shown: String) { #expect(FileName.shown(name) == shown) }

  @Test func bytesThatAreNoTextAreEscaped() { #expect(FileName.shown([0x61, 0xFF, 0xC3]) == "a\\xff\\xc3") }
}

@Suite struct SystemTimeTests {
  @Test func clocksGoOnAndAreOfThisCentury() async throws {
    let time = SystemTime()
    let (wall, monotonic) = (time.now, time.monotonicSeconds)
    try await time.sleep(seconds: 0.01)
    #expect(time.now.seconds > 1.7e9 && time.now.seconds(since: wall) > 0)
    #expect(time.monotonicSeconds >= monotonic + 0.01)
    #expect(time.monotonicOrigin == SystemTime().monotonicOrigin && time.monotonicOrigin.count == 36)
  }
}
