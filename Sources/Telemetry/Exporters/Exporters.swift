package import DSLBase
import Synchronization

/// Drops everything.
package struct NoExporter: SpanExporter {
  package init() {}
  package func export(_ line: [UInt8]) {}
}

/// Hands each line, with its line feed, to a function: a stream that people look at.
package struct ConsoleExporter: SpanExporter {
  private let write: @Sendable ([UInt8]) throws -> Void

  /// An exporter to a function that writes bytes somewhere, in one piece.
  package init(write: @escaping @Sendable ([UInt8]) throws -> Void) { self.write = write }

  package func export(_ line: [UInt8]) throws { try write(line + [0x0A]) }
}

/// Keeps the newest lines in memory.
package final class InMemoryExporter: SpanExporter {
  private let kept: Mutex<[[UInt8]]> = Mutex([])
  private let limit: Int

  /// An exporter that keeps at most `limit` lines.
  package init(limit: Int = 10_000) { self.limit = limit }

  /// The lines, oldest first.
  package var lines: [[UInt8]] { kept.withLock { $0 } }

  package func export(_ line: [UInt8]) {
    kept.withLock { kept in
      kept.append(line)
      if kept.count > limit { kept.removeFirst(kept.count - limit) }
    }
  }
}

/// Hands each line to several exporters; one that fails does not keep it from the others.
package struct FanOutExporter: SpanExporter {
  private let exporters: [any SpanExporter]

  package init(_ exporters: [any SpanExporter]) { self.exporters = exporters }

  package func export(_ line: [UInt8]) throws { try export(line, spans: 1) }

  package func export(_ line: [UInt8], spans: Int) throws {
    var failure: (any Error)?
    for exporter in exporters {
      do { try exporter.export(line, spans: spans) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
  }
}
