import DSLBase

/// Every state in which a crash during a recorded scenario may leave a disk.
///
/// For each prefix of the operations and each legal choice of what has reached the disk (see `CrashModel`): all choices where
/// there are at most `limit`, else that many at random beside the two extremes. The same holdings are visited once for
/// everything that had been told until then.
package struct CrashSweep: Sendable {
  /// One state.
  package struct Point: Sendable {
    /// How many operations had been done.
    package var prefix: Int
    /// What had been told until then: it must be true.
    package var told: [String]
    /// What is on the disk.
    package var image: DiskImage
  }

  /// What a sweep came to.
  package struct Counts: Sendable, Equatable {
    /// Prefixes of the operations.
    package var prefixes = 0
    /// Choices of what had reached the disk, in all prefixes; as many as were looked at.
    package var choices = 0
    /// Prefixes with so many choices that they were looked at by chance.
    package var sampled = 0
    /// States that differ.
    package var states = 0

    package init() {}

    /// Both.
    package static func + (one: Counts, other: Counts) -> Counts {
      var sum = one
      sum.prefixes += other.prefixes
      sum.choices += other.choices
      sum.sampled += other.sampled
      sum.states += other.states
      return sum
    }
  }

  private let initial: DiskImage
  private let operations: [RecordingFileSystem.Operation]
  private let root: String
  private let limit: Int
  private let seed: UInt64

  /// - Parameters:
  ///   - initial: what was there, durably, before the recording.
  ///   - recording: what happened.
  ///   - limit: choices that are looked at for one prefix.
  ///   - seed: decides which, where there are more.
  package init(_ initial: DiskImage, _ recording: RecordingFileSystem, limit: Int, seed: UInt64) {
    self.initial = initial
    operations = recording.operations
    root = recording.root
    self.limit = limit
    self.seed = seed
  }

  /// Visits each state.
  package func forEach(_ visit: (Point) async throws -> Void) async rethrows -> Counts {
    var counts = Counts()
    var model = CrashModel(initial, root: root)
    var generator = SplitMix64(seed: seed)
    var told: [String] = []
    var seen: Set<String> = []
    for prefix in 0...operations.count {
      if prefix > 0 {
        model.apply(operations[prefix - 1])
        if case .tell(let what) = operations[prefix - 1] { told.append(what) }
      }
      counts.prefixes += 1
      for digits in choices(model, &generator, &counts) {
        counts.choices += 1
        let (image, key) = model.image(digits)
        guard seen.insert("\(told.count) \(key)").inserted else { continue }
        counts.states += 1
        try await visit(Point(prefix: prefix, told: told, image: image))
      }
    }
    return counts
  }

  private func choices(
    _ model: CrashModel, _ generator: inout SplitMix64, _ counts: inout Counts
  ) -> [[Int]] {
    let all = model.combinations
    guard all > limit else { return (0..<all).map(model.digits) }
    counts.sampled += 1
    return model.extremes + (0..<limit).map { _ in model.digits(using: &generator) }
  }
}
