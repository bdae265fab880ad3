package import DSLBase

/// The spans that were written to a file and the files that it was rotated to, newest line first.
///
/// Reading takes no lock and writes nothing, so it works on a read-only directory and beside any number of
/// writers. A rotation in between moves files up by one; since they are read in that order too, and told
/// apart by inode, no line is missed or seen twice.
package struct SpanArchive: Sendable {
  /// What was found besides spans.
  package struct Summary: Sendable, Equatable {
    /// Lines that were read.
    package var lines = 0
    /// Lines that are not `TracesData`, for instance one cut off by a full disk.
    package var unreadable = 0
    /// Whether there was more than the bounds allow to read.
    package var truncated = false
  }

  private let files: any FileSystem
  private let path: String
  private let keep: Int
  private let fileLimit: Int

  /// An archive.
  ///
  /// - Parameters:
  ///   - files: where the files are.
  ///   - path: the newest file.
  ///   - keep: how many rotated ones to look for.
  ///   - fileLimit: bytes; a larger file is passed over, and the summary says so.
  package init(files: any FileSystem, path: String, keep: Int = 5, fileLimit: Int = 64 << 20) {
    self.files = files
    self.path = path
    self.keep = keep
    self.fileLimit = fileLimit
  }

  /// Hands out one line after the other, newest first.
  ///
  /// - Parameters:
  ///   - limit: the most lines to read.
  ///   - visit: gets the spans of a line in the order they began; `false` ends the reading.
  /// - Returns: what was found.
  /// - Throws: `FileError` when a file that is there cannot be read, or what `visit` throws.
  /// - Complexity: one file in memory at a time.
  @discardableResult
  package func read(limit: Int = .max, _ visit: ([ArchivedSpan]) throws -> Bool) throws -> Summary {
    var summary = Summary()
    var seen: Set<UInt64> = []
    for number in 0...keep {
      let name = number == 0 ? path : "\(path).\(number)"
      guard let status = try files.status(name), seen.insert(status.inode).inserted else { continue }
      guard status.size <= Int64(fileLimit) else {
        summary.truncated = true
        continue
      }
      let content: [UInt8]
      do { content = try files.read(name, limit: fileLimit) } catch {
        if error.isMissing { continue }
        throw error
      }
      for line in Self.linesBackwards(content) {
        guard summary.lines < limit else {
          summary.truncated = true
          return summary
        }
        summary.lines += 1
        guard let spans = ArchivedSpan.spans(line: Array(content[line])) else {
          summary.unreadable += 1
          continue
        }
        guard try visit(spans) else { return summary }
      }
    }
    return summary
  }

  /// The spans of one trace, from all the lines that have some, in the order they began.
  ///
  /// - Throws: `FileError` when a file that is there cannot be read.
  package func trace(_ id: TraceID, limit: Int = 100_000) throws -> [ArchivedSpan] {
    var found: [ArchivedSpan] = []
    try read(limit: limit) { spans in
      found += spans.filter { $0.traceID == id }
      return true
    }
    return found.sorted { $0.start < $1.start }
  }

  /// The ranges of the lines that are not empty, the last one first.
  private static func linesBackwards(_ content: [UInt8]) -> some Sequence<Range<Int>> {
    sequence(state: content.count) { end -> Range<Int>? in
      while end > 0 {
        let start = (content[..<end].lastIndex(of: 0x0A) ?? -1) + 1
        defer { end = max(0, start - 1) }
        if start < end { return start..<end }
      }
      return nil
    }
  }
}

extension FileError {
  /// Whether the file was not there.
  fileprivate var isMissing: Bool { errno == 2 }
}
