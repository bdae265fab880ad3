import Autonomy
import DSLBase
import FoundationEssentials
import Glibc
import Testing

/// systemd's protocol over real sockets, named by a path and in the abstract name space.
@Suite struct ServiceNotifierTests {
  /// Listens on a name as `NOTIFY_SOCKET` has it.
  private func listen(_ name: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    try #require(descriptor >= 0)
    var bytes = Array(name.utf8)
    let isAbstract = bytes.first == UInt8(ascii: "@")
    if isAbstract { bytes[0] = 0 } else { bytes.append(0) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    try #require(bound == 0, "errno \(errno)")
    return descriptor
  }

  private func receive(_ descriptor: Int32) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }

  @Test(arguments: [
    "@dsl-notify-\(getpid())", "\(FileManager.default.temporaryDirectory.path)/dsl-notify-\(getpid())",
  ])
  func oneDatagramACall(name: String) throws {
    let descriptor = try listen(name)
    defer {
      close(descriptor)
      unlink(name)
    }
    let notifier = ServiceNotifier(["NOTIFY_SOCKET": name])
    #expect(notifier.isOn && notifier.watchdogSeconds == nil)
    notifier.send(.ready, .status("turn 1: healthy\nREADY=0"))
    notifier.send(.reloading(microseconds: 42))
    notifier.send(.stopping)
    notifier.send(.watchdog)
    #expect(receive(descriptor) == "READY=1\nSTATUS=turn 1: healthy READY=0")
    #expect(receive(descriptor) == "RELOADING=1\nMONOTONIC_USEC=42")
    #expect(receive(descriptor) == "STOPPING=1")
    #expect(receive(descriptor) == "WATCHDOG=1")
    #expect(receive(descriptor) == nil)
  }

  @Test func whoDoesNotListenIsNotWaitedFor() {
    for name in ["/nowhere/at/all", "relative", "", "@" + String(repeating: "x", count: 200)] {
      ServiceNotifier(["NOTIFY_SOCKET": name]).send(.ready)
    }
    #expect(!ServiceNotifier([:]).isOn && !ServiceNotifier(["NOTIFY_SOCKET": "relative"]).isOn)
  }

  @Test func theWatchdogIsForTheProcessItNames() {
    func seconds(_ environment: [String: String]) -> Double? {
      ServiceNotifier(environment.merging(["NOTIFY_SOCKET": "@x"]) { $1 }, pid: 7).watchdogSeconds
    }
    #expect(seconds(["WATCHDOG_USEC": "3000000"]) == 3)
    #expect(seconds(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"]) == 3)
    #expect(seconds(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"]) == nil)
    #expect(seconds(["WATCHDOG_USEC": "0"]) == nil && seconds(["WATCHDOG_USEC": "soon"]) == nil)
  }
}
