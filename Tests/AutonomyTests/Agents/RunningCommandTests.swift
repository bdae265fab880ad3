@testable import Autonomy
import Coordination
import DSLBase
import Glibc
import Testing

@Suite struct RunningCommandTests {
  private func run(
    _ command: String, input: String = "", outputBytes: Int = 1000, timeout: Double? = nil,
    environment: [String] = ["PATH=/usr/bin:/bin"], whileRunning: (RunningCommand) -> Void = { _ in }
  ) async throws -> CommandEnd {
    let request = CommandRequest(
      command: command, environment: environment, input: Array(input.utf8), outputBytes: outputBytes,
      timeoutSeconds: timeout, graceSeconds: 0.2)
    let running = try RunningCommand(request, time: SystemTime())
    whileRunning(running)
    return await running.end()
  }

  @Test func inputOutputAndStatus() async throws {
    let end = try await run("cat; echo problem >&2; exit 3", input: "hello\n")
    #expect(end.cause == .exit(3))
    #expect(end.output == Array("hello\n".utf8))
    #expect(end.errors == Array("problem\n".utf8))
    #expect(end.outputTotal == 6)
  }

  @Test func aCommandNeedNotReadItsInput() async throws {
    let end = try await run("true", input: String(repeating: "x", count: 1 << 20))
    #expect(end.cause == .exit(0))
  }

  @Test func outputBeyondTheLimitIsCountedAndDropped() async throws {
    let end = try await run("head -c 3000000 /dev/zero", outputBytes: 10)
    #expect(end.output == [UInt8](repeating: 0, count: 10))
    #expect(end.outputTotal == 3_000_000)
    #expect(end.isSuccess)
  }

  @Test func theEndOfStandardErrorIsKept() async throws {
    let end = try await run("head -c 100000 /dev/zero >&2; printf end >&2")
    #expect(end.errors.count == 4096)
    #expect(end.errors.suffix(3) == Array("end".utf8))
  }

  @Test func aSignalReachesTheWholeGroup() async throws {
    let end = try await run("sleep 1000 | sleep 1000") { $0.signal(SIGKILL) }
    #expect(end.cause == .signal(SIGKILL))
    #expect(end.seconds < 100)
  }

  @Test func tooLongIsEndedAndThenKilled() async throws {
    let polite = try await run("sleep 1000", timeout: 0.05)
    #expect(polite.cause == .timeout(0.05))
    let deaf = try await run("trap '' TERM; while :; do sleep 0.01; done", timeout: 0.05)
    #expect(deaf.cause == .timeout(0.05))
    #expect(deaf.seconds >= 0.25)
    #expect(deaf.seconds < 100)
  }

  /// A process left in the background neither holds the item nor lives on.
  @Test func whatIsLeftInTheBackgroundEndsWithTheCommand() async throws {
    let end = try await run("sleep 1000 & echo $!")
    #expect(end.isSuccess)
    #expect(end.seconds < 100)
    let text = String(decoding: end.output, as: UTF8.self).split(separator: "\n").first
    let left = try #require(text.flatMap { Int32($0) })
    for _ in 0..<9000 where SystemProcesses.stat(of: left).map({ $0.state != "Z" }) ?? false {
      usleep(10_000)
    }
    #expect(SystemProcesses.stat(of: left).map { $0.state == "Z" } ?? true)
  }

  @Test func theEnvironmentIsExactlyTheGivenOne() async throws {
    let end = try await run(
      "env | grep -v ^_= | grep -v ^PWD= | grep -v ^SHLVL= | sort",
      environment: ["A=1", "PATH=/usr/bin:/bin"])
    #expect(String(decoding: end.output, as: UTF8.self) == "A=1\nPATH=/usr/bin:/bin\n")
  }

  @Test func noDescriptorOfOursIsInherited() throws {
    let (read, write) = try OwnedDescriptor.pipe()
    for descriptor in [read, write, try OwnedDescriptor.memory([1])] {
      #expect(fcntl(descriptor.number, F_GETFD) & FD_CLOEXEC != 0)
    }
  }

  @Test func manyAtOnce() async throws {
    let ends = try await withThrowingTaskGroup(of: CommandEnd.self) { group in
      for number in 0..<40 { group.addTask { try await run("echo \(number)") } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let numbers = ends.compactMap { Int(String(decoding: $0.output.dropLast(), as: UTF8.self)) }
    #expect(numbers.sorted() == Array(0..<40))
  }
}

@Suite struct WorkResultTests {
  private func end(_ output: String, total: Int? = nil) -> CommandEnd {
    let bytes = Array(output.utf8)
    return CommandEnd(cause: .exit(0), output: bytes, outputTotal: total ?? bytes.count)
  }

  @Test func outputIsJSONWhenItIs() {
    #expect(end(" {\"n\": 9007199254740993}\n").result.text() == #"{"n":9007199254740993}"#)
    #expect(end("7\n").result == 7)
    #expect(end("two words\n").result == "two words")
    #expect(end("{broken\n\n").result == "{broken\n")
    #expect(end("").result == .null)
  }

  @Test func cutOutputSaysSo() {
    let result = end("[1,2,", total: 99).result
    #expect(result == ["text": "[1,2,", "truncated": true, "bytes": 99])
  }

  @Test(arguments: [
    (CommandEnd.Cause.exit(3), "exit status 3: last words"), (.signal(9), "killed by signal 9: last words"),
    (.timeout(1.5), "took longer than 1.5 s: last words"), (.notStarted("no shell"), "no shell: last words"),
  ])
  func failuresSayWhy(cause: CommandEnd.Cause, text: String) {
    #expect(CommandEnd(cause: cause, errors: Array("last words\n".utf8)).failure == text)
  }
}
