import Autonomy
import Coordination
import DSLBase
import SweepFolders
import Testing

extension InterleavedWorld {
  /// Restores a backup that was taken while everybody worked, and says what does not hold of it: it is the state of one
  /// instant between its beginning and its end.
  func problems(_ backup: InterleavedLedger.Packed, _ number: Int) throws -> [String] {
    let target = "\(packed.path)/restored-\(number)"
    _ = try Restore.run(backup.path, to: target, files: PosixFileSystem(), time: time, seed: seed)
    let directory = CoordinationDirectory(path: target, files: PosixFileSystem())
    let queue = try WorkQueue(directory: directory, time: time, seed: seed, access: .readWrite)
    try queue.flush()
    _ = try queue.statistics()
    let image = try DiskImage(reading: target, PosixFileSystem())
    var problems: [String] = []
    for id in backup.after.added.union(backup.after.perhapsAdded).sorted() {
      let places = [
        "work_\(id).json", "completed_\(id).json", "failed_\(id).json", ".dsl/quarantine/work_\(id).json",
      ].filter { image.files[$0] != nil }
      let isRight = backup.before.added.contains(id) ? places.count == 1 : places.count <= 1
      if !isRight { problems.append("backup \(number): \(id) is at \(places)") }
      let isDone = places == ["completed_\(id).json"]
      if backup.before.completed.contains(id), !isDone {
        problems.append("backup \(number): \(id) was completed before it, and is at \(places)")
      }
    }
    for name in image.files.keys.sorted() where name.hasPrefix("work_") || name.hasPrefix("completed_") {
      let id = String(name.drop { $0 != "_" }.dropFirst().dropLast(5))
      if !backup.after.added.contains(id), !backup.after.perhapsAdded.contains(id), id != "old" {
        problems.append("backup \(number): \(name) is from nowhere")
      }
    }
    let journal = try Journal(directory: directory, access: .readOnly)
    problems += try journal.check().filter { $0.severity == .error && $0.id != "decision-without-cycle" }
      .map { "backup \(number): journal: \($0.meaning) \($0.examples)" }
    if let faults = try journal.verifyChain()?.faults, !faults.isEmpty {
      problems.append("backup \(number): journal: \(faults.map(\.text))")
    }
    return problems
  }
}
