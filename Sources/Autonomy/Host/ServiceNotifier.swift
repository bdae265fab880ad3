import DSLBase
import Glibc

/// Tells the service supervisor how this process does: systemd's protocol, one datagram a message, to the socket that
/// `NOTIFY_SOCKET` names (sd_notify(3)). Without one nothing is told.
///
/// Nothing here fails: a supervisor that does not listen is no reason to stop.
package struct ServiceNotifier: Sendable {
  /// What is told.
  package enum Message: Sendable, Equatable {
    /// It is up; also the end of `reloading`.
    case ready
    /// A sentence for `systemctl status`.
    case status(String)
    /// Configuration is read again; the time by CLOCK_MONOTONIC, which must be that of the message, microseconds.
    case reloading(microseconds: UInt64)
    case stopping
    /// It makes progress.
    case watchdog

    /// As it stands in the datagram.
    package var text: String {
      switch self {
      case .ready: "READY=1"
      case .status(let sentence):
        // A line feed would begin another assignment.
        "STATUS="
          + String(String.UnicodeScalarView(sentence.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
      case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time)"
      case .stopping: "STOPPING=1"
      case .watchdog: "WATCHDOG=1"
      }
    }
  }

  private let address: [UInt8]?
  /// Seconds within which the supervisor wants `watchdog`, when it does.
  package let watchdogSeconds: Double?

  /// - Parameters:
  ///   - environment: `NOTIFY_SOCKET`, a path or, beginning with `@`, an abstract name; `WATCHDOG_USEC`, and
  ///     `WATCHDOG_PID` when it is meant for one process only.
  ///   - pid: this process.
  package init(_ environment: [String: String], pid: Int32 = getpid()) {
    address = environment["NOTIFY_SOCKET"].flatMap(Self.address)
    let isMeant = environment["WATCHDOG_PID"].map { $0 == String(pid) } ?? true
    let wanted = environment["WATCHDOG_USEC"].flatMap { UInt64($0) }.map { Double($0) / 1e6 }
    watchdogSeconds = isMeant && address != nil && wanted ?? 0 > 0 ? wanted : nil
  }

  /// Whether anybody listens.
  package var isOn: Bool { address != nil }

  /// Sends messages as one datagram; gives up at once when the supervisor's queue is full.
  package func send(_ messages: Message...) {
    guard let address else { return }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let text = Array(messages.map(\.text).joined(separator: "\n").utf8)
    var target = sockaddr_un()
    target.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: address) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + address.count)
    withUnsafePointer(to: &target) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
        _ = sendto(
          descriptor, text, text.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT), target, length)
      }
    }
  }

  /// CLOCK_MONOTONIC, as `reloading` has it.
  package static var monotonicMicroseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }

  /// The bytes of `sun_path`: an abstract name begins with NUL and has no end mark. unix(7)
  private static func address(_ name: String) -> [UInt8]? {
    var bytes = Array(name.utf8)
    guard let first = bytes.first, bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
      return nil
    }
    if first == UInt8(ascii: "@") {
      bytes[0] = 0
      return bytes
    }
    return first == UInt8(ascii: "/") ? bytes + [0] : nil
  }
}
