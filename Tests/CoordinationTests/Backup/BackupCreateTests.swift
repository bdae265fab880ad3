import DSLBase
import Foundation
import Synchronization
import Testing

@testable import Coordination

/// Taking backups, looked at with the tar of the system.
@Suite struct BackupCreateTests {
  private func unpack(_ archive: String, to folder: String) throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let outcome = try BackupWorld.run(BackupWorld.tar, ["-xzf", archive, "-C", folder])
    #expect(outcome.status == 0 && outcome.out.isEmpty, "\(outcome)")
    return folder + "/coordination"
  }

  @Test func tarUnpacksAWorkingDirectoryByteForByte() throws {
    let world = try BackupWorld()
    try world.fill()
    try world.write("notes.txt", "mine")
    let deep = String(repeating: "long-name/", count: 15)
    try FileManager.default.createDirectory(
      atPath: "\(world.path)/\(deep)", withIntermediateDirectories: true)
    try world.write(deep + "é ü.bin", String(repeating: "x", count: 5 << 20))
    let before = try world.content(of: world.path)
    let report = try world.backup()
    #expect(report.warnings == [])
    #expect(report.path == "\(world.path)/.dsl/backups/\(BackupTarget.name(at: world.time.now))")
    #expect(report.counts.work == 4 && report.counts.completed == 2 && report.counts.failed == 1)
    #expect(report.counts.quarantined == 1 && report.counts.agents == 1 && report.counts.telemetry == 1)
    #expect(report.summary.decision?.id == "d-1")
    let archive = try #require(report.path)
    let unpacked = try world.content(of: try unpack(archive, to: world.root + "/out"))
    for (name, content) in before where !name.hasPrefix(".dsl/") || name.hasPrefix(".dsl/quarantine") {
      #expect(unpacked[name] == content, "\(name)")
    }
    let state = unpacked.keys.filter { $0.hasPrefix(".dsl/") }.sorted()
    #expect(
      state == [
        ".dsl/identity", ".dsl/journal.sqlite", ".dsl/manifest.json", ".dsl/quarantine/work_i8.json",
        ".dsl/queue.sqlite",
      ])
    #expect(try world.places(at: world.root + "/out/coordination") == world.places(at: world.path))
    let listing = try BackupWorld.run(BackupWorld.tar, ["-tzvf", archive]).out
    #expect(listing.contains("coordination/work_i5.json") && listing.hasPrefix("drwx"), "\(listing)")
  }

  @Test func theManifestSaysWhatIsInTheArchive() throws {
    let world = try BackupWorld()
    try world.fill()
    let folder = try unpack(try #require(try world.backup().path), to: world.root + "/out")
    let manifest = try BackupManifest(
      try PosixFileSystem().read(folder + "/" + BackupManifest.path, limit: 1 << 20), archive: "a")
    var unpacked = try world.content(of: folder)
    unpacked[BackupManifest.path] = nil
    #expect(Set(manifest.files.map(\.path)) == Set(unpacked.keys))
    for file in manifest.files {
      let sum = try BackupWorld.run("/usr/bin/sha256sum", [folder + "/" + file.path]).out.prefix(64)
      #expect(file.sha256 == sum, "\(file.path)")
      #expect(file.size == Int64(unpacked[file.path]?.count ?? -1))
    }
    #expect(manifest.summary.takenAt == world.time.now && manifest.counts.completed == 2)
  }

  @Test func whatIsNoFileIsLeftOutAndNamed() throws {
    let world = try BackupWorld()
    try world.fill()
    #expect(mkfifo(world.path + "/work_pipe.json", 0o644) == 0)
    #expect(symlink("/etc/passwd", world.path + "/link") == 0)
    try world.write(".work_1.json.12-3.tmp", "half")
    let first = try world.backup()
    #expect(
      first.warnings == [
        "link: it is a symbolic link, so it is left out", "work_pipe.json is left out: it is no regular file",
      ])
    let again = try world.backup(to: .file(world.path + "/copy.tar.gz"))
    let names = try BackupWorld.run(BackupWorld.tar, ["-tzf", try #require(again.path)]).out
    #expect(!names.contains(".tar.gz") && !names.contains(".tmp") && !names.contains(".lock"), "\(names)")
    let third = try world.backup()
    #expect(third.path?.hasSuffix("Z-2.tar.gz") == true, "the same second gives another name")
    #expect(third.counts == first.counts, "a backup in the directory is not packed into the next")
  }

  @Test func anExistingFileIsNotOverwritten() throws {
    let world = try BackupWorld()
    try world.write("kept", "x")
    let error = #expect(throws: DSLError.self) { try world.backup(to: .file(world.path + "/kept")) }
    #expect(error?.code == .conflict)
    let nowhere = #expect(throws: DSLError.self) {
      try Backup.create(world.directory(at: "/nowhere"), to: .directory("/tmp"), time: world.time, seed: 1)
    }
    #expect(nowhere?.code == .notFound)
  }

  @Test func aFailedCallLeavesNoHalfArchive() throws {
    let counting = FaultyFileSystem(PosixFileSystem())
    let sample = try BackupWorld()
    try sample.fill()
    try sample.backup(counting)
    let total = counting.operations.count
    #expect(total > 60)
    let folder = sample.path + "/.dsl/backups"
    for number in 1...total {
      for fault in [
        FaultyFileSystem.Fault.failing(operation: number, errno: ENOSPC), .crashing(operation: number),
      ] {
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.removeItem(atPath: sample.path + "/.dsl/identity")
        let result = Result { try sample.backup(FaultyFileSystem(PosixFileSystem(), fault)) }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasSuffix(".tar.gz") {
          let found = try Backup.verify("\(folder)/\(name)", scratch: sample.root, files: PosixFileSystem())
          #expect(found.counts.work == 4 && found.warnings == [], "\(fault): \(name)")
        }
        if case .failing = fault, case .failure = result {
          #expect(names.allSatisfy { !$0.hasSuffix(".tmp") }, "\(fault): \(names)")
        }
      }
    }
    #expect(try sample.backup().counts.work == 4, "the next one works")
  }

  /// Workers claim, complete, fail, requeue and quarantine all the time; every backup accounts for every item once.
  @Test func backupsOfALiveDirectoryAccountForEveryItemOnce() throws {
    let world = try BackupWorld()
    let total = 600
    _ = try world.queue().add((0..<total).map { NewWorkItem(id: "i\($0)", fields: [:]) })
    let done = Atomic<Bool>(false)
    let problems = Mutex<[String]>([])
    var archives: [String] = []
    let threads = (0..<3).map { worker in
      Thread {
        do {
          let queue = try world.queue(UInt64(100 + worker))
          var round = 0
          while !done.load(ordering: .relaxed) {
            let claims = try queue.claim(agent: "w\(worker)", leaseSeconds: 30, count: 4)
            if claims.isEmpty { break }
            for claim in claims.dropLast() { try queue.complete(claim) }
            if let last = claims.last {
              if round % 3 == 0 {
                try queue.release([last.reference])
              } else {
                _ = try queue.fail(last.reference, error: "e", retry: RetryPolicy(maxAttempts: 1))
                if round % 3 == 1 { _ = try queue.requeue(last.id) }
              }
            }
            if round % 5 == worker,
              let id = try queue.list(WorkFilter(states: [.pending], limit: 1)).first?.id
            {
              if try queue.quarantine([id], reason: "r") == [id], round % 2 == 0 {
                try? queue.restoreFromQuarantine([id])
              }
            }
            try queue.flush()
            round += 1
          }
        } catch { problems.withLock { $0.append("\(error)") } }
      }
    }
    for thread in threads { thread.start() }
    while threads.contains(where: { !$0.isFinished }), archives.count < 12 {
      archives.append(try #require(try world.backup().path))
    }
    done.store(true, ordering: .relaxed)
    while threads.contains(where: { !$0.isFinished }) { usleep(1000) }
    #expect(problems.withLock { $0 } == [])
    #expect(archives.count >= 3)
    var states: Set<WorkState> = []
    for (number, archive) in archives.enumerated() {
      let places = try world.places(at: try unpack(archive, to: "\(world.root)/out\(number)"))
      #expect(places.count == total, "\(archive): \(total - places.count) items are lost")
      let doubled = places.filter { $0.value.count != 1 }
      #expect(doubled.isEmpty, "\(archive): \(doubled)")
      states.formUnion(places.values.joined())
    }
    #expect(states.isSuperset(of: [.pending, .completed, .failed]), "\(states)")
  }
}
