import ClusterSim
import Coordination
import DSLBase
import Testing

@testable import DSLCommands

/// The search without Python, in memory: the power fails, and operations fail, at every point of it.
@Suite struct RandomSearchTests {
  private static let root = "/s"

  /// A search over some files.
  private static func search(_ files: any FileSystem, trials: Int = 1, seed: Int = 1) async throws -> Int {
    let time = ManualTime()
    let file = try StudyFile("\(root)/q.log", files, time)
    try await file.mend()
    let search = RandomSearch(
      configuration: try ClusterConfiguration(
        preset: "storm", size: "2x2", changes: ["max_steps": 20, "budget": 5], prefix: ""),
      episodes: 64, trials: trials, workers: 1, seed: seed, file: file,
      artifacts: StudyArtifacts("\(root)/q.log", files), writer: TuningStudy.Writer(worker: "me"), time: time)
    return try await search.run(StopFlag()) { _ in }
  }

  private static func emptyDisk() throws -> InMemoryFileSystem {
    let files = InMemoryFileSystem()
    try files.makeDirectory(root)
    try files.sync(directory: "/")
    return files
  }

  /// What a journal says is attached: of each trial its state and names, and those of the study under -1.
  private struct Attached {
    var states: [Int: Int] = [:]
    var names: [Int: [String]] = [:]
    /// Files in the store that are named, by what they are called.
    var files: [(owner: Int, name: String, id: String)] = []

    init(_ journal: [UInt8]) throws {
      // A last line that is not whole is none.
      let whole = journal.prefix((journal.lastIndex(of: 0x0A) ?? -1) + 1)
      for line in whole.split(separator: 0x0A) {
        let object = try JSONParser.parse(Array(line))
        if object["op_code"]?.int == 6, let trial = object["trial_id"]?.int {
          states[trial] = object["state"]?.int
        }
        for member in object["system_attr"]?.object ?? [:] where member.key.hasPrefix("artifacts:") {
          let said = try JSONParser.parse(Array((member.value.string ?? "").utf8))
          let (name, id) = (said["filename"]?.string ?? "", said["artifact_id"]?.string ?? "")
          #expect(member.key == "artifacts:" + id)
          let owner = object["trial_id"]?.int ?? -1
          names[owner, default: []].append(name)
          files.append((owner, name, id))
        }
      }
    }
  }

  /// Whatever is named is there; whatever is complete has all that belongs to it, as it is in a search that nothing befell.
  private func examine(_ files: any FileSystem, _ whole: DiskImage, _ place: String) throws -> Attached {
    let image = try DiskImage(reading: Self.root, files)
    let attached = try Attached(image.files["q.log"] ?? [])
    for (owner, name, id) in attached.files {
      let path = "q.log.files/artifacts/\(id)"
      #expect(image.files[path] != nil, "\(place): \(name) of \(owner) is attached and not there")
      // Those of the study are of the trials that there are.
      if owner >= 0, let meant = whole.files[path] {
        let isSame = image.files[path] == meant
        #expect(isSame, "\(place): \(name) of \(owner)")
      }
    }
    for trial in attached.states.keys.sorted() where attached.states[trial] == 1 {
      let names = attached.names[trial] ?? []
      #expect(names.prefix(4) == ["note.md", "judged.svg", "training.csv", "training.svg"], "\(place)")
      #expect(image.files["q.log.files/trial-\(trial).agent"]?.isEmpty == false, "\(place)")
    }
    return attached
  }

  /// It is killed, and every second time the power fails too, before every change from the first file of a trial on. The same call goes
  /// on, and ends with the study whole.
  @Test func aSearchThatWasKilledIsMadeWhole() async throws {
    var files = try Self.emptyDisk()
    let counting = FaultyFileSystem(files)
    #expect(try await Self.search(counting) == 0)
    let whole = try DiskImage(reading: Self.root, files)
    let names = try examine(files, whole, "at the end").names
    #expect(names[-1] == ["study.svg", "note.md", "study.csv"] && names[0]?.count ?? 0 >= 4)
    let operations = counting.operations
    let first = try #require(operations.firstIndex { $0.contains("trial-0.agent") })
    // What makes names, lines of the journal, or either durable; temps and locks are nobody's.
    let numbers = (first..<operations.count).filter { i in
      ["append", "rename", "fsync"].contains { operations[i].hasPrefix($0) }
        && !(operations[i].hasPrefix("fsync") && operations[i].hasSuffix(".tmp"))
    }
    #expect(numbers.count > 15, "\(operations[first...])")
    for (i, operation) in numbers.enumerated() {
      let number = operation + 1
      let place = "\(number): \(operations[operation])"
      files = try Self.emptyDisk()
      _ = try? await Self.search(FaultyFileSystem(files, .crashing(operation: number)))
      _ = try examine(files, whole, place)
      let rest = files.afterPowerLoss()
      _ = try examine(rest, whole, place + " without power")
      if i % 2 == 0 { files = rest }
      try? files.remove("\(Self.root)/q.log.lock")
      _ = try await Self.search(files)
      let after = try examine(files, whole, place + " and on")
      #expect(after.states.values.count { $0 == 1 } == 1, "\(place)")
      #expect(after.names[-1] == ["study.svg", "note.md", "study.csv"], "\(place)")
      let image = try DiskImage(reading: Self.root, files)
      #expect(!image.files.keys.contains { $0.hasSuffix(".tmp") }, "\(place)")
      let table = try #require(after.files.last { $0.name == "study.csv" })
      let lines = try #require(image.files["q.log.files/artifacts/\(table.id)"]).split(separator: 0x0A)
      #expect(lines.count == 2, "\(place): the table has the trial")
      // And again: nothing is left to do.
      _ = try await Self.search(files)
      let isSame = try DiskImage(reading: Self.root, files) == image
      #expect(isSame, "\(place)")
    }
  }

  /// What was attached by a call of other trials is brought up to date; what another search attached stays beside it.
  @Test func theStudyTellsOfAllItsTrials() async throws {
    let files = try Self.emptyDisk()
    _ = try await Self.search(files, trials: 1)
    _ = try await Self.search(files, trials: 3)
    var attached = try Attached(try files.read("\(Self.root)/q.log", limit: .max))
    #expect(attached.names[-1] == ["study.svg", "note.md", "study.csv"], "each once")
    _ = try await Self.search(files, trials: 3, seed: 2)
    #expect(
      try Attached(try files.read("\(Self.root)/q.log", limit: .max)).files.count == attached.files.count)
    _ = try await Self.search(files, trials: 4, seed: 2)
    attached = try Attached(try files.read("\(Self.root)/q.log", limit: .max))
    let tables = try attached.files.filter { $0.name == "study.csv" }.map { table in
      try files.read("\(Self.root)/q.log.files/artifacts/\(table.id)", limit: .max).count { $0 == 0x0A }
    }
    #expect(tables == [4, 5])
  }

  /// A disk that is full: the trial fails, which the study says, and so does the call.
  @Test func whatCannotBeWrittenIsAnError() async throws {
    let files = try Self.emptyDisk()
    try files.write("\(Self.root)/q.log.files", [], exclusive: true)
    await #expect { try await Self.search(files) } throws: { "\($0)".contains("q.log.files") }
    try files.remove("\(Self.root)/q.log.files")

    let counting = FaultyFileSystem(files)
    _ = try await Self.search(counting)
    let first = try #require(
      counting.operations.firstIndex { $0.hasPrefix("write") && $0.contains("trial-0.agent") })
    let again = try Self.emptyDisk()
    let full = FaultyFileSystem(again, .failing(operation: first + 1, errno: 28))
    await #expect { try await Self.search(full) } throws: { error in
      (error as? DSLError)?.code == .io && "\(error)".contains("trial-0.agent")
    }
    let attached = try Attached(try again.read("\(Self.root)/q.log", limit: .max))
    #expect(attached.states == [0: 3] && attached.files.isEmpty)
  }
}
