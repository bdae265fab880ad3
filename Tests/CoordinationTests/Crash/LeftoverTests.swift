import Coordination
import DSLBase
import Glibc
import SweepFolders
import Testing

/// What a crash leaves over is cleared up by whoever walks the directory next.
@Suite struct LeftoverTests {
  /// A clock that stands at the machine's time, moved on by hand.
  private func time(_ seconds: Double) -> ManualTime {
    ManualTime(SystemTime().now.adding(seconds: seconds), origin: "boot \(seconds)")
  }

  @Test func tempsOfTheDeadGoAfterAnHour() throws {
    let folder = try SweepFolder()
    let names = [".work_x.json.12-3.tmp", ".mine.tmp", "work_x.json"]
    for name in names {
      try PosixFileSystem().write("\(folder.path)/\(name)", Array(#"{"id":"x"}"#.utf8), exclusive: true)
    }
    for (age, left) in [(60.0, names), (3700.0, Array(names.dropFirst()))] {
      let queue = try CrashBeginning.queue(folder.path, time(age))
      #expect(try queue.claim(agent: "a", leaseSeconds: 1, count: 1).map(\.id) == ["x"])
      let files = try DiskImage(reading: folder.path, PosixFileSystem()).files.keys
      #expect(files.filter { !$0.hasPrefix(".dsl/") }.sorted() == left.sorted())
    }
  }

  /// The second name goes; an item that is not the same one stays in both places, and somebody is told.
  @Test func ofTwoNamesOneIsTakenAway() throws {
    let folder = try SweepFolder()
    let queue = try CrashBeginning.queue(folder.path, time(0))
    _ = try queue.add(["same", "other"].map { NewWorkItem(id: $0, fields: [:]) })
    let files = PosixFileSystem()
    try files.makeDirectory(folder.path + "/.dsl/quarantine")
    let same = try files.read("\(folder.path)/work_same.json", limit: 1000)
    try files.write("\(folder.path)/.dsl/quarantine/work_same.json", same, exclusive: true)
    try files.write("\(folder.path)/.dsl/quarantine/work_other.json", [0x7B, 0x7D], exclusive: true)
    let next = try CrashBeginning.queue(folder.path, ManualTime(SystemTime().now, origin: "after"), seed: 2)
    #expect(try next.claim(agent: "a", leaseSeconds: 1, count: 9).count == 2)
    #expect(try files.status("\(folder.path)/.dsl/quarantine/work_same.json") == nil)
    #expect(try files.status("\(folder.path)/.dsl/quarantine/work_other.json") != nil)
    #expect(next.takeWarnings().contains { $0.contains("work_other.json") })
  }
}
