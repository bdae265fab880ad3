package import DSLBase
import Glibc
import Synchronization

/// Durable, all-or-nothing replacement of files: temp in the same directory, write, `fsync`, rename, `fsync` of the
/// directory.
///
/// A reader sees the old content or the new, never part of either, also after a crash. When a commit throws, the temp is
/// removed and the file holds the old content; only when the last step, the directory's `fsync`, fails is the new content
/// there but perhaps not durable. A replaced file keeps its permissions. A failed `fsync` is never retried.
package enum AtomicFile {
  /// Numbers the temps of this process. With the process id a name is unique on a host; across hosts or containers that
  /// share a directory, creating it exclusively finds the next free one.
  private static let serial = Atomic<UInt64>(0)

  /// Puts the content in place durably.
  ///
  /// - Parameters:
  ///   - files: where.
  ///   - path: the file to create or replace.
  ///   - content: all of its bytes.
  ///   - exclusive: whether a file that is already there is an error instead of being replaced.
  /// - Throws: `conflict` when `exclusive` and something is there; `io` with a fix otherwise.
  package static func commit(
    _ files: any FileSystem, _ path: String, _ content: [UInt8], exclusive: Bool = false
  ) throws(DSLError) {
    let (directory, name) = split(path)
    try commitAll(files, directory, [(name, content)], exclusive: exclusive)
  }

  /// Puts several files of one directory in place with one `fsync` of the directory.
  ///
  /// Each file is replaced whole; the batch is not: when a rename fails, those before it stay and none after it is done.
  ///
  /// - Throws: as `commit`.
  package static func commitAll(
    _ files: any FileSystem, _ directory: String, _ contents: [(name: String, content: [UInt8])],
    exclusive: Bool = false
  ) throws(DSLError) {
    guard !contents.isEmpty else { return }
    var temps: [String] = []
    temps.reserveCapacity(contents.count)
    var renamed = 0
    do throws(FileError) {
      for (name, content) in contents {
        let temp = try createTemp(files, directory, name, exclusive ? content : [])
        temps.append(temp)
        guard !exclusive else { continue }
        // Before the content is in it, so that nobody reads in the temp what the file keeps from them.
        try files.adoptAttributes(of: "\(directory)/\(name)", on: temp)
        try files.write(temp, content, exclusive: false)
      }
      for temp in temps { try files.sync(file: temp) }
      while renamed < temps.count {
        let target = "\(directory)/\(contents[renamed].name)"
        if exclusive {
          try files.renameExclusively(temps[renamed], to: target)
        } else {
          try files.rename(temps[renamed], to: target)
        }
        renamed += 1
      }
      try files.sync(directory: directory)
    } catch {
      for temp in temps[renamed...] { try? files.remove(temp) }
      throw error.asDSLError
    }
  }

  /// Puts the content in place whole, without waiting for the disk: for what can be made again, and is empty or missing at worst after a
  /// power failure.
  ///
  /// - Throws: `io`; the file holds the old content then.
  package static func place(
    _ files: any FileSystem, _ path: String, _ content: [UInt8]
  ) throws(DSLError) {
    let (directory, name) = split(path)
    do throws(FileError) {
      let temp = try createTemp(files, directory, name, content)
      do throws(FileError) { try files.rename(temp, to: path) } catch {
        try? files.remove(temp)
        throw error
      }
    } catch {
      throw error.asDSLError
    }
  }

  /// Makes a directory, if it is not there, whose name outlives a power failure.
  ///
  /// Without that, files that are synced in it may be out of reach afterwards.
  package static func makeDirectory(_ files: any FileSystem, _ path: String) throws(FileError) {
    guard try files.status(path) == nil else { return }
    try files.makeDirectory(path)
    try files.sync(directory: split(path).directory)
  }

  /// Removes temps that a killed process left in a directory.
  ///
  /// - Parameter unchangedSince: younger temps are left alone: somebody may be writing them.
  /// - Returns: how many were removed.
  /// - Throws: `io` when the directory cannot be read.
  package static func removeLeftovers(
    _ files: any FileSystem, _ directory: String, unchangedSince limit: Timestamp
  ) throws(DSLError) -> Int {
    var leftovers: [String] = []
    do {
      try files.walk(directory) { entry in
        guard isTemp(entry.name) else { return }
        let status = try entry.status()
        guard status.kind == .file, status.changed < limit.nanoseconds else { return }
        leftovers.append("\(directory)/\(String(decoding: entry.name, as: UTF8.self))")
      }
    } catch let error as FileError {
      throw error.asDSLError
    } catch {
      throw DSLError(.internalError, "walking \(directory) failed", cause: "\(error)")
    }
    return leftovers.reduce(0) { count, path in count + ((try? files.remove(path)) == nil ? 0 : 1) }
  }

  /// A name for a temp of a file, which nobody else on this host uses.
  static func temporaryName(for name: String) -> String {
    let number = serial.wrappingAdd(1, ordering: .relaxed).newValue
    return ".\(name.prefix(150)).\(getpid())-\(number).tmp"
  }

  /// Creates the temp of a file with some content; on failure nothing is left of it.
  private static func createTemp(
    _ files: any FileSystem, _ directory: String, _ name: String, _ content: [UInt8]
  ) throws(FileError) -> String {
    var attempts = 0
    while true {
      let temp = "\(directory)/\(temporaryName(for: name))"
      do throws(FileError) {
        try files.write(temp, content, exclusive: true)
        return temp
      } catch {
        attempts += 1
        guard error.errno == EEXIST, attempts < 1000 else {
          if error.errno != EEXIST { try? files.remove(temp) }
          throw error
        }
      }
    }
  }

  /// Whether a name is `.<name>.<pid>-<number>.tmp`; other people's hidden `.tmp` files are none of our business.
  static func isTemp(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0].isEmpty, parts[parts.count - 1].elementsEqual("tmp".utf8) else {
      return false
    }
    let numbers = parts[parts.count - 2].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return numbers.count == 2 && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0 &- 0x30 < 10 } }
  }

  static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let directory = path[..<slash]
    return (directory.isEmpty ? "/" : String(directory), String(path[path.utf8.index(after: slash)...]))
  }
}
