import Foundation
import Testing

/// Bad input: each is named, skipped and counted, and left as it is.
@Suite struct BadInputTests {
  private let shell: Shell

  init() throws {
    shell = try Shell()
    try shell.copySample()
  }

  private static let badRecords: [(String, [UInt8])] = [
    ("truncated", bytes(#"{"id":"x","status":"pen"#)),
    ("not UTF-8", [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]),
    ("with NUL", bytes("{\"id\":\u{0}\"x\"}")), ("only NUL", [0, 0, 0]), ("empty", []),
    ("too deep", [UInt8](repeating: 0x5B, count: 10_000)),
    ("deep below id", bytes(#"{"id":"x","a":"# + String(repeating: "[", count: 10_000))),
    ("duplicate keys", bytes(#"{"id":"x","id":"y","status":"pending"}"#)),
  ]

  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test(arguments: badRecords)
  func recordsThatCannotBeRead(what: String, content: [UInt8]) throws {
    try shell.write("coordination/work_bad.json", content)
    let before = try shell.content(of: "coordination")
    let outcome = try shell("dsl --json auto status")
    #expect(outcome.status == 0, "\(what): \(outcome.err)")
    let data = try #require(try outcome.json()["data"] as? [String: Any])
    #expect(data["problem_count"] as? Int == 1)
    let problems = try #require(data["problems"] as? [[String: String]])
    #expect(problems.first?["file"]?.contains("work_bad.json") == true)
    #expect(problems.first?["reason"]?.isEmpty == false)
    #expect((data["status"] as? [String: Any])?["work_queue_size"] as? Int == 8)
    #expect(try shell.content(of: "coordination") == before)
    #expect(try shell("dsl work claim -n 100 | wc -l").out == "8\n")
    #expect(try shell.content(of: "coordination")["work_bad.json"] == Data(content))
  }

  @Test func aRecordOf200MegabytesIsNotRead() throws {
    try shell("truncate -s 200M coordination/work_huge.json")
    let outcome = try shell("/usr/bin/env sh -c 'ulimit -v 400000; dsl --json auto status'")
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains("work_huge.json"))
  }

  @Test func whatIsNoFileIsNamedAndLeftAlone() throws {
    try shell(
      """
      cd coordination && mkdir work_directory.json && ln -s work_loop.json work_loop.json && mkfifo work_fifo.json
      """)
    let data = try #require(try shell("timeout 10 dsl --json auto status").json()["data"] as? [String: Any])
    #expect(data["problem_count"] as? Int == 3)
    #expect(try shell("timeout 10 dsl work claim -n 100 | wc -l").out == "8\n")
    #expect(
      try shell("cd coordination && ls -d work_directory.json work_fifo.json && test -L work_loop.json")
        .status == 0)
  }

  @Test func namesWithNewlinesAreShownEscaped() throws {
    try shell("printf '{' > \"$(printf 'coordination/work_a\\nb\\033[31m.json')\"")
    let text = try shell("dsl auto status --verbose")
    #expect(text.status == 0)
    #expect(text.out.contains("work_a\\"))
    #expect(!text.out.contains("\u{1B}"))
  }

  @Test func aBadConfigurationNamesEveryMistake() throws {
    try shell.write("coordination/dsl.yaml", Array("limits:\n  max_agent: 3\ngates: 5\n".utf8))
    let outcome = try shell("dsl auto status")
    #expect(outcome.status == 65)
    #expect(outcome.err.contains("coordination/dsl.yaml:2:3: limits: unknown key \"max_agent\""))
    #expect(outcome.err.contains("coordination/dsl.yaml:3:8: gates: expected a mapping"))
  }

  @Test func twoEnginesDoNotActAtOnce() throws {
    let outcome = try shell(
      """
      dsl auto loop --interval 60 >first.log 2>&1 & first=$!
      for i in $(seq 100); do [ -s first.log ] && break; sleep 0.1; done
      dsl auto execute; echo status=$?
      dsl --json auto status >/dev/null; echo look=$?
      kill $first; wait $first; echo ended=$?
      dsl auto execute >/dev/null; echo after=$?
      """)
    #expect(outcome.out.contains("status=75"), "\(outcome.out)\(outcome.err)")
    #expect(outcome.out.contains("look=0"))
    #expect(outcome.out.contains("ended=0"))
    #expect(outcome.out.contains("after=0"))
  }
}

/// Directories that refuse: read-only and full file systems, in a mount namespace of their own.
@Suite(
  .enabled(if: getuid() == 0 && Shell.has("unshare"), "needs root and unshare(1) for a mount of its own"))
struct RefusingFileSystemTests {
  private func onTmpfs(_ options: String, _ script: String) throws -> Outcome {
    let shell = try Shell()
    try shell.copySample()
    return try shell(
      """
      unshare -m sh -c '
        mount -t tmpfs -o \(options) none /mnt && cp -r coordination /mnt/c && export COORDINATION_DIR=/mnt/c
        \(script)
      '
      """)
  }

  @Test func lookingWorksOnAReadOnlyFileSystem() throws {
    let outcome = try onTmpfs(
      "size=4m",
      """
      mount -o remount,ro /mnt || exit 99
      dsl --json auto status | jq .data.status.health_score; dsl auto analyze >/dev/null; echo analyze=$?
      dsl auto execute >/dev/null; echo execute=$?; dsl work claim; echo claim=$?
      """)
    guard outcome.status != 99 else { return }
    #expect(outcome.out.contains("0.28909090909090907"), "\(outcome.err)")
    #expect(outcome.out.contains("analyze=0"), "\(outcome.err)")
    #expect(outcome.out.contains("execute=74"), "\(outcome.err)")
    #expect(outcome.out.contains("claim=74"), "\(outcome.err)")
  }

  @Test func aFullDiskLosesNothing() throws {
    let outcome = try onTmpfs(
      "size=2m",
      """
      dsl work claim >/dev/null; echo first=$?
      cat /dev/zero >/mnt/fill 2>/dev/null
      dsl work add "{\\"id\\":\\"late\\"}" >/dev/null; echo add=$?
      dsl auto execute >/dev/null; echo execute=$?
      rm /mnt/fill; dsl work add "{\\"id\\":\\"late\\"}"; echo again=$?
      ls /mnt/c/work_*.json | wc -l; ls -a /mnt/c | grep -c tmp
      """)
    #expect(outcome.out.contains("first=0"), "\(outcome.err)")
    #expect(outcome.out.contains("add=74"), "\(outcome.err)")
    #expect(outcome.out.contains("execute=74"), "\(outcome.err)")
    #expect(outcome.out.contains("again=0"), "\(outcome.err)")
    #expect(outcome.out.hasSuffix("9\n0\n"), "\(outcome.out)\(outcome.err)")
  }

  @Test(.enabled(if: Shell.has("setpriv"), "needs setpriv(1) to drop privileges"))
  func noPermissionIsToldAndNamed() throws {
    let outcome = try onTmpfs(
      "size=400m",
      """
      chmod 700 /mnt/c; chmod 755 /mnt
      cp $(command -v dsl) /mnt/dsl && chmod 755 /mnt/dsl
      setpriv --reuid 65534 --regid 65534 --clear-groups /mnt/dsl auto status; echo status=$?
      chmod 755 /mnt/c; chmod 000 /mnt/c/work_1.json
      setpriv --reuid 65534 --regid 65534 --clear-groups /mnt/dsl --json auto status | jq -c .data.problem_count
      """)
    #expect(outcome.out.contains("status=3"), "\(outcome.out)\(outcome.err)")
    #expect(outcome.out.hasSuffix("\n1\n"), "\(outcome.out)\(outcome.err)")
  }
}
