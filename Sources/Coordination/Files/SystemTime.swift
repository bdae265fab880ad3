public import DSLBase
import Glibc

/// The clocks of the machine.
public struct SystemTime: TimeSource {
  /// The kernel's boot id, which names the origin of the monotonic clock; "unknown" where `/proc` is not mounted.
  public let monotonicOrigin: String

  /// The clocks of the machine.
  public init() { monotonicOrigin = Self.bootID() ?? "unknown" }

  /// `CLOCK_REALTIME`.
  public var now: Timestamp { Timestamp(nanoseconds: Self.nanoseconds(CLOCK_REALTIME)) }

  /// `CLOCK_BOOTTIME`: goes on while the machine is suspended, as leases must.
  public var monotonicSeconds: Double { Double(Self.nanoseconds(CLOCK_BOOTTIME)) / 1e9 }

  /// Waits; zero and negative durations return at once.
  public func sleep(seconds: Double) async throws {
    guard seconds > 0 else { return }
    try await Task.sleep(for: .seconds(min(seconds, 1e9)))
  }

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  private static func bootID() -> String? {
    guard let bytes = try? PosixFileSystem().read("/proc/sys/kernel/random/boot_id", limit: 64) else {
      return nil
    }
    let digits = bytes.prefix { $0 > 0x20 }
    return digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
  }
}
