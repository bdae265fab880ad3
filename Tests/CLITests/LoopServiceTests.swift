import Foundation
import Glibc
import Testing

/// A loop as a service: its directory, its configuration, its supervisor.
@Suite(.serialized) final class LoopServiceTests {
  private let shell: Shell

  init() throws { shell = try Shell() }

  deinit { shell.endProcesses() }

  private static let calm = """
    gates: {cooldown: {up: 0s, down: 0s, other: 0s}}
    leader: {lease: 1.5s, renew_deadline: 1s, retry: 0.2s}

    """

  private func state(_ program: Program) -> String? {
    (program.objects.last?["metrics"] as? [String: Any])?["health_state"] as? String
  }

  private func content(_ path: String) throws -> String {
    try shell("cd \(path) && find . -type f | sort | xargs sha256sum").out
  }

  @Test func aDirectoryThatVanishesIsWaitedForAndNotWritten() throws {
    try shell.makeQueue(Self.calm, items: 3)
    let loop = try Program(shell, "exec dsl auto loop --interval 0.2 --format json")
    try #require(Moment.wait { loop.objects.count > 1 }, "\(loop.err)")

    // Renamed, and an empty directory in its place, as a mount point before the mount.
    try shell("mv coordination away && mkdir coordination")
    try #require(Moment.wait { state(loop) == "unknown" }, "\(loop.err)")
    let before = try content("away")
    let turns = loop.objects.count
    try #require(Moment.wait { loop.objects.count > turns + 2 }, "it goes on looking: \(loop.err)")
    #expect(try content("away") == before, "nothing is written where the directory is now")
    #expect(try shell("ls -A coordination").out.isEmpty, "nor into what is in its place")

    // Back again.
    try shell("rmdir coordination && mv away coordination")
    try #require(Moment.wait { state(loop) != "unknown" }, "\(loop.err)")
    #expect(loop.err.contains("is back"))
    let epoch = try shell("dsl --json auto status | jq .data.leader.epoch").out
    #expect(epoch == "2\n", "a new term, in the journal that was there before")

    // Removed and made anew: another inode, another journal.
    try shell("rm -rf coordination")
    try #require(Moment.wait { state(loop) == "unknown" }, "\(loop.err)")
    try shell.makeQueue(Self.calm, items: 5)
    let queue = { (loop.objects.last?["metrics"] as? [String: Any])?["work_queue_size"] as? Int }
    try #require(Moment.wait { queue() == 5 }, "\(loop.err)")
    let held = try shell("dsl --json auto status | jq -c '[.data.leader.pid, .data.leader.state]'").out
    #expect(held == "[\(loop.pid),\"leading\"]\n")
    #expect(loop.isRunning)
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
  }

  @Test func aHangUpReadsConfigurationAgainAndKeepsItWhenItIsWrong() throws {
    try shell.makeQueue(Self.calm + "limits: {max_agents: 3}\n", items: 3)
    let loop = try Program(shell, "exec dsl auto loop --interval 60 --format json")
    try #require(Moment.wait { loop.objects.count == 1 }, "\(loop.err)")
    func maximum() throws -> String {
      try shell(
        "dsl auto replay --all --format json >/dev/null 2>&1; dsl --json auto show $(dsl auto history --cycles --format json | jq -r '.cycles[0].id') | jq -r '.data.cycle.settings[\"limits.max_agents\"] // .data.settings[\"limits.max_agents\"]'"
      ).out
    }
    try shell.write("coordination/dsl.yaml", Data((Self.calm + "limits: {max_agents: nonsense}\n").utf8))
    loop.signal(SIGHUP)
    try #require(
      Moment.wait { loop.objects.count == 2 && loop.err.contains("not reloaded") }, "\(loop.err)")
    #expect(loop.err.contains("max_agents"))
    #expect(try maximum() == "3\n")

    try shell.write("coordination/dsl.yaml", Data((Self.calm + "limits: {max_agents: 7}\n").utf8))
    loop.signal(SIGHUP)
    try #require(Moment.wait { loop.objects.count == 3 }, "\(loop.err)")
    #expect(loop.err.contains("read again"))
    #expect(try maximum() == "7\n")
    #expect(try shell("dsl --json auto status | jq .data.leader.epoch").out == "1\n", "the lead was kept")

    // A policy that cannot be read is no reason to stop either.
    try shell.write("coordination/p.yaml", Data("name: 1\nrules: nonsense\n".utf8))
    try shell.write("coordination/dsl.yaml", Data((Self.calm + "policy: p.yaml\n").utf8))
    loop.signal(SIGHUP)
    try #require(Moment.wait { loop.objects.count == 4 }, "\(loop.err)")
    #expect(try maximum() == "7\n")
    #expect(loop.isRunning)
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
  }

  @Test func systemdIsToldOfReadinessProgressReloadAndEnd() throws {
    try shell.makeQueue(Self.calm, items: 1)
    let supervisor = try Supervisor(shell.directory.appendingPathComponent("notify").path)
    let loop = try Program(
      shell, "exec dsl auto loop --interval 0.3 --format json",
      ["NOTIFY_SOCKET": supervisor.path, "WATCHDOG_USEC": "400000"])
    try #require(supervisor.wait { $0.contains { $0.contains("READY=1") } }, "\(loop.err)")
    try #require(supervisor.wait { $0.count { $0 == "WATCHDOG=1" } >= 3 })
    #expect(supervisor.messages.contains { $0.contains("STATUS=turn ") })
    loop.signal(SIGHUP)
    try #require(
      supervisor.wait {
        $0.last?.hasPrefix("READY=1") == true || $0.contains { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") }
      })
    let position = try #require(
      supervisor.messages.firstIndex { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
    try #require(supervisor.wait { $0[position...].contains("READY=1") })
    loop.signal(SIGSTOP)
    usleep(50_000)
    supervisor.receive()
    let fed = supervisor.messages.count { $0 == "WATCHDOG=1" }
    usleep(700_000)
    supervisor.receive()
    #expect(supervisor.messages.count { $0 == "WATCHDOG=1" } == fed, "who is stopped feeds nobody")
    loop.signal(SIGCONT)
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
    #expect(supervisor.wait { $0.contains { $0.hasPrefix("STOPPING=1") } })
  }

  @Test(.enabled(if: Shell.has("systemd-analyze"), "needs systemd-analyze(1)"))
  func theUnitIsWhatSystemdUnderstands() throws {
    let unit = Shell.root.appendingPathComponent("examples/systemd/dsl-auto.service").path
    // The program need not be installed for the unit to be read.
    try shell("sed 's|/usr/local/bin/dsl|/bin/true|' '\(unit)' > dsl-auto.service")
    let verdict = try shell("systemd-analyze verify ./dsl-auto.service")
    #expect(verdict.status == 0, "\(verdict.err)")
    #expect(!verdict.err.contains("dsl-auto"), "\(verdict.err)")
  }
}

/// The other end of a `NOTIFY_SOCKET`.
private final class Supervisor {
  let path: String
  private let descriptor: Int32
  private(set) var messages: [String] = []

  init(_ path: String) throws {
    self.path = path
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    try #require(descriptor >= 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(bound == 0)
  }

  deinit { close(descriptor) }

  func receive() {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      messages.append(String(decoding: buffer[..<count], as: UTF8.self))
    }
  }

  func wait(_ isTrue: ([String]) -> Bool) -> Bool {
    Moment.wait {
      receive()
      return isTrue(messages)
    }
  }
}
