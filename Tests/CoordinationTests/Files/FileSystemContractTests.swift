import DSLBase
import Glibc
import Testing

@testable import Coordination

/// A file system under test and a directory in it that is its own.
struct World: CustomTestStringConvertible, Sendable {
  let files: any FileSystem
  let root: String
  let testDescription: String
  private let owner: TemporaryDirectory?

  static func posix() throws -> World {
    let directory = try TemporaryDirectory()
    return World(files: PosixFileSystem(), root: directory.path, testDescription: "posix", owner: directory)
  }

  static func memory() throws -> World {
    let files = InMemoryFileSystem()
    try files.makeDirectory("/root")
    return World(files: files, root: "/root", testDescription: "memory", owner: nil)
  }

  static func recording() throws -> World {
    let directory = try TemporaryDirectory()
    let files = RecordingFileSystem(PosixFileSystem(), root: directory.path)
    return World(files: files, root: directory.path, testDescription: "recording", owner: directory)
  }

  func plant(_ kind: FileStatus.Kind, _ name: String) throws {
    let path = root + "/" + name
    if let memory = files as? InMemoryFileSystem {
      try memory.plant(kind, at: path)
    } else {
      switch kind {
      case .file: try files.write(path, [], exclusive: true)
      case .directory: try #require(mkdir(path, 0o755) == 0)
      case .symbolicLink: try #require(symlink(name, path) == 0)
      case .other: try #require(mkfifo(path, 0o644) == 0)
      }
    }
  }
}

enum WorldKind: CaseIterable, Sendable {
  case posix, memory, recording
  func make() throws -> World {
    switch self {
    case .posix: try .posix()
    case .memory: try .memory()
    case .recording: try .recording()
    }
  }
}

/// What every `FileSystem` promises; run against each implementation.
@Suite struct FileSystemContractTests {
  private func errno(_ body: () throws -> Void) -> Int32? {
    do {
      try body()
      return nil
    } catch { return (error as? FileError)?.errno }
  }

  @Test(arguments: WorldKind.allCases) func whatIsWrittenIsRead(kind: WorldKind) throws {
    let world = try kind.make()
    let path = world.root + "/a"
    for size in [0, 1, 4095, 4096, 100_000] {
      let content = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
      try world.files.write(path, content, exclusive: false)
      #expect(try world.files.read(path, limit: 100_000) == content)
      #expect(try world.files.status(path)?.size == Int64(size))
    }
  }

  @Test(arguments: WorldKind.allCases) func aLimitIsExact(kind: WorldKind) throws {
    let world = try kind.make()
    let path = world.root + "/a"
    try world.files.write(path, [1, 2, 3], exclusive: true)
    #expect(try world.files.read(path, limit: 3) == [1, 2, 3])
    #expect(errno { _ = try world.files.read(path, limit: 2) } == EFBIG)
  }

  @Test(arguments: WorldKind.allCases) func anExclusiveWriteNeverReplaces(kind: WorldKind) throws {
    let world = try kind.make()
    let path = world.root + "/a"
    try world.files.write(path, [1], exclusive: true)
    #expect(errno { try world.files.write(path, [2], exclusive: true) } == EEXIST)
    #expect(try world.files.read(path, limit: 10) == [1])
    try world.files.write(path, [3], exclusive: false)
    #expect(try world.files.read(path, limit: 10) == [3])
  }

  @Test(arguments: WorldKind.allCases) func appendingCreatesAndExtends(kind: WorldKind) throws {
    let world = try kind.make()
    try world.files.append(world.root + "/log", [1, 2])
    try world.files.append(world.root + "/log", [3])
    #expect(try world.files.read(world.root + "/log", limit: 10) == [1, 2, 3])
  }

  @Test(arguments: WorldKind.allCases) func renamingReplacesUnlessExclusive(kind: WorldKind) throws {
    let world = try kind.make()
    let (a, b) = (world.root + "/a", world.root + "/b")
    try world.files.write(a, [1], exclusive: true)
    try world.files.write(b, [2], exclusive: true)
    #expect(errno { try world.files.renameExclusively(a, to: b) } == EEXIST)
    #expect(try world.files.read(b, limit: 1) == [2])
    try world.files.rename(a, to: b)
    #expect(try world.files.read(b, limit: 1) == [1])
    #expect(try world.files.status(a) == nil)
    try world.files.renameExclusively(b, to: a)
    #expect(try world.files.read(a, limit: 1) == [1])
    #expect(errno { try world.files.rename(b, to: a) } == ENOENT)
  }

  @Test(arguments: WorldKind.allCases) func whatIsNoFileIsNotReadAndDoesNotBlock(kind: WorldKind) throws {
    let world = try kind.make()
    try world.plant(.directory, "directory")
    try world.plant(.symbolicLink, "link")
    try world.plant(.other, "fifo")
    for (name, expected) in [("directory", EINVAL), ("link", ELOOP), ("fifo", EINVAL), ("absent", ENOENT)] {
      #expect(errno { _ = try world.files.read(world.root + "/" + name, limit: 10) } == expected, "\(name)")
    }
    var seen: [String: Int32] = [:]
    try world.files.walk(world.root) { entry in
      var buffer: [UInt8] = [7]
      seen[String(decoding: entry.name, as: UTF8.self)] = errno { try entry.read(into: &buffer, limit: 10) }
    }
    #expect(seen == ["directory": EINVAL, "link": ELOOP, "fifo": EINVAL])
  }

  @Test(arguments: WorldKind.allCases) func kindsAreTold(kind: WorldKind) throws {
    let world = try kind.make()
    let kinds: [FileStatus.Kind] = [.file, .directory, .symbolicLink, .other]
    for kind in kinds { try world.plant(kind, "k\(kind.rawValue)") }
    for kind in kinds { #expect(try world.files.status("\(world.root)/k\(kind.rawValue)")?.kind == kind) }
  }

  @Test(arguments: WorldKind.allCases) func aWalkSeesEveryEntryOnce(kind: WorldKind) throws {
    let world = try kind.make()
    let names = (0..<1500).map { "entry with a name of some length \($0)" }
    for name in names { try world.files.write(world.root + "/" + name, Array(name.utf8), exclusive: true) }
    var seen: [String] = []
    var buffer: [UInt8] = []
    try world.files.walk(world.root) { entry in
      let name = String(decoding: entry.name, as: UTF8.self)
      seen.append(name)
      try entry.read(into: &buffer, limit: 1000)
      #expect(buffer.elementsEqual(name.utf8))
      #expect(try entry.status() == world.files.status(world.root + "/" + name))
    }
    #expect(seen.sorted() == names.sorted())
  }

  @Test(arguments: WorldKind.allCases) func aReplacedFileHasAnotherIdentity(kind: WorldKind) throws {
    let world = try kind.make()
    try world.files.write(world.root + "/a", [1], exclusive: true)
    let before = try world.files.status(world.root + "/a")
    try world.files.write(world.root + "/b", [2], exclusive: true)
    try world.files.rename(world.root + "/b", to: world.root + "/a")
    #expect(try world.files.status(world.root + "/a")?.inode != before?.inode)
  }

  @Test(arguments: WorldKind.allCases) func missingThingsAreNamed(kind: WorldKind) throws {
    let world = try kind.make()
    try world.files.write(world.root + "/file", [], exclusive: true)
    #expect(errno { try world.files.walk(world.root + "/absent") { _ in } } == ENOENT)
    #expect(errno { try world.files.walk(world.root + "/file") { _ in } } == ENOTDIR)
    #expect(errno { try world.files.write(world.root + "/absent/x", [], exclusive: true) } == ENOENT)
    #expect(errno { try world.files.write(world.root + "/file/x", [], exclusive: true) } == ENOTDIR)
    #expect(errno { try world.files.remove(world.root + "/absent") } == ENOENT)
    #expect(errno { try world.files.sync(file: world.root + "/absent") } == ENOENT)
    #expect(errno { try world.files.sync(directory: world.root + "/file") } == ENOTDIR)
    #expect(try world.files.status(world.root + "/absent/deeper") == nil)
    let long = world.root + "/" + String(repeating: "x", count: 300)
    #expect(errno { try world.files.write(long, [], exclusive: true) } == ENAMETOOLONG)
  }

  @Test(arguments: WorldKind.allCases) func makingADirectoryTwiceIsFine(kind: WorldKind) throws {
    let world = try kind.make()
    try world.files.makeDirectory(world.root + "/d")
    try world.files.makeDirectory(world.root + "/d")
    #expect(try world.files.status(world.root + "/d")?.kind == .directory)
    #expect(world.files.isWritable(world.root + "/d"))
    #expect(!world.files.isWritable(world.root + "/absent"))
    try world.files.write(world.root + "/f", [], exclusive: true)
    #expect(errno { try world.files.makeDirectory(world.root + "/f") } == EEXIST)
  }

  @Test(arguments: WorldKind.allCases) func aLockExcludesUntilItIsReleased(kind: WorldKind) throws {
    let world = try kind.make()
    let path = world.root + "/lock"
    let first = try #require(try world.files.lock(path, exclusive: true, wait: false))
    #expect(try world.files.lock(path, exclusive: true, wait: false) == nil)
    #expect(try world.files.lock(path, exclusive: false, wait: false) == nil)
    first.unlock()
    first.unlock()
    var shared = try world.files.lock(path, exclusive: false, wait: false)
    let second = try world.files.lock(path, exclusive: false, wait: false)
    #expect(shared != nil && second != nil)
    #expect(try world.files.lock(path, exclusive: true, wait: false) == nil)
    shared = nil
    second?.unlock()
    #expect(try world.files.lock(path, exclusive: true, wait: true) != nil)
  }

  @Test(arguments: WorldKind.allCases) func modeAndOwnerAreToldAndAdopted(kind: WorldKind) throws {
    let world = try kind.make()
    let (a, b) = (world.root + "/a", world.root + "/b")
    try world.files.write(a, [1], exclusive: true)
    try world.files.write(b, [2], exclusive: true)
    if let memory = world.files as? InMemoryFileSystem {
      try memory.setAttributes(of: a, permissions: 0o4640, owner: geteuid())
    } else {
      try #require(chmod(a, 0o4640) == 0)
    }
    #expect(try world.files.status(a)?.permissions == 0o4640)
    #expect(try world.files.status(a)?.owner == geteuid())
    try world.files.walk(world.root) { entry in
      let permissions = try entry.status().permissions
      #expect(!entry.name.elementsEqual("a".utf8) || permissions == 0o4640)
    }
    // Adopted without set-uid: content of somebody else must not run as its owner.
    try world.files.adoptAttributes(of: a, on: b)
    #expect(try world.files.status(b)?.permissions == 0o640)
    try world.files.adoptAttributes(of: world.root + "/none", on: b)
    #expect(try world.files.status(b)?.permissions == 0o640)
  }

  @Test func aLinkRenamesAsExclusively() throws {
    let world = try World.posix()
    let (a, b) = (world.root + "/a", world.root + "/b")
    try world.files.write(a, [1], exclusive: true)
    try PosixFileSystem().linkExclusively(a, to: b)
    #expect(try world.files.read(b, limit: 1) == [1] && world.files.status(a) == nil)
    try world.files.write(a, [2], exclusive: true)
    #expect(errno { try PosixFileSystem().linkExclusively(a, to: b) } == EEXIST)
    #expect(try world.files.read(b, limit: 1) == [1] && world.files.status(a)?.size == 1)
  }

  @Test func aRootThatIsALinkIsWalked() throws {
    let world = try World.posix()
    try world.files.makeDirectory(world.root + "/real")
    try world.files.write(world.root + "/real/x", [], exclusive: true)
    try #require(symlink("real", world.root + "/link") == 0)
    var count = 0
    try world.files.walk(world.root + "/link") { _ in count += 1 }
    #expect(count == 1)
  }

  @Test func aFileLargerThanItsStatusSaysIsReadWhole() throws {
    // Files below /proc report size 0, as a file that grows between `fstat` and `read` reports too little.
    let content = try PosixFileSystem().read("/proc/self/status", limit: 1 << 20)
    #expect(String(decoding: content, as: UTF8.self).contains("Name:"))
  }
}
