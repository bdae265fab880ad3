import DSLBase
import Glibc
import Testing

@testable import Coordination

/// A coordination directory on disk, changed at random.
private struct Mutations {
  let directory: TemporaryDirectory
  let files = PosixFileSystem()
  var random: SplitMix64
  var limits = RecordLimits()

  init(seed: UInt64) throws {
    directory = try TemporaryDirectory()
    random = SplitMix64(seed: seed)
    limits.indexAbove = 20
  }

  /// A clock well ahead, so that files are old enough for the index.
  var later: Timestamp { SystemTime().now.adding(seconds: 10) }

  func scan(_ index: IndexUse, at now: Timestamp, assumedOffset: Int = 0) throws -> DirectorySnapshot {
    try DirectoryScanner(
      directory: CoordinationDirectory(path: directory.path, files: files), limits: limits, now: now,
      assumedOffset: assumedOffset
    ).scan(index: index)
  }

  mutating func mutate() throws {
    let kinds: [RecordKind] = [.work, .work, .completed, .failed, .telemetry, .agent]
    let kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
    let path = "\(directory.path)/\(kind.prefix)\(Int.random(in: 0..<120, using: &random)).json"
    switch Int.random(in: 0..<10, using: &random) {
    case 0: try? files.remove(path)
    case 1:
      try? files.rename(
        path, to: "\(directory.path)/completed_\(Int.random(in: 0..<50, using: &random)).json")
    case 2: try files.write(path, Array(#"{"id": "#.utf8), exclusive: false)
    case 3: try files.write(path, Array(#"[{"id": 1}]"#.utf8), exclusive: false)
    default: try files.write(path, Array(record().utf8), exclusive: false)
    }
  }

  private mutating func record() -> String {
    let status = ["pending", "claimed", "completed", "odd"][Int.random(in: 0..<4, using: &random)]
    let time = SystemTime().now.adding(seconds: -Double.random(in: 0..<9000, using: &random))
    let zone = Bool.random(using: &random) ? "" : "Z"
    return #"{"status": "\#(status)", "created": "\#("\(time)".dropLast())\#(zone)", "#
      + #""finished": \#(time.seconds), "timestamp": "\#(time)", "metrics": {"response_time": "#
      + #"\#(Int.random(in: 0..<900, using: &random)), "error_rate": \#(Double.random(in: 0...1, using: &random))}}"#
  }
}

@Suite struct RecordIndexTests {
  @Test(arguments: UInt64(1)...5) func withAndWithoutIndexTheSnapshotIsTheSame(seed: UInt64) throws {
    var world = try Mutations(seed: seed)
    for _ in 0..<150 { try world.mutate() }
    var used = 0
    for round in 0..<12 {
      let now = world.later
      let warm = try world.scan(round % 3 == 0 ? .readOnly : .readWrite, at: now)
      let cold = try world.scan(.none, at: now)
      #expect(warm.sameContent(as: cold), "seed \(seed) round \(round)")
      #expect(warm.indexNotes.isEmpty)
      if warm.usedIndex, warm.filesRead < cold.filesRead { used += 1 }
      for _ in 0..<Int.random(in: 0..<15, using: &world.random) { try world.mutate() }
    }
    #expect(used > 5, "the index was hardly used: \(used), seed \(seed)")
  }

  @Test func anUnchangedDirectoryIsNotReadAgain() throws {
    var world = try Mutations(seed: 7)
    world.limits.indexAbove = 500
    for number in 0..<501 {
      try world.files.write("\(world.directory.path)/work_\(number).json", Array("{}".utf8), exclusive: true)
    }
    let first = try world.scan(.readWrite, at: world.later)
    let second = try world.scan(.readOnly, at: world.later)
    #expect(first.filesRead == 501 && !first.usedIndex)
    #expect(second.filesRead == 0 && second.usedIndex && second.liveWork == 501)
  }

  @Test func filesThatMayStillChangeAreNotTrusted() throws {
    var world = try Mutations(seed: 8)
    for _ in 0..<100 { try world.mutate() }
    _ = try world.scan(.readWrite, at: SystemTime().now)
    #expect(try world.scan(.readOnly, at: SystemTime().now).usedIndex == false)
    _ = try world.scan(.readWrite, at: SystemTime().now.adding(seconds: -3600))
    #expect(try world.scan(.readOnly, at: SystemTime().now).usedIndex == false)
  }

  @Test func fewRecordsNeedNoIndex() throws {
    var world = try Mutations(seed: 9)
    world.limits.indexAbove = 500
    for _ in 0..<100 { try world.mutate() }
    _ = try world.scan(.readWrite, at: world.later)
    #expect(try world.files.status(world.directory.path + "/.dsl") == nil)
  }

  @Test func anotherAssumedZoneIsNotMixedIn() throws {
    var world = try Mutations(seed: 10)
    for _ in 0..<150 { try world.mutate() }
    let now = world.later
    _ = try world.scan(.readWrite, at: now)
    let warm = try world.scan(.readOnly, at: now, assumedOffset: 3600)
    #expect(try warm.sameContent(as: world.scan(.none, at: now, assumedOffset: 3600)))
    #expect(!warm.usedIndex && !warm.indexNotes.isEmpty)
  }

  @Test(arguments: UInt64(1)...6) func aDamagedIndexIsANoteAndIsMended(seed: UInt64) throws {
    var world = try Mutations(seed: seed)
    for _ in 0..<150 { try world.mutate() }
    let now = world.later
    let cold = try world.scan(.none, at: now)
    _ = try world.scan(.readWrite, at: now)
    let path = world.directory.path + "/.dsl/index.sqlite"
    var bytes = try world.files.read(path, limit: 1 << 24)
    if seed == 1 {
      bytes = Array("this is no database".utf8)
    } else if seed == 2 {
      bytes.removeLast(bytes.count / 2)
    } else {
      for _ in 0..<40 {
        bytes[Int.random(in: 0..<bytes.count, using: &world.random)] = UInt8.random(
          in: 0...255, using: &world.random)
      }
    }
    try world.files.write(path, bytes, exclusive: false)
    for use in [IndexUse.readOnly, .readWrite, .readWrite] {
      #expect(try world.scan(use, at: now).sameContent(as: cold), "seed \(seed)")
    }
    if seed <= 2 {
      let mended = try world.scan(.readOnly, at: now)
      #expect(mended.usedIndex && mended.indexNotes.isEmpty)
    }
  }

  @Test func anIndexThatCannotBeWrittenIsANote() throws {
    var world = try Mutations(seed: 11)
    for _ in 0..<150 { try world.mutate() }
    try world.files.write(world.directory.path + "/.dsl", [], exclusive: true)
    let snapshot = try world.scan(.readWrite, at: world.later)
    #expect(snapshot.indexNotes.count == 1 && snapshot.indexNotes.first?.contains("not written") == true)
  }

  @Test func scannersAtTheSameTimeAgree() async throws {
    var world = try Mutations(seed: 12)
    for _ in 0..<200 { try world.mutate() }
    let now = world.later
    let cold = try world.scan(.none, at: now)
    let shared = world
    try await withThrowingTaskGroup(of: DirectorySnapshot.self) { group in
      for _ in 0..<8 { group.addTask { try shared.scan(.readWrite, at: now) } }
      for try await snapshot in group { #expect(snapshot.sameContent(as: cold)) }
    }
    #expect(try world.scan(.readOnly, at: now).usedIndex)
  }

  @Test func onlyChangedShardsAreWritten() {
    func entry(_ inode: UInt64) -> FileStatus {
      FileStatus(kind: .file, inode: inode, size: 2, modified: 3, changed: 4)
    }
    var first = RecordIndex()
    for inode in UInt64(0)..<2048 { first.insert(entry(inode), .work, .record(RecordFacts())) }
    let all = first.changedShards()
    #expect(all.map(\.shard) == Array(0..<8) && all.allSatisfy { $0.entries.count == 256 })
    var second = RecordIndex(all.flatMap(\.entries), notes: [])
    for inode in UInt64(0)..<2048 where inode % 10 != 0 || inode < 1024 {
      #expect(second.find(entry(inode), .work) == .record(RecordFacts()))
    }
    #expect(second.find(entry(1), .completed) == nil)
    #expect(second.changedShards().isEmpty, "a tenth of dead entries is not worth a write")
    second.insert(entry(2049), .telemetry, .lookalike)
    #expect(second.changedShards().map(\.shard) == [8])
  }
}
