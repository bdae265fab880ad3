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

/// Telemetry that waits to be sent, bounded. Pure: the sender does the locking.
struct ExportQueue {
  /// What is offered at once.
  struct Entry: Sendable, Equatable {
    enum Content: Sendable, Equatable {
      /// A line of OTLP/JSON, encoded because a file has it as well.
      case line([UInt8])
      /// A message of the log, which is encoded when it is sent: whoever writes one goes on at once.
      case record(LogRecord)
    }

    var content: Content
    /// The spans, data points or log records in it.
    var items: Int

    /// Bytes that it takes: of a record, about.
    var size: Int {
      switch content {
      case .line(let line): line.count
      case .record(let record): record.size
      }
    }
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
    let fits = items + entry.items <= policy.maximumQueue && bytes + entry.size <= policy.queueBytes
    guard fits || isEmpty else { return false }
    entries.append(entry)
    items += entry.items
    bytes += entry.size
    return true
  }

  /// Takes what one request holds, oldest first.
  mutating func take() -> [Entry] {
    var batch: [Entry] = []
    var (count, size) = (0, 0)
    while taken < entries.count {
      let next = entries[taken]
      let fits = count + next.items <= policy.maximumBatch && size + next.size <= policy.batchBytes
      guard fits || batch.isEmpty else { break }
      batch.append(next)
      count += next.items
      size += next.size
      entries[taken] = Entry(content: .line([]), items: 0)
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

  /// One OTLP/JSON object of a batch. Lines are of one signal, so that what differs is between the outer brackets.
  ///
  /// - Parameters:
  ///   - opening: `{"resourceSpans":[` and its like; lines that do not begin so are left out.
  ///   - resource: what records say of this process.
  static func body(_ batch: [Entry], opening: [UInt8], resource: Resource) -> [UInt8] {
    var body = opening
    body.reserveCapacity(batch.reduce(16) { $0 + $1.size })
    var records: [LogRecord] = []
    func append(_ line: [UInt8]) {
      guard line.starts(with: opening), line.count >= opening.count + 2 else { return }
      if body.count > opening.count { body.append(UInt8(ascii: ",")) }
      body.append(contentsOf: line[opening.count..<line.count - 2])
    }
    for entry in batch {
      switch entry.content {
      case .line(let line): append(line)
      case .record(let record): records.append(record)
      }
    }
    if !records.isEmpty { append(OTLPWriter.line(resource: resource, records: records)) }
    body.append(contentsOf: Array("]}".utf8))
    return body
  }
}
