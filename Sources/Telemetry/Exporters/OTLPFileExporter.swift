package import DSLBase
import Synchronization

/// Appends each line to a file, as the OTLP file exporter specification asks (JSON Lines, `.jsonl`, one
/// signal a file).
///
/// Any number of processes may share the file. A line is one append, made while holding a lock beside the
/// file, and so is the rotation: `spans.jsonl` becomes `spans.jsonl.1`, that becomes `.2`, and the oldest
/// goes. A line that could be written only in part (a full disk) ends the file: it is rotated away at once,
/// so that no later line is glued to it.
package final class OTLPFileExporter: SpanExporter {
  private let files: any FileSystem
  private let path: String
  private let rotateBytes: Int64
  private let keep: Int
  /// Whether the directory is known to be there.
  private let prepared = Mutex(false)

  /// An exporter to a file.
  ///
  /// - Parameters:
  ///   - files: where the file is.
  ///   - path: the file; its directory is created if need be.
  ///   - rotateBytes: a file that a line would make larger than this is rotated first.
  ///   - keep: how many rotated files stay.
  package init(files: any FileSystem, path: String, rotateBytes: Int64 = 16 << 20, keep: Int = 5) {
    self.files = files
    self.path = path
    self.rotateBytes = rotateBytes
    self.keep = max(1, keep)
  }

  /// How long another process is waited for, in seconds.
  private static let patience = 2.0

  /// Appends a line.
  ///
  /// - Throws: `FileError` when it was not, or only partly, written; `DSLError` `.locked` when another process does not let go of
  ///   the file: it may be stopped, and telemetry holds nobody up for that.
  package func export(_ line: [UInt8]) throws {
    try prepare()
    guard let lock = try files.lock(path + ".lock", exclusive: true, within: Self.patience) else {
      throw DSLError(
        .locked, "\(path) is being written by another process", cause: "waited \(Int(Self.patience)) s",
        fix: "see who it is: fuser -v \(path).lock")
    }
    defer { lock.unlock() }
    let size = try files.status(path)?.size ?? 0
    if size > 0, size + Int64(line.count) + 1 > rotateBytes { try rotate() }
    do { try files.append(path, line + [0x0A]) } catch {
      if let after = try? files.status(path), after.size != size { try? rotate() }
      throw error
    }
  }

  private func rotate() throws(FileError) {
    for number in stride(from: keep - 1, through: 1, by: -1)
    where try files.status("\(path).\(number)") != nil {
      try files.rename("\(path).\(number)", to: "\(path).\(number + 1)")
    }
    try files.rename(path, to: path + ".1")
  }

  /// Creates the directory and those above it that are missing.
  private func prepare() throws {
    try prepared.withLock { prepared in
      if prepared { return }
      if let slash = path.lastIndex(of: "/") { try files.makeDirectories(String(path[..<slash])) }
      prepared = true
    }
  }
}
