package import DSLBase

/// A file system that is told what happens to the databases in it.
///
/// SQLite does its own file work, so a file system that counts, fails, records or orders operations would not see what the
/// stores do. A store over such a file system tells it of each transaction that writes, which from outside is one atomic
/// change: all of it is there after a crash, or none.
package protocol DatabaseWitness: FileSystem {
  /// A transaction is about to begin. The store waits for SQLite's write lock when this returns.
  ///
  /// - Throws: what keeps it from beginning.
  func willWrite(_ database: String) throws(FileError)
  /// The changes are made and about to be committed.
  ///
  /// - Throws: what rolls the transaction back.
  func willCommit(_ database: String) throws(FileError)
  /// The transaction has ended and SQLite's lock is free.
  ///
  /// - Parameter durable: whether a commit was to outlive a power failure; such a one carries all before it along.
  func didWrite(_ database: String, committed: Bool, durable: Bool)
}
