import Coordination
import DSLBase
import Glibc
import SweepFolders
import Testing

/// The n-th file operation or commit fails, for every n of everything the queue does: the error says what and where, nothing
/// is lost, and doing it again does it.
@Suite struct CrashFaultTests {
  @Test(arguments: [EIO, ENOSPC, EACCES]) func everyOperationFailsOnce(number: Int32) async throws {
    let runs = try await withThrowingTaskGroup(of: Int.self) { group in
      for scenario in CrashScenario.allCases {
        group.addTask { try Self.loop(scenario, number) }
      }
      return try await group.reduce(0, +)
    }
    print(
      "fault loop of the queue: \(CrashScenario.allCases.count) scenarios, errno \(number), \(runs) faults")
    #expect(runs > 100)
  }

  /// What an error can happen to: any operation, those that need space, those that need permission.
  static func concerns(_ number: Int32, _ operation: String) -> Bool {
    switch number {
    case ENOSPC:
      ["create", "write", "append", "link", "mkdir", "rename", "renameat2", "commit"].contains(operation)
    case EACCES:
      ["create", "append", "link", "mkdir", "rename", "renameat2", "unlink", "rmdir", "read", "walk"]
        .contains(operation)
    default: true
    }
  }

  private static func loop(_ scenario: CrashScenario, _ number: Int32) throws -> Int {
    let beginning = try CrashBeginning(scenario)
    let untouched = try SweepFolder()
    try beginning.image.write(to: untouched.path, PosixFileSystem())
    let plain = FaultyFileSystem(PosixFileSystem())
    let queue = try CrashBeginning.queue(untouched.path, beginning.time, files: plain, seed: 2)
    try scenario.perform(queue, beginning.claims) { _ in }
    let names = plain.operations.map { String($0.prefix { $0 != " " }) }
    var (operation, runs) = (0, 0)
    while true {
      operation += 1
      if operation <= names.count, !concerns(number, names[operation - 1]) { continue }
      let folder = try SweepFolder()
      try beginning.image.write(to: folder.path, PosixFileSystem())
      let files = FaultyFileSystem(PosixFileSystem(), .failing(operation: operation, errno: number))
      try run(beginning, folder.path, files, "\(scenario), errno \(number), operation \(operation)")
      guard files.operations.count >= operation else { return runs }
      runs += 1
      try #require(operation < 500, "the loop ends by itself")
    }
  }

  private static func run(
    _ beginning: CrashBeginning, _ path: String, _ files: FaultyFileSystem, _ what: String
  ) throws {
    let scenario = beginning.scenario
    var told: [String] = []
    do {
      let queue = try CrashBeginning.queue(path, beginning.time, files: files, seed: 2)
      try scenario.perform(queue, beginning.claims) { told.append($0) }
    } catch let error as DSLError {
      #expect(error.code == .io, "\(what): \(error)")
      #expect(error.message.contains(path) || error.cause?.contains(path) == true, "\(what): \(error)")
      #expect(error.fix != nil, "\(what): \(error)")
    }
    let image = try DiskImage(reading: path, PosixFileSystem())
    let copy = try SweepFolder()
    try image.write(to: copy.path, PosixFileSystem())
    try CrashAccount(beginning: beginning, told: told, path: copy.path, what: what).check()
    try again(beginning, path, what)
  }

  /// A second run: it finds done what was done, and does the rest.
  private static func again(_ beginning: CrashBeginning, _ path: String, _ what: String) throws {
    let scenario = beginning.scenario
    let queue = try CrashBeginning.queue(path, beginning.time, seed: 3)
    do {
      try scenario.perform(queue, beginning.claims) { _ in }
    } catch let error as DSLError where [.conflict, .notFound].contains(error.code) {
      try queue.flush()
    }
    for (id, place) in scenario.after {
      let found = try queue.show(id).state
      #expect((found.isLive ? "live" : found.rawValue) == place.rawValue, "\(what): \(id) in the end")
    }
  }
}
