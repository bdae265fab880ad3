/// When telemetry is sent, and how much of it may wait: the batch processor of the OpenTelemetry specification
/// (`trace/sdk.md`, "Batching processor").
package struct BatchPolicy: Sendable, Equatable {
  /// Spans, data points or log records that may wait; what comes on top is dropped and counted.
  package var maximumQueue = 2048
  /// Items of one request; one entry is never divided.
  package var maximumBatch = 512
  /// Bytes that may wait.
  package var queueBytes = 32 << 20
  /// Bytes of one request before compression; one entry is never divided.
  package var batchBytes = 4 << 20
  /// Seconds from the first entry to the request, unless a batch is full before.
  package var delaySeconds = 5.0
  /// Seconds that sending one batch may take, repetitions included.
  package var exportSeconds = 30.0

  package init() {}
}

/// Encoded telemetry that waits to be sent, bounded. Pure: the sender does the locking.
struct ExportQueue {
  /// One line of OTLP/JSON.
  struct Entry: Sendable, Equatable {
    var line: [UInt8]
    /// The spans, data points or log records in it.
    var items: Int
  }

  private let policy: BatchPolicy
  private var entries: [Entry] = []
  /// Entries at the beginning of `entries` that were taken already.
  private var taken = 0
  private(set) var items = 0
  private(set) var bytes = 0

  init(_ policy: BatchPolicy) { self.policy = policy }

  var isEmpty: Bool { taken == entries.count }
  /// Whether a request would be full.
  var isFull: Bool { items >= policy.maximumBatch || bytes >= policy.batchBytes }

  /// Lets an entry wait.
  ///
  /// - Returns: `false` when there is no room: it was left out. One that is alone has room whatever its size.
  mutating func offer(_ entry: Entry) -> Bool {
    let fits = items + entry.items <= policy.maximumQueue && bytes + entry.line.count <= policy.queueBytes
    guard fits || isEmpty else { return false }
    entries.append(entry)
    items += entry.items
    bytes += entry.line.count
    return true
  }

  /// Takes what one request holds, oldest first.
  mutating func take() -> [Entry] {
    var batch: [Entry] = []
    var (count, size) = (0, 0)
    while taken < entries.count {
      let next = entries[taken]
      let fits = count + next.items <= policy.maximumBatch && size + next.line.count <= policy.batchBytes
      guard fits || batch.isEmpty else { break }
      batch.append(next)
      count += next.items
      size += next.line.count
      entries[taken] = Entry(line: [], items: 0)
      taken += 1
    }
    items -= count
    bytes -= size
    if taken > 64, taken * 2 > entries.count {
      entries.removeFirst(taken)
      taken = 0
    }
    return batch
  }

  /// One OTLP object of the lines: they are of one signal, so that what differs is between the outer brackets.
  ///
  /// - Parameter opening: `{"resourceSpans":[` and its like; lines that do not begin so are left out.
  static func body(_ batch: [Entry], opening: [UInt8]) -> [UInt8] {
    var body = opening
    body.reserveCapacity(batch.reduce(16) { $0 + $1.line.count })
    for entry in batch where entry.line.starts(with: opening) && entry.line.count >= opening.count + 2 {
      if body.count > opening.count { body.append(UInt8(ascii: ",")) }
      body.append(contentsOf: entry.line[opening.count..<entry.line.count - 2])
    }
    return body + Array("]}".utf8)
  }
}
