import Coordination
import DSLBase
import Glibc
import SweepFolders
import Testing

/// The power fails at every point of `doctor --fix` putting temps aside, and of bringing them back.
@Suite struct CrashMendingTests {
  private static let texts = [".work_a.json.77-1.tmp": "half", ".agent_b.json.78-2.tmp": "torn"]
  /// Two hours after the files are made, so that they are old.
  private static let time = ManualTime(Timestamp(seconds: Double(Glibc.time(nil)) + 7200))

  private static func examination(_ path: String, _ files: any FileSystem) -> DoctorExamination {
    DoctorExamination(
      CoordinationDirectory(path: path + "/coordination", files: files), limits: RecordLimits(), time: time,
      seed: 1, assumedOffset: 0)
  }

  private static func beginning() throws -> DiskImage {
    let folder = try SweepFolder()
    let files = PosixFileSystem()
    try files.makeDirectory(folder.path + "/coordination")
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
      try files.write("\(folder.path)/coordination/\(name)", Array(text.utf8), exclusive: true)
    }
    return try DiskImage(reading: folder.path, files)
  }

  private static func mend(_ path: String, _ files: any FileSystem) throws -> [DoctorMove] {
    let examination = examination(path, files)
    let facts = try examination.facts(engineActs: false)
    let moves = try examination.moves(facts)
    _ = try examination.mend(facts, moves)
    return moves
  }

  /// Every content is somewhere, whole, and what was done is done.
  private static func check(
    _ image: DiskImage, _ moves: [DoctorMove], moved: Bool?, what: String
  ) {
    for move in moves {
      let text = (move.from.split(separator: "/").last.flatMap { texts[String($0)] } ?? "").utf8
      let places = [move.from, move.to].map { image.files["coordination/\($0)"] }
      #expect(places.contains(Array(text)), "\(what): \(move.from) is lost")
      #expect(places.allSatisfy { $0 == nil || $0 == Array(text) }, "\(what): \(move.from) is torn")
      if let moved { #expect(places[moved ? 1 : 0] != nil, "\(what): what was done is undone") }
    }
  }

  @Test func noTempIsLost() async throws {
    let seed = UInt64.random(in: 0..<1 << 32)
    let image = try Self.beginning()
    let start = try folder(holding: image)
    let files = RecordingFileSystem(PosixFileSystem(), root: start.path)
    let moves = try Self.mend(start.path, files)
    files.tell("moved")
    #expect(moves.count == 2)
    let notes = try Self.examination(start.path, files).moveBack(moves)
    #expect(notes.count == 1)
    files.tell("back")
    let total = await CrashSweep(image, files, limit: 16, seed: seed).forEach { point in
      let what = "seed \(seed), after \(point.prefix) operations"
      // Between the two the first is being taken back, so that either place is right.
      let moved: Bool? = point.told.isEmpty ? nil : point.told.contains("back") ? false : nil
      Self.check(point.image, moves, moved: moved, what: what)
      do {
        let place = try folder(holding: point.image)
        _ = try Self.mend(place.path, PosixFileSystem())
        let after = try DiskImage(reading: place.path, PosixFileSystem())
        #expect(
          after.files.keys.allSatisfy { !$0.hasSuffix(".tmp") || $0.contains("/quarantine/") },
          "\(what): mended again, none is left")
        for (name, text) in Self.texts {
          #expect(
            after.files.contains { $0.key.contains(name) && $0.value == Array(text.utf8) },
            "\(what): mended again, \(name) is lost")
        }
      } catch {
        Issue.record("\(what): \(error)")
      }
    }
    print("crash sweep of doctor --fix: \(total.prefixes) prefixes, \(total.states) states, seed \(seed)")
    #expect(total.states > 10)
  }
}
