import Autonomy
import Coordination
import DSLBase
import Testing

/// What an engine never touches: each item is in one place with its bytes, and files of others are as they were.
struct NeighbourAccount {
  private static let items = ContractSeed.pending + ["held-1", "expired-1"]

  /// Before any engine did anything.
  let untouched: DiskImage
  /// Before what is accounted for.
  let before: DiskImage
  let what: String

  func check(_ image: DiskImage) {
    expectItems(image)
    expectNeighbours(image)
  }

  private func expectItems(_ image: DiskImage) {
    for id in Self.items {
      let places = [
        "work_\(id).json", "completed_\(id).json", "failed_\(id).json", ".dsl/quarantine/work_\(id).json",
      ]
      let found = places.filter { image.files[$0] != nil }
      #expect(found.count == 1, "\(what): \(id) is at \(found)")
      let bytes = found.first.flatMap { image.files[$0] }
      #expect(bytes == untouched.files["work_\(id).json"], "\(what): \(id) has its bytes")
    }
  }

  private func expectNeighbours(_ image: DiskImage) {
    for (name, bytes) in untouched.files where !name.contains("agent") && !name.contains("work_") {
      #expect(image.files[name] == bytes, "\(what): \(name)")
    }
    let known = Set(untouched.files.keys).union(before.files.keys)
    for name in image.files.keys where !known.contains(name) {
      let isExpected = name.hasPrefix("agent_a-") || name.hasPrefix(".dsl/")
      #expect(isExpected, "\(what): \(name) is new")
    }
  }
}

extension EffectEngine {
  /// What is on the disk once everything that is on its way to a file has arrived, and temporary files are gone.
  func settled(_ path: String) throws -> DiskImage {
    try queue.flush()
    _ = try queue.statistics()
    _ = try AtomicFile.removeLeftovers(
      PosixFileSystem(), path, unchangedSince: Timestamp(nanoseconds: .max))
    return try DiskImage(reading: path, PosixFileSystem())
  }
}
