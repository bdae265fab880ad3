package import DSLBase
import Glibc

/// Who holds an advisory lock on a file, as the kernel tells it (`/proc/locks`, proc(5)).
struct LockHolder: Equatable {
  /// The process that took the lock.
  var pid: Int
  /// What it is called.
  var name: String
  /// Whether it was stopped by a signal, so that it will not let go by itself.
  var isStopped: Bool

  /// The holder of the lock on a file.
  ///
  /// - Returns: `nil` when nobody holds it any more, or the kernel does not tell: the holder is hidden from this container,
  ///   or has left it to a child.
  static func find(_ path: String) -> LockHolder? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    let device = UInt64(status.st_dev)
    let major = ((device >> 8) & 0xFFF) | ((device >> 32) & ~0xFFF)
    let minor = (device & 0xFF) | ((device >> 12) & ~0xFF)
    guard let table = text("/proc/locks"),
      let pid = holder(in: table, major: major, minor: minor, inode: UInt64(status.st_ino))
    else { return nil }
    // "12 (a name) T …": the name may hold anything. Without a process a child of it holds the lock.
    guard let line = text("/proc/\(pid)/stat"), let open = line.firstIndex(of: "("),
      let end = line.lastIndex(of: ")"), open < end
    else { return nil }
    let state = line[end...].dropFirst(2).first
    return LockHolder(
      pid: pid, name: String(line[line.index(after: open)..<end]), isStopped: state == "T" || state == "t")
  }

  /// Finds the line of a `flock` in `/proc/locks`: "3: FLOCK  ADVISORY  WRITE 712 08:01:4711 0 EOF". Who waits has "->" in
  /// the place of the kind.
  static func holder(in table: String, major: UInt64, minor: UInt64, inode: UInt64) -> Int? {
    for line in table.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 6, words[1] == "FLOCK", let pid = Int(words[4]), pid > 0 else { continue }
      let place = words[5].split(separator: ":")
      guard place.count == 3, UInt64(place[0], radix: 16) == major, UInt64(place[1], radix: 16) == minor,
        UInt64(place[2]) == inode
      else { continue }
      return pid
    }
    return nil
  }

  private static func text(_ path: String) -> String? {
    (try? PosixFileSystem().read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
  }
}

extension DSLError {
  /// The error for a lock that nobody let go of in time.
  ///
  /// - Parameter what: what it guards, as the beginning of a sentence: "agents' records".
  package static func held(_ lock: String, _ what: String, seconds: Double) -> DSLError {
    let waited = "waited \(Int(seconds)) s for \(lock)"
    guard let holder = LockHolder.find(lock) else {
      return DSLError(
        .locked, "\(what) are in use by another process", cause: waited,
        fix: "try again later; fuser -v \(lock) names who uses it")
    }
    let name = "process \(holder.pid) (\(holder.name))"
    guard holder.isStopped else {
      return DSLError(
        .locked, "\(what) are in use by \(name)", cause: waited,
        fix: "try again later, or end that process: its lock ends with it")
    }
    return DSLError(
      .locked, "\(what) are in use by \(name), which is stopped", cause: waited,
      fix: "let it go on: kill -CONT \(holder.pid); or end it, and its lock with it: kill -KILL \(holder.pid)"
    )
  }
}
