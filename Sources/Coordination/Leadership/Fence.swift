package import DSLBase

/// Keeps a leader that was superseded from changing anything: the last check before each commit.
///
/// A commit to a file cannot be one transaction with a look into the journal. So every commit of a leader stands between
/// a shared lock on `.dsl/fence.lock` and its release, with the look behind the lock; and whoever takes over holds the
/// same lock alone while it begins its term. A commit is therefore either over before the next term begins, or sees it
/// and is refused. A leader that is stopped in between delays the take-over until it goes on or dies.
package struct Fence: Sendable {
  /// How long to wait for another that begins its term, which takes milliseconds, seconds.
  private static let patience = 10.0
  private let directory: CoordinationDirectory
  private let journal: Journal

  /// The fence of the term that the journal carries (`Journal.lead`).
  package init(_ directory: CoordinationDirectory, _ journal: Journal) {
    self.directory = directory
    self.journal = journal
  }

  /// Runs a commit, unless another leads by now. Keep it short: the next leader waits for it.
  ///
  /// - Throws: `superseded`, or `locked` by an engine that was stopped while it took over, before `body` ran; what `body`
  ///   throws; `io`.
  package func protect<Result>(_ body: () throws(DSLError) -> Result) throws(DSLError) -> Result {
    let lock: (any FileLock)?
    do throws(FileError) {
      lock = try directory.files.lock(directory.fenceLock, exclusive: false, within: Self.patience)
    } catch {
      throw error.asDSLError
    }
    guard let lock else {
      throw .held(directory.fenceLock, "the leader's changes", seconds: Self.patience)
    }
    defer { lock.unlock() }
    try journal.requireLeadership()
    return try body()
  }
}
