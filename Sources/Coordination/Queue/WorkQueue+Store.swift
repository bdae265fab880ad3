package import DSLBase

extension WorkQueue {
  /// The queue's store in numbers, as it stands; `nil` when there is none.
  ///
  /// - Throws: `unsupported`, `corrupt`, `io`.
  package static func info(_ directory: CoordinationDirectory) throws(DSLError) -> StoreInfo? {
    try stored(directory, .readOnly)?.info()
  }

  /// Writes the store anew without unused pages. It has nothing to forget: rows of finished items go when their files
  /// stand, and what is left is as large as the most that was ever queued at once.
  ///
  /// - Throws: `locked`, `io`.
  package static func compact(_ directory: CoordinationDirectory) throws(DSLError) {
    try stored(directory, .readWrite)?.compact()
  }

  private static func stored(
    _ directory: CoordinationDirectory, _ access: StateAccess
  ) throws(DSLError) -> StateDatabase? {
    guard try filed({ () throws(FileError) in try directory.files.status(directory.queue) }) != nil else {
      return nil
    }
    return try StateDatabase(
      "work queue", path: directory.queue, directory: directory, access: access,
      migrations: QueueSchema.migrations)
  }
}
