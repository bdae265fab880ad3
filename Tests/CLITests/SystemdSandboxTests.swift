import Foundation
import Glibc
import Testing

/// What the systemd unit forbids, without systemd: a root that is read-only but for the directory, no new privileges, and the
/// system calls and kinds of sockets that are left.
@Suite(.serialized) final class SystemdSandboxTests {
  private let shell: Shell

  init() throws {
    shell = try Shell()
    try shell.makeQueue(Self.settings, items: 4)
  }

  deinit { shell.endProcesses() }

  private static let settings = """
    limits: {min_agents: 1, max_agents: 2}
    gates: {cooldown: {up: 0s, down: 0s, other: 0s}}
    agents: {command: 'exec dsl agent run --heartbeat 0.2s --until-idle 0.3s --exec true'}

    """

  private static let canMount =
    (try? Shell()(
      "unshare -m sh -c 'mount --make-rprivate / && mount -o remount,bind,ro /' && command -v setpriv"
    ).status) == 0

  private func setting(_ name: String) throws -> String {
    let unit = Shell.root.appendingPathComponent("examples/systemd/dsl-auto.service")
    let lines = try String(contentsOf: unit, encoding: .utf8).split(separator: "\n")
    return try #require(lines.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) })
  }

  /// The unit's own command, with the program and the directory of the test.
  private func command() throws -> String {
    try setting("ExecStart").replacing("/usr/local/bin/dsl", with: "dsl") + " --interval 0.2 --max-cycles 5"
  }

  private func expectWorkIsDone() throws {
    #expect(try Moment.wait { try shell.records("completed_").count == 4 }, "agents work")
    let history = try shell.history()
    #expect(!history.isEmpty && history.allSatisfy { $0["outcome"] is String })
  }

  @Test(.enabled(if: canMount, "needs the right to mount (unshare -m) and setpriv(1)"))
  func nothingButTheDirectoryHasToBeWritable() throws {
    #expect(try setting("ProtectSystem") == "strict" && setting("ReadWritePaths") == "/srv/coordination")
    #expect(try setting("NoNewPrivileges") == "yes" && setting("PrivateTmp") == "yes")
    let outcome = try shell(
      """
      here=$PWD
      exec unshare -m sh -c '
        set -e
        mount --make-rprivate /
        mount --bind coordination coordination
        mount -o remount,bind,ro /
        cd "$0"
        if touch outside 2>/dev/null; then exit 99; fi
        umask 0027
        exec setpriv --no-new-privs \(try command())' "$here"
      """)
    #expect(outcome.status == 0, "\(outcome.status) \(outcome.err)")
    #expect(!outcome.err.contains("Read-only"), "\(outcome.err)")
    try expectWorkIsDone()
  }

  /// Prints what was called that the filter leaves out.
  private static let filter = """
    import re, subprocess, sys
    groups, group = {}, None
    text = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True).stdout
    for line in text.splitlines():
        if line.startswith("@"):
            group = groups.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            group.append(line.strip())
    def members(name):
        return set().union(*[members(m) if m.startswith("@") else {m} for m in groups[name]])
    allowed = members(sys.argv[1]) | members("@default")
    lines = [re.match(r"\\d+ +([a-z_0-9]+)\\((.*)", line) for line in open("trace", errors="replace")]
    calls = {m[1] for m in lines if m}
    kinds = {re.match(r"[A-Z_0-9]+", m[2])[0] for m in lines if m and m[1] == "socket"}
    print(len(calls) > 20, sorted(calls - allowed), sorted(kinds - set(sys.argv[2].split())))
    """

  @Test(
    .enabled(
      if: Shell.has("strace") && Shell.has("systemd-analyze") && Shell.has("python3"),
      "needs strace(1), systemd-analyze(1) and python3"))
  func noSystemCallIsMadeThatTheUnitForbids() throws {
    try shell.write("filter.py", Data(Self.filter.utf8))
    let outcome = try shell("strace -f -qq -o trace \(try command())", ["NOTIFY_SOCKET": "/nowhere/notify"])
    #expect(outcome.status == 0, "\(outcome.err)")
    try expectWorkIsDone()
    let (group, kinds) = (try setting("SystemCallFilter"), try setting("RestrictAddressFamilies"))
    let found = try shell("python3 filter.py \(group) '\(kinds)'")
    #expect(found.out == "True [] []\n", "\(found)")
  }
}
