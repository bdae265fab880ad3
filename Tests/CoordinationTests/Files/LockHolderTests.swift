import DSLBase
import Foundation
import Glibc
import Testing

@testable import Coordination

/// Waiting for a lock has an end, and says for whom.
@Suite struct LockHolderTests {
  private let temporary: TemporaryDirectory
  private let directory: CoordinationDirectory

  init() throws {
    temporary = try TemporaryDirectory()
    directory = CoordinationDirectory(path: temporary.path, files: PosixFileSystem())
    try directory.files.makeDirectory(directory.state)
  }

  private var lockFile: String { directory.state + "/agents.lock" }

  private func drained(patience: Double) throws {
    try AgentStore(directory, patience: patience).update("a") { (_, record, _) throws(DSLError) in
      record.drain = true
    }
  }

  @Test func aLockThatIsLetGoIsTaken() throws {
    let held = try #require(try directory.files.lock(lockFile, exclusive: true, wait: false))
    #expect(try directory.files.lock(lockFile, exclusive: true, within: 0.02) == nil)
    #expect(try directory.files.lock(lockFile, exclusive: false, within: 0.02) == nil)
    // A thread of its own: a task would wait for one that the lock is waited for on.
    Thread.detachNewThread {
      usleep(20_000)
      held.unlock()
    }
    #expect(try directory.files.lock(lockFile, exclusive: true, within: 600) != nil)
  }

  @Test func theHolderIsNamed() throws {
    _ = try AgentStore(directory).create(
      AgentRecord(id: "a", status: .active, created: Timestamp(seconds: 1)))
    let held = try #require(try directory.files.lock(lockFile, exclusive: true, wait: false))
    let error = try #require(#expect(throws: DSLError.self) { try drained(patience: 0.02) })
    #expect(error.code == .locked && error.message.contains("process \(getpid()) ("), "\(error)")
    #expect(error.fix?.contains("end that process") == true, "\(error)")
    held.unlock()
    #expect(LockHolder.find(lockFile) == nil)
    try drained(patience: 0.02)
  }

  /// A child that was forked while a lock was held has its descriptor, too, and shall not hold on to it.
  @Test func aForkedChildDoesNotHoldWhatWasLetGo() throws {
    let path = lockFile
    let held = try #require(try directory.files.lock(path, exclusive: true, wait: false))
    // As a child is between fork and exec: a copy of the descriptor, of the same open file.
    let number = try #require(
      (Int32(3)..<1024).first { number in
        guard let real = realpath("/proc/self/fd/\(number)", nil) else { return false }
        defer { free(real) }
        return String(cString: real) == path
      })
    let copy = dup(number)
    defer { close(copy) }
    held.unlock()
    #expect(try directory.files.lock(path, exclusive: true, wait: false) != nil)
  }

  /// Somebody was sent SIGSTOP while it changed a record: it would be waited for in vain.
  @Test func aStoppedHolderIsToldFromABusyOne() throws {
    _ = try AgentStore(directory).create(
      AgentRecord(id: "a", status: .active, created: Timestamp(seconds: 1)))
    let script = "echo $$; exec flock '\(lockFile)' sh -c 'echo held; exec sleep 20 >/dev/null'"
    let output = try #require(popen(script, "r"))
    var line = [CChar](repeating: 0, count: 64)
    func next() -> String {
      fgets(&line, 64, output).map { String(cString: $0).filter { $0 != "\n" } } ?? ""
    }
    let pid = try #require(pid_t(next()))
    #expect(next() == "held")
    #expect(kill(pid, SIGSTOP) == 0)
    defer {
      // The sleep has inherited the lock, and lets go of it when it ends.
      kill(pid, SIGKILL)
      pclose(output)
    }
    // The signal takes its moment.
    for _ in 0..<30_000 where LockHolder.find(lockFile)?.isStopped != true { usleep(2000) }
    let error = try #require(#expect(throws: DSLError.self) { try drained(patience: 0.02) })
    #expect(error.code == .locked, "\(error)")
    #expect(error.message == "agents' records are in use by process \(pid) (flock), which is stopped")
    #expect(error.fix?.contains("kill -CONT \(pid)") == true, "\(error)")
  }

  @Test func theKernelsTableIsRead() {
    let table = """
      1: POSIX  ADVISORY  WRITE 10 08:01:4711 0 EOF
      2: FLOCK  ADVISORY  WRITE 11 08:01:4712 0 EOF
      3: FLOCK  ADVISORY  WRITE 12 fe:1a:4711 0 EOF
      4: FLOCK  ADVISORY  WRITE 13 08:01:4711 0 EOF
      4: -> FLOCK  ADVISORY  WRITE 14 08:01:4711 0 EOF

      """
    #expect(LockHolder.holder(in: table, major: 8, minor: 1, inode: 4711) == 13)
    #expect(LockHolder.holder(in: table, major: 0xFE, minor: 0x1A, inode: 4711) == 12)
    #expect(LockHolder.holder(in: table, major: 8, minor: 1, inode: 1) == nil)
    #expect(
      LockHolder.holder(
        in: "4: -> FLOCK  ADVISORY  WRITE 14 08:01:4711 0 EOF", major: 8, minor: 1, inode: 4711) == nil)
  }
}
