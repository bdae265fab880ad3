/// What every span, log record and data point has, in 80 bytes without padding: what queries and windows look at first.
///
/// - For a span all names say what they mean.
/// - For a log record `time` is when it happened, `end` when it was observed, `kind` its severity number and `name` its
///   event name; `parent` is 0.
/// - For a data point `end` is the start of its interval, `traceHigh` holds the bits of its number, `spanID` what they
///   are (`PointValue`), `parent` the numbers of unit (low half) and description (high half), `kind` the kind of metric
///   as in OTLP's `Metric.data`, `status` the temporality, and bit 0 of `flags` whether it is monotonic.
package struct PackedRecord: BitwiseCopyable, Sendable {
  package var traceHigh: UInt64 = 0
  package var traceLow: UInt64 = 0
  package var spanID: UInt64 = 0
  package var parent: UInt64 = 0
  /// Nanoseconds since the epoch.
  package var time: Int64 = 0
  package var end: Int64 = 0
  /// Numbers of texts of the block.
  package var name: UInt32 = 0
  package var service: UInt32 = 0
  /// Numbers of entries of the block's tables.
  package var resource: UInt32 = 0
  package var scope: UInt32 = 0
  /// The part of the block's details that is about it.
  package var detailsStart: UInt32 = 0
  package var detailsLength: UInt32 = 0
  package var kind: UInt8 = 0
  package var status: UInt8 = 0
  package var flags: UInt16 = 0
  package var reserved: UInt32 = 0

  /// Bytes of a record in a block.
  static let size = 80
}

/// What a data point's number is.
package enum PointValue: UInt64, Sendable {
  case none = 0
  case double = 1
  case integer = 2
  /// The sum of a histogram or summary; its other parts are details.
  case sum = 3
}

/// A resource or a scope in a block's tables, 16 bytes.
struct PackedOrigin: BitwiseCopyable {
  /// Numbers of texts: `service.name` for a resource, name and version for a scope.
  var name: UInt32 = 0
  var version: UInt32 = 0
  /// Its attributes in the block's details.
  var detailsStart: UInt32 = 0
  var detailsLength: UInt32 = 0

  static let size = 16
}

/// What stands at the beginning of a block, 56 bytes.
struct BlockHeader: BitwiseCopyable {
  /// "dsb1", least significant byte first.
  static let mark: UInt32 = 0x3162_7364
  static let size = 56

  var mark = Self.mark
  /// 0 traces, 1 metrics, 2 logs.
  var signal: UInt32 = 0
  var records: UInt32 = 0
  var texts: UInt32 = 0
  var textBytes: UInt32 = 0
  var resources: UInt32 = 0
  var scopes: UInt32 = 0
  /// Spans whose status is error; log records from severity 17 on.
  var errors: UInt32 = 0
  /// Bytes of this block in the index and in the details part, this header included.
  var indexLength: UInt32 = 0
  var detailsLength: UInt32 = 0
  /// The earliest `time`, and the latest `time` or `end`.
  var earliest: Int64 = .max
  var latest: Int64 = .min
}

/// What a field of a record's details is about. Its payload follows the tag; texts are varints: a number of the pool
/// doubled, or a length doubled plus one with the bytes behind it.
enum DetailTag: UInt8 {
  /// Ends an event, a link or a list.
  case end = 0
  /// Key, then value.
  case attribute = 1
  /// Value, then key: as JSON may have it.
  case attributeBackwards = 2
  /// Fields up to `end`.
  case event = 3, link = 4
  /// Time of an event, eight bytes.
  case time = 5
  /// Name of an event, text.
  case name = 6
  /// Ids of a link, sixteen and eight bytes.
  case traceID = 7, spanID = 8
  case statusMessage = 9, traceState = 10, severityText = 11
  /// How much the sender left out: of attributes, events, links; varint.
  case droppedAttributes = 12, droppedEvents = 13, droppedLinks = 14
  /// A value: a log record's body.
  case body = 15
  /// Varint, and doubles of eight bytes.
  case count = 16, sum = 17, minimum = 18, maximum = 19
  /// Varint, one a bucket, and doubles between them.
  case bucketCount = 20, bound = 21
  /// Of exponential histograms: zigzag varints for scale and offsets, varints for counts.
  case scale = 22, zeroCount = 23, zeroThreshold = 24, positiveOffset = 25, negativeOffset = 26
  case positiveCount = 27, negativeCount = 28
  /// A quantile of a summary and its value, two doubles.
  case quantile = 29
}

/// What a value is; its payload follows.
enum ValueTag: UInt8 {
  case empty = 0
  case text = 1
  case no = 2, yes = 3
  /// Zigzag varint.
  case integer = 4
  /// Eight bytes.
  case double = 5
  /// Length, then bytes.
  case bytes = 6
  /// Values up to `end`.
  case array = 7
  /// Attributes up to `DetailTag.end`.
  case list = 8
  /// Ends an array.
  case end = 255
}
