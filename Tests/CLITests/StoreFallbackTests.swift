import Foundation
import Testing

/// A journal that has a log, whose writer died, and whose file system has no shared memory from now on: mapping it fails, as
/// strace(1) makes it.
@Suite struct StoreFallbackTests {
  private let shell: Shell

  /// Runs what follows without shared memory for the journal.
  private static let without = """
    #!/bin/sh
    exec strace -f -qq -o /dev/null -P "$PWD/coordination/.dsl/journal.sqlite-shm" -e trace=mmap \
      -e inject=mmap:error=ENODEV "$@"
    """

  /// Leaves the journal as a writer does that is killed before it closes it: its last turn is in the log alone.
  private static let leave = """
    import shutil, sqlite3, subprocess
    path = "coordination/.dsl/journal.sqlite"
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM cycles").fetchone()
    subprocess.run(["dsl", "auto", "execute"], check=True, stdout=subprocess.DEVNULL)
    for suffix in ("", "-wal"): shutil.copy(path + suffix, "left" + suffix)
    reader.close()
    for suffix in ("", "-wal"): shutil.copy("left" + suffix, path + suffix)
    """

  init() throws {
    shell = try Shell()
    try shell.makeQueue(items: 2)
    try shell.write("without", Data(Self.without.utf8))
    try shell.write("leave.py", Data(Self.leave.utf8))
    let left = try shell("chmod +x without && dsl auto execute >/dev/null && python3 leave.py")
    try #require(left.status == 0, "\(left.err)")
  }

  private func turns(_ prefix: String = "") throws -> String {
    let outcome = try shell("\(prefix) dsl auto history --cycles --format json | jq '.cycles | length'")
    return outcome.out + outcome.err
  }

  private func state() throws -> String {
    try shell("ls -A coordination/.dsl; sha256sum coordination/.dsl/journal.sqlite*").out
  }

  @Test(.enabled(if: Shell.has("python3"), "needs python3"))
  func whatADeadWriterLeftInItsLogIsSeenByWhoOnlyLooks() throws {
    let before = try state()
    #expect(before.contains("journal.sqlite-wal") && !before.contains("journal.sqlite-shm"))
    #expect(try turns() == "2\n")
    #expect(try shell("dsl journal check").status == 0)
    #expect(try state() == before, "looking leaves no trace")
  }

  @Test(.enabled(if: Shell.has("strace") && Shell.has("python3"), "needs strace(1) and python3"))
  func aJournalLeavesItsLogWhereThereIsNoSharedMemory() throws {
    #expect(try turns("./without") == "2\n", "what the log holds is read all the same")
    let turn = try shell("./without dsl auto execute --format json")
    #expect(turn.status == 0, "\(turn.err)")
    #expect(try turns("./without") == "3\n" && turns() == "3\n", "nothing of before is lost")
    let mode = "dsl journal info --format json | jq -r '.stores[] | select(.name == \"journal\").mode'"
    #expect(try shell(mode).out == "rollback\n")
    #expect(try !state().contains("journal.sqlite-wal"))
    // Two that write, and one that looks, go on from there.
    let both = try shell(
      "./without dsl auto execute >/dev/null & dsl auto execute >/dev/null; first=$?; wait $! || first=$?; exit $first"
    )
    #expect([0, 75].contains(both.status), "\(both)")
    #expect(try shell("dsl journal check && dsl journal verify").status == 0)
  }
}
