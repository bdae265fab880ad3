import ClusterSim
import ClusterSimABI
import DSLBase
import Testing

/// The functions that other languages call, called as they call them.
@Suite struct LearnerTests {
  /// What a receiver was handed.
  private final class Received {
    var items: [(kind: Int32, bytes: [UInt8])] = []
    /// The call is stopped when so many rounds are done.
    var rounds = Int.max

    func all(_ kind: Int32) -> [[UInt8]] { items.filter { $0.kind == kind }.map(\.bytes) }
    func json(_ kind: Int32) throws -> [JSONValue] { try all(kind).map { try JSONParser.parse($0) } }
    var message: String { String(decoding: all(6).first ?? [], as: UTF8.self) }
  }

  private static let receiver: LearnerReceiver = { context, kind, bytes, count in
    guard let context else { return 0 }
    let received = Unmanaged<Received>.fromOpaque(context).takeUnretainedValue()
    received.items.append((kind, Array(UnsafeBufferPointer(start: bytes, count: Int(count)))))
    return received.all(0).count >= received.rounds ? 1 : 0
  }

  private func train(_ request: String, abi: Int32 = 1, stoppingAfter rounds: Int = .max) -> (
    code: Int32, received: Received
  ) {
    let received = Received()
    received.rounds = rounds
    let bytes = Array(request.utf8)
    let code = withExtendedLifetime(received) {
      learnerTrain(
        abi, bytes, Int64(bytes.count), Self.receiver, Unmanaged.passUnretained(received).toOpaque())
    }
    return (code, received)
  }

  private static let request = """
    {"cluster": {"preset": "storm", "size": "3x3",
      "constants": {"hot_share": 0.8, "hot_memory_low": 0.97, "hot_memory_high": 0.99, "budget": 5, "max_steps": 60}},
     "name": "t.agent",
     "settings": {"episodes": 250, "seed": 5, "n_steps": 7, "checkpoints": 0}, "judge": {"episodes": 6, "reports": 2}}
    """

  private func configuration() throws -> ClusterConfiguration {
    try ClusterConfiguration(
      preset: "storm", size: "3x3",
      changes: [
        "hot_share": 0.8, "hot_memory_low": 0.97, "hot_memory_high": 0.99, "budget": 5, "max_steps": 60,
      ], prefix: "")
  }

  @Test func aTrainingIsThatOfTheTrainer() throws {
    let (code, received) = train(Self.request)
    #expect(code == 0)
    let settings: JSONValue = ["episodes": 250, "seed": 5, "n_steps": 7, "checkpoints": 0]
    let trainer = try Trainer(try configuration(), try TrainingSettings(json: settings))
    let keys = try KeySpace.validation.keys(seed: 1, count: 6)
    var judged: [(episodes: Int, outcomes: [EpisodeOutcome])] = []
    while !trainer.isDone {
      try trainer.round()
      guard [128, 256].contains(trainer.episodesDone) else { continue }
      judged.append(
        (trainer.episodesDone, try EpisodeRunner(trainer.configuration).run(trainer.policy, keys: keys)))
    }
    #expect(received.all(4) == [trainer.snapshot.bytes])
    #expect(received.all(0).count == 4)
    #expect(try received.json(1).map { $0["episodes"]?.int } == [64, 128, 192, 256])
    let told = try received.json(2)
    #expect(told.map { $0["episodes_done"]?.int } == [128, 256])
    for (one, (_, outcomes)) in zip(told, judged) {
      let rows = one["rows"]?.array?.map { row in row.array?.compactMap(\.int) }
      #expect(rows == outcomes.map { [$0.reward, $0.steps, $0.ooms, $0.cause.isFailure ? 1 : 0] })
    }
    let result = try #require(try received.json(5).first)
    #expect(result["values_sha256"]?.string == trainer.snapshot.valuesDigest)
    #expect(result["configuration_sha256"]?.string == (try configuration()).digest)
    #expect(result["settings"] == trainer.settings.json)
    let last = try #require(judged.last?.outcomes)
    let worst = try #require(last.filter(\.cause.isFailure).min { $0.steps < $1.steps })
    let box = try BlackBox(try #require(try received.json(3).first), name: "box")
    #expect(box.key == worst.key && box.policy == "t.agent" && box.actions.count == worst.steps)
    #expect(received.items.last?.kind == 5)
  }

  @Test func withoutAJudgeNothingIsJudged() throws {
    let (code, received) = train(
      #"{"cluster": {"size": "3x3", "constants": {"max_steps": 60}}, "settings": {"episodes": 64, "checkpoints": 0}}"#
    )
    #expect(code == 0)
    #expect(received.items.map(\.kind) == [0, 1, 4, 5])
  }

  @Test(arguments: [1, 2, 3]) func whoeverReceivesStopsIt(rounds: Int) {
    let (code, received) = train(Self.request, stoppingAfter: rounds)
    #expect(code == 7)
    #expect(received.all(0).count == rounds && received.all(4).isEmpty && received.all(5).isEmpty)
  }

  @Test(arguments: [
    ("", 1, "the request has 0 bytes"), ("{", 1, "the request is no JSON"),
    ("[]", 1, "the request is []: give an object"), (#"{"clusters": {}}"#, 1, "has a member clusters"),
    (#"{"cluster": {"preset": "mild"}}"#, 1, "preset mild"), (#"{"cluster": {"size": 6}}"#, 1, "size is 6"),
    (#"{"cluster": {"size": "6"}}"#, 1, "size 6: expected rows and columns"),
    (#"{"cluster": {"constants": {"leak": 7}}}"#, 1, "leak is 7"),
    (#"{"cluster": {"constants": []}}"#, 1, "constants is []"),
    (#"{"settings": {"n_step": 3}}"#, 1, "n_step is no setting"),
    (#"{"settings": {"discount": 1.5}}"#, 1, "discount is 1.5"),
    (#"{"judge": {"episodes": 0}}"#, 1, "0 episodes"), (#"{"judge": {"reports": "8"}}"#, 1, "reports is"),
    (#"{"judge": {"every": 1}}"#, 1, "has a member every"), (#"{"name": 1}"#, 1, "name is 1"),
    (
      #"{"cluster": {"size": "2x2"}, "settings": {"episodes": 64, "step_size_start": 2, "step_size_end": 2, "discount": 1, "fatal_weight": 1000, "oom_weight": 1000, "checkpoints": 0}}"#,
      8, "run away"
    ),
  ]) func isRefused(request: String, code: Int32, message: String) {
    let (found, received) = train(request)
    #expect(found == code && received.message.contains(message), "\(found) \(received.message)")
  }

  @Test func anotherVersionIsRefused() {
    let (code, received) = train(Self.request, abi: 2)
    #expect(code == 4 && received.message.contains("version 2 of the interface"))
    #expect(learnerABIVersion() == 1)
    #expect(Int(learnerDynamicsVersion()) == ClusterConfiguration.dynamicsVersion)
    #expect(learnerTrain(1, nil, 10, Self.receiver, nil) == 1)
    #expect(learnerTrain(1, [123, 125], -1, nil, nil) == 1)
  }

  /// Requests with a few bytes changed, cut or doubled: each comes to a code, and a message where it is refused.
  @Test(arguments: [1, 2, 3] as [UInt64]) func noRequestBringsItDown(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var codes: Set<Int32> = []
    for _ in 0..<150 {
      var bytes = Array(Self.request.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[at] = UInt8(ascii: "0") + UInt8.random(in: 0..<10, using: &random)
        case 2: bytes.remove(at: at)
        default: bytes.removeLast(min(bytes.count - 1, Int.random(in: 0..<20, using: &random)))
        }
      }
      let received = Received()
      received.rounds = 1
      let code = withExtendedLifetime(received) {
        learnerTrain(
          1, bytes, Int64(bytes.count), Self.receiver, Unmanaged.passUnretained(received).toOpaque())
      }
      codes.insert(code)
      #expect([1, 7].contains(code) && received.message.isEmpty == (code == 7), "seed \(seed): \(code)")
    }
    #expect(codes == [1, 7], "seed \(seed): some are refused, some train")
  }

  /// Calls at the same time share nothing.
  @Test func trainingsSideBySideComeOutTheSame() async {
    let alone = train(Self.request).received.all(4)
    await withTaskGroup(of: [[UInt8]].self) { group in
      for _ in 0..<4 { group.addTask { self.train(Self.request).received.all(4) } }
      for await agent in group { #expect(agent == alone) }
    }
  }
}
