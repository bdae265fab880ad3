import Foundation
import Glibc
import Testing

/// Clients that misbehave, over real sockets: each is answered or let go, and nobody else notices.
@Suite(.enabled(if: Shell.has("python3"), "python3 is not installed"))
struct BadClientTests {
  @Test func eachIsAnsweredOrLetGo() throws {
    let served = try Served(
      "--set serve.head_timeout=1s --set serve.body_timeout=2s --set serve.max_body=1MiB")
    let before = try served.shell("dsl work list --format json | jq .totals").out
    let outcome = try served.client("bad.py", Served.secret)
    let expected = [
      "slow-head 408 True", "slow-body closed True", "silent 408 True", "garbage 400", "no-host 400",
      "header-flood 400", "long-header 400", "long-path 400", "oversize-said 413", "oversize-chunked 413",
      "two-lengths 400", "wrong-type 415", "encoded 415", "deep 400", "unread held", "afterwards 200",
    ]
    #expect(outcome.out.split(separator: "\n").map(String.init) == expected, "\(outcome.err)")
    #expect(try served.shell("dsl work list --format json | jq .totals").out == before, "nothing was stored")
    #expect(served.program.isRunning)
  }

  /// The loop is given a turn every 200 ms and 10,000 connections (or as many as this process may have).
  @Test func tenThousandConnectionsDoNotHoldUpTheLoop() throws {
    let shell = try Shell()
    try shell.makeQueue("limits:\n  max_agents: 1\n", items: 5)
    let loop = try Program(
      shell,
      "exec dsl auto loop --listen 127.0.0.1:0 --interval 200ms --format jsonl --set serve.max_connections=256"
    )
    let log = {
      loop.err.firstRange(of: "127.0.0.1:").map { loop.err[$0.upperBound...].prefix { $0.isNumber } }
    }
    #expect(Moment.wait { log() != nil && loop.objects.count > 3 }, "\(loop.err)")
    let port = try #require(log())
    let script = Shell.root.appendingPathComponent("Tests/CLITests/Serve/Clients/flood.py").path
    let before = loop.objects.count
    let began = Moment.now
    let outcome = try shell("python3 '\(script)' \(port) 10000 2")
    let (took, turns) = (Moment.now - began, loop.objects.count - before)
    let words = outcome.out.split(separator: "\n").map { $0.split(separator: " ") }
    let opened = try #require(words.first { $0.first == "opened" }.flatMap { Int($0[1]) }, "\(outcome)")
    #expect(opened > 300, "\(outcome)")
    #expect(words.contains { $0.starts(with: ["afterwards", "200"]) }, "\(outcome)")
    // How many a machine makes that is busy with other tests nobody knows; `ci/bench/serve.py` measures the cadence.
    #expect(turns >= 3, "\(turns) turns in \(took) s beside \(opened) connections")
    loop.signal(SIGTERM)
    #expect(try loop.end() == 0)
  }
}
