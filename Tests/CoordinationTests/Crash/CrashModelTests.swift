import Coordination
import DSLBase
import Testing

/// What a power failure may leave of a few operations, told by the recording.
@Suite struct CrashModelTests {
  /// The states after all of the operations, each as "name=content" in order of name; directories end in a slash.
  private func states(
    _ before: [String: String] = [:], _ body: (RecordingFileSystem) throws -> Void
  ) async throws -> Set<String> {
    let memory = InMemoryFileSystem()
    try memory.makeDirectory("/r")
    var initial = DiskImage()
    for (name, text) in before.sorted(by: { $0.key < $1.key }) {
      if text == "/" { initial.directories.append(name) } else { initial.files[name] = Array(text.utf8) }
    }
    try initial.write(to: "/r", memory)
    let files = RecordingFileSystem(memory, root: "/r")
    try body(files)
    files.tell("end")
    var found: Set<String> = []
    _ = await CrashSweep(initial, files, limit: 1000, seed: 1).forEach { point in
      guard point.told == ["end"] else { return }
      let contents = point.image.files.map { "\($0.key)=\(String(decoding: $0.value, as: UTF8.self))" }
      found.insert((contents + point.image.directories.map { $0 + "/" }).sorted().joined(separator: " "))
    }
    return found
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func unsyncedContentIsOldTornZeroOrNew() async throws {
    let found = try await states(["a": "old"]) { try $0.write("/r/a", bytes("older!"), exclusive: false) }
    #expect(found == ["a=old", "a=olde", "a=\0\0\0\0\0\0", "a=older!"])
  }

  @Test func aRenameBeforeTheSyncMayLeaveAnEmptyFile() async throws {
    let found = try await states(["a": "old"]) {
      try $0.write("/r/t", bytes("new"), exclusive: true)
      try $0.rename("/r/t", to: "/r/a")
      try $0.sync(directory: "/r")
    }
    #expect(found == ["a=", "a=n", "a=\0\0\0", "a=new"])
  }

  @Test func theDurableRecipeLeavesOldOrNew() async throws {
    let found = try await states(["a": "old"]) {
      try $0.write("/r/t", bytes("new"), exclusive: true)
      try $0.sync(file: "/r/t")
      try $0.rename("/r/t", to: "/r/a")
    }
    #expect(found == ["a=old", "a=old t=new", "a=new"])
    let synced = try await states(["a": "old"]) { try AtomicFile.commit($0, "/r/a", bytes("new")) }
    #expect(synced == ["a=new"])
  }

  @Test func changesOfNamesReachTheDiskInAnyOrder() async throws {
    let found = try await states(["a": "1", "b": "2"]) {
      try $0.remove("/r/a")
      try $0.remove("/r/b")
    }
    #expect(found == ["a=1 b=2", "a=1", "b=2", ""])
  }

  @Test func aMoveBetweenDirectoriesNeedsTheTargetSyncedFirst() async throws {
    let before = ["a": "1", "d": "/"]
    let moved = try await states(before) { try $0.rename("/r/a", to: "/r/d/a") }
    #expect(moved == ["a=1 d/", "a=1 d/ d/a=1", "d/ d/a=1"])
    let wrong = try await states(before) {
      try $0.rename("/r/a", to: "/r/d/a")
      try $0.sync(directory: "/r")
    }
    #expect(wrong == ["d/", "d/ d/a=1"], "lost in the one where only the old name's end is durable")
    let right = try await states(before) {
      try $0.rename("/r/a", to: "/r/d/a")
      try $0.sync(directory: "/r/d")
    }
    #expect(right == ["a=1 d/ d/a=1", "d/ d/a=1"])
  }

  @Test func aDirectoryIsOutOfReachUntilItsNameIsSynced() async throws {
    let found = try await states {
      try $0.makeDirectory("/r/d")
      try AtomicFile.commit($0, "/r/d/a", bytes("1"))
    }
    #expect(found == ["", "d/ d/a=1"])
    let made = try await states {
      try AtomicFile.makeDirectory($0, "/r/d")
      try AtomicFile.commit($0, "/r/d/a", bytes("1"))
    }
    #expect(made == ["d/ d/a=1"])
  }
}
