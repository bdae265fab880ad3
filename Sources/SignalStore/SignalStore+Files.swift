package import Coordination
package import DSLBase
import Telemetry

extension SignalStore {
  /// Bytes of files that are read between two commits, and the most that is read for a question.
  private static let atOnce: Int64 = 32 << 20
  private static let forQuestion: Int64 = 128 << 20

  /// What reading files into the store came to.
  package struct Intake: Sendable, Equatable {
    /// Records that were stored; parts and records that could not be read.
    package var records = 0
    package var refused = 0
    package var problems: [SignalFileProblem] = []
    /// Bytes at the ends of files that are not whole yet.
    package var pending: Int64 = 0
  }

  /// Stores what is new in the directory's files. Doing so again stores nothing twice: what was read is noted in the
  /// transaction that stores it.
  ///
  /// - Throws: `io`, `locked`; `invalidState` on a store opened for reading.
  package func takeIn(_ directory: CoordinationDirectory, now: Timestamp) throws -> Intake {
    var files = SignalFiles(directory, known: try sources())
    var intake = Intake()
    while true {
      let found = try files.read(budget: Self.atOnce)
      try append(found.blocks, refused: found.refused, sources: found.states, at: now)
      intake.records += found.blocks.reduce(0) { $0 + $1.records }
      intake.refused += found.refused
      intake.problems += found.problems.prefix(FileSignals.problemLimit - intake.problems.count)
      intake.pending = found.pending
      guard found.hasMore, !found.states.isEmpty else { return intake }
    }
  }

  /// What is in the directory's files and not in the store, for a question that is to be answered without writing.
  ///
  /// - Returns: up to 128 MiB of files; `hasMore` says whether there is more.
  package func unread(_ directory: CoordinationDirectory) throws -> FileSignals {
    var files = SignalFiles(directory, known: try sources())
    return try files.read(budget: Self.forQuestion)
  }

  func sources() throws(DSLError) -> [SourceState] { try store.read { try SourceState.all($0) } ?? [] }
}
