import Autonomy
import Coordination
import Foundation
import Glibc
import Testing

@Suite struct SystemProcessesTests {
  /// A lock or pipe of the engine's caller must not live as long as an agent does.
  @Test func aStartedProcessInheritsNothingThatWasOpen() throws {
    let log = FileManager.default.temporaryDirectory.appendingPathComponent(
      "dsl-processes-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: log) }
    let opened = open("/dev/null", O_RDONLY)
    let descriptor = fcntl(opened, F_DUPFD, 100)
    defer { for number in [opened, descriptor] { close(number) } }
    try #require(descriptor >= 100)
    let processes = SystemProcesses(bootID: SystemTime().monotonicOrigin)
    let process = try processes.start(
      ProcessRequest(
        command: "test -e /proc/$$/fd/\(descriptor) && echo open || echo closed; echo $DSL_AGENT_ID",
        environment: [("DSL_AGENT_ID", "a")], log: log.path))
    while processes.isRunning(process) { usleep(5000) }
    #expect(String(decoding: try Data(contentsOf: log), as: UTF8.self) == "closed\na\n")
  }
}
