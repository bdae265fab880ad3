public import DSLBase
public import Tracing

/// A wall-clock time can be the start or end of a span. Points before 1970 count as its first instant: OTLP
/// has none.
extension Timestamp: TracerInstant {
  /// Nanoseconds since the Unix epoch.
  public var nanosecondsSinceEpoch: UInt64 { UInt64(max(0, nanoseconds)) }
}

/// When a span began, on both clocks, so that its end can be told from the one that does not step.
struct SpanStart: Sendable {
  let wall: UInt64
  let monotonic: Double

  /// Takes the time from `instant` when it is one of ours.
  ///
  /// Every convenience method of swift-distributed-tracing that is called without a time passes the system's
  /// clock (`DefaultTracerClock`). That stands for "now", which here is what `time` says: a test or
  /// simulation that brings its own clock gets it in its spans too.
  init<Instant: TracerInstant>(_ instant: () -> Instant, time: any TimeSource) {
    let now = time.now
    monotonic = time.monotonicSeconds
    wall =
      Instant.self == DefaultTracerClock.Timestamp.self
      ? now.nanosecondsSinceEpoch : instant().nanosecondsSinceEpoch
  }

  /// The end: `instant` when it is one of ours, and otherwise the start plus what the monotonic clock has
  /// counted; never before the start.
  func end<Instant: TracerInstant>(_ instant: () -> Instant, time: any TimeSource) -> UInt64 {
    if Instant.self != DefaultTracerClock.Timestamp.self { return max(wall, instant().nanosecondsSinceEpoch) }
    let elapsed = max(0, min(9e9, time.monotonicSeconds - monotonic)) * 1e9
    return wall + UInt64(elapsed.rounded())
  }

  /// What the wall clock would say now had it not stepped since the start.
  func now(_ time: any TimeSource) -> Timestamp {
    Timestamp(nanoseconds: Int64(clamping: end({ DefaultTracerClock.now }, time: time)))
  }
}
