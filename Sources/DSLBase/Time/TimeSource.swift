/// Where time comes from. The one seam through which clocks reach the engine.
///
/// Wall time can step in either direction and is only for what people and records see; durations, leases and deadlines
/// on one machine are measured on the monotonic clock.
public protocol TimeSource: Sendable {
  /// The wall clock.
  var now: Timestamp { get }
  /// Seconds on a clock that never steps and counts suspended time (CLOCK_BOOTTIME), since an arbitrary origin.
  var monotonicSeconds: Double { get }
  /// Names the origin of `monotonicSeconds`: values are comparable only under the same id (the kernel's boot id).
  var monotonicOrigin: String { get }
  /// Waits.
  ///
  /// - Throws: `CancellationError` when the task is cancelled first.
  func sleep(seconds: Double) async throws
}
