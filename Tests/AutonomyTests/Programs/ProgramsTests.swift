import Coordination
import DSLBase
import DecisionEngine
import Glibc
import Telemetry
import Testing

@testable import Autonomy

/// A directory to run programs in, and the programs.
final class ProgramWorld {
  let path: String
  let exporter = InMemoryExporter()
  let time = SystemTime()

  init() throws {
    var template = Array("/tmp/dsl-programs-XXXXXX".utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  deinit { _ = try? SystemProcesses(bootID: "").run("rm -rf '\(path)'", environment: [], timeout: 10) }

  /// A program that is a shell script.
  func script(_ text: String, name: String = "prog") -> ProgramSettings.Program {
    ProgramSettings.Program(name: name, command: ["/bin/sh", "-c", text])
  }

  func programs(
    _ settings: ProgramSettings, environment: [String: String] = [:], remembered: JSONValue? = nil
  ) -> Programs {
    Programs(
      settings, directory: path, environment: environment,
      tracer: SpanRecorder(serviceName: "test", exporter: exporter, time: time, seed: 1), time: time,
      remembered: remembered)
  }

  func file(_ name: String) throws -> String {
    String(decoding: try PosixFileSystem().read("\(path)/\(name)", limit: 1 << 20), as: UTF8.self)
  }

  /// Asks a strategy that is a script.
  func ask(
    _ text: String, environment: [String: String] = [:],
    _ change: (inout ProgramSettings.Program) -> Void = { _ in }
  ) async -> Programs.Asked {
    var program = script(text)
    change(&program)
    var settings = ProgramSettings()
    settings.strategies = [program]
    return await programs(settings, environment: environment).ask(
      Self.observation, facts: [:], types: DecisionType.all)
  }

  static var observation: Observation {
    var metrics = SystemMetrics(values: [
      .completionRate: 0, .activeAgents: 2, .workQueueSize: 8, .telemetryVolume: 0,
    ])
    metrics.healthScore = nil
    return HealthModel.standard.assess(
      Observation(at: Timestamp(seconds: 1_790_000_000), backend: "memory", metrics: metrics))
  }
}

/// What programs may do, and what becomes of them when they do something else.
@Suite struct ProgramsTests {
  @Test func anAnswerBecomesProposals() async throws {
    let world = try ProgramWorld()
    let asked = await world.ask(
      """
      cat > question.json
      echo '{"dsl":"strategy/v1","decisions":[{"type":"scale_up","rationale":"r","confidence":0.7,
        "parameters":{"target_agents":4},"priorty":9}],"reason":null}'
      """)
    #expect(
      asked.answers == [
        AnsweredStrategy(
          name: "prog",
          proposals: [
            DecisionProposal(
              type: .scaleUp, priority: 5, rationale: "r", parameters: ["target_agents": 4], confidence: 0.7)
          ])
      ])
    #expect(asked.notes == ["strategy prog: unknown field decisions[0].priorty, did you mean \"priority\"?"])
    let question = try JSONParser.parse(try world.file("question.json"))
    #expect(question["dsl"] == "strategy/v1" && question["name"] == "prog")
    #expect(try Observation(json: question["observation"]) == ProgramWorld.observation)
    #expect(question["decision_types"] == .strings(DecisionType.all.map(\.rawValue)))
  }

  @Test(arguments: [
    ("exit 3", "exit status 3"), ("echo 'no way' >&2; exit 1", "exit status 1: no way"),
    ("kill -9 $$", "killed by signal 9"), ("sleep 30", "took longer than 0.3 s"),
    ("echo hello", "its answer is not JSON"), ("true", "its answer is not JSON"),
    ("echo '{}'", "dsl: expected \"strategy/v1\", found nothing"),
    ("echo '{\"dsl\":\"strategy/v2\"}'", "dsl: expected \"strategy/v1\", found \"strategy/v2\""),
    ("head -c 5000 /dev/zero | tr '\\0' ' '; echo '{}'", "answered 5003 bytes, more than the 1024 it may"),
    ("exec 0<&-; yes", "took longer than 0.3 s"),
  ]) func aFailureIsASentenceAndNoProposal(script: String, reason: String) async throws {
    let world = try ProgramWorld()
    let asked = await world.ask(script) {
      $0.timeoutSeconds = script.hasPrefix("sleep") || script.contains("yes") ? 0.3 : 10
      $0.outputBytes = 1024
    }
    #expect(asked.answers.map(\.proposals) == [[]])
    #expect(asked.notes.count == 1 && asked.notes[0].hasPrefix("strategy prog: \(reason)"), "\(asked.notes)")
    #expect(asked.notes[0].hasSuffix("; it proposes nothing"))
  }

  @Test func aProgramThatIsNotThereIsAFailure() async throws {
    let world = try ProgramWorld()
    let asked = await world.ask("") { $0.command = ["./nowhere"] }
    #expect(asked.notes.first?.contains("exit status 127") == true, "\(asked.notes)")
    #expect(asked.notes.first?.contains("nowhere") == true)
  }

  @Test func theWholeProcessGroupEndsWithTheTime() async throws {
    let world = try ProgramWorld()
    _ = await world.ask("(trap '' TERM; sleep 600) & echo $! > child; wait") { $0.timeoutSeconds = 2 }
    let child = try #require(Int32(try world.file("child").split(separator: "\n")[0]))
    for _ in 0..<4500 where kill(child, 0) == 0 && SystemProcesses.stat(of: child)?.state != "Z" {
      usleep(20_000)
    }
    let state = SystemProcesses.stat(of: child)?.state
    #expect(state == nil || state == "Z", "process \(child) is \(state.map(String.init) ?? "gone")")
  }

  @Test func theEnvironmentIsMadeFromScratch() async throws {
    let world = try ProgramWorld()
    let mine = [
      "PATH": "/usr/bin:/bin", "HOME": "/home/me", "AWS_SECRET": "s3cret", "WANTED": "yes", "LD_PRELOAD": "x",
    ]
    _ = await world.ask("env > env; pwd > pwd; ls -l /proc/self/fd > fds; exit 1", environment: mine) {
      $0.environment = ["WANTED", "ABSENT"]
    }
    let names = try world.file("env").split(separator: "\n").compactMap { $0.split(separator: "=").first }
      .sorted()
    // What shells set by themselves says nothing of us.
    #expect(
      names.filter { !["PWD", "OLDPWD", "SHLVL", "_"].contains($0) } == [
        "COORDINATION_DIR", "DSL_COORDINATION_DIR", "DSL_PROGRAM", "DSL_PROTOCOL", "HOME", "PATH",
        "TRACEPARENT", "WANTED",
      ])
    #expect(try world.file("pwd") == world.path + "\n")
    // 0 to 2, and the one that ls opens for the directory itself.
    #expect(try world.file("fds").split(separator: "\n").dropFirst().count == 4)
  }

  @Test func memoryIsLimited() async throws {
    let world = try ProgramWorld()
    let text = "ulimit -v; head -c 200000000 /dev/zero | tail -c 100000000 > /dev/null"
    let asked = await world.ask("{ \(text); } > out 2> err; exit 1") { $0.memoryBytes = 64 << 20 }
    #expect(asked.notes.count == 1)
    #expect(try world.file("out") == "65536\n")
    let said = try world.file("err")
    #expect(said.contains("memory"), "\(said)")
  }

  @Test func argumentsAreNotInterpreted() async throws {
    let world = try ProgramWorld()
    _ = await world.ask("") {
      $0.command = [
        "/bin/sh", "-c", "printf '%s\\n' \"$@\" > args", "-", "a b", "$(touch broken)", "", "*", ";x",
      ]
    }
    #expect(try world.file("args") == "a b\n$(touch broken)\n\n*\n;x\n")
    #expect(throws: FileError.self) { try world.file("broken") }
  }

  @Test func whoKeepsFailingIsHeldBackAndTheJournalKnows() async throws {
    let world = try ProgramWorld()
    var settings = ProgramSettings()
    settings.strategies = [world.script("echo x >> runs; exit 1")]
    settings.maxFailures = 2
    settings.retryAfterSeconds = 60
    let programs = world.programs(settings)
    #expect(programs.unsaved() == nil)
    for _ in 0..<4 { _ = await programs.ask(ProgramWorld.observation, facts: [:], types: []) }
    #expect(try world.file("runs") == "x\nx\n")
    #expect(programs.heldBack == ["strategy prog"])
    let saved = try #require(programs.unsaved())
    #expect(programs.unsaved() == nil)
    let next = world.programs(settings, remembered: saved)
    let asked = await next.ask(ProgramWorld.observation, facts: [:], types: [])
    #expect(asked.notes[0].contains("after 2 failures in a row"), "\(asked.notes)")
    #expect(try world.file("runs") == "x\nx\n")
  }

  @Test func severalAreAskedAtOnceAndAnswerInTheirOrder() async throws {
    let world = try ProgramWorld()
    var settings = ProgramSettings()
    let answer = "echo '{\"dsl\":\"strategy/v1\",\"decisions\":[]}'"
    // Each waits until all have begun: one after another none would get to its end.
    let all = "while [ $(ls begun* | wc -l) -lt 4 ]; do sleep 0.02; done"
    settings.strategies = (0..<4).map { world.script("touch begun\($0); \(all); \(answer)", name: "s\($0)") }
    settings.strategies.append(world.script("exit 1", name: "s4"))
    let asked = await world.programs(settings).ask(ProgramWorld.observation, facts: [:], types: [])
    #expect(asked.answers.map(\.name) == ["s0", "s1", "s2", "s3", "s4"])
    #expect(asked.notes.count == 1, "\(asked.notes)")
  }
}
