/// What the name of a directory beside a coordination directory tells of a restore that was not finished.
enum RestoreLeftover: Equatable {
  /// A tree that was to be put in place, of the process of that number.
  case staging(pid: Int32)
  /// A tree on its way between two names, where the file system cannot exchange them.
  case exchange

  /// - Parameter directory: the coordination directory's name.
  /// - Returns: `nil` for names that `RestoreTarget` does not give.
  init?(_ name: String, of directory: String) {
    if name.hasPrefix(directory + ".restoring-") {
      // The time, the process, and a number when there is more than one.
      let parts = name.dropFirst(directory.count + ".restoring-".count).split(separator: "-")
      guard (2...3).contains(parts.count), let pid = Int32(parts[1]), pid > 0 else { return nil }
      self = .staging(pid: pid)
    } else if name.hasPrefix(directory + ".replaced-"), name.hasSuffix("-new") {
      self = .exchange
    } else {
      return nil
    }
  }
}
