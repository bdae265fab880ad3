import DSLBase
import Testing

@testable import ClusterSim

@Suite struct ForensicsTests {
  /// Episodes of the random policy on a small storm: most fail.
  private static func boxes(_ count: Int) throws -> [BlackBox] {
    var configuration = ClusterConfiguration(.storm, height: 5, width: 5)
    // What is spent at random is soon spent; here other failures are wanted.
    configuration.bankruptcySteps = 0
    return try KeySpace.validation.keys(seed: 3, count: count).map {
      try BlackBox.record(configuration, RandomPolicy(), name: "random", key: $0)
    }
  }

  @Test func theRecordTellsTheStory() throws {
    for box in try Self.boxes(12) {
      let outcome = try #require(
        try EpisodeRunner(box.configuration).run(RandomPolicy(), keys: [box.key]).first)
      #expect(outcome.steps == box.actions.count && outcome.cause == box.cause && outcome.ooms == box.ooms)
      #expect(Double(outcome.reward) / 1000 == box.reward)
      #expect(box.incidents.count == box.ooms, "\(box.incidents)")
      #expect(box.incidents.contains(where: \.isCritical) == (box.cause == .criticalOOM))
      #expect(box.tail.map(\.step) == Array(max(0, outcome.steps - 50)..<outcome.steps))
      #expect(box.tail.map(\.action) == Array(box.actions.suffix(50)))
      #expect(try box.replay() == .same(steps: outcome.steps))
      #expect(box.json.serialized(.compact).count < 20_000)
    }
  }

  @Test func theFileGoesThereAndBack() throws {
    for box in try Self.boxes(4) {
      let text = box.json.serialized(.pretty)
      let read = try BlackBox(try JSONParser.parse(text), name: "a")
      #expect(read == box)
    }
  }

  @Test func replayNamesTheFirstStepThatDiffers() throws {
    var box = try #require(try Self.boxes(1).first)
    box.actions[17] = box.actions[17] == 0 ? 1 : 0
    #expect(try box.replay() == .diverged(step: 18))
    box.digests[9] ^= 1
    #expect(try box.replay() == .diverged(step: 9))
    box.key ^= 1
    #expect(try box.replay() == .diverged(step: 0))
  }

  /// States that are the same do not make true what is told of them; and nothing is concluded from what is not so.
  @Test func whatIsToldIsHeldAgainstTheStates() throws {
    let box = try #require(try Self.boxes(6).first { $0.cause == .criticalOOM && $0.actions.count > 60 })
    let edits: [(String, (inout BlackBox) -> Void)] = [
      ("cause", { $0.cause = .panic }), ("reward", { $0.reward += 0.001 }), ("ooms", { $0.ooms += 1 }),
      ("incidents", { $0.incidents = [] }), ("incidents", { $0.incidents[0].step -= 1 }),
      ("tail", { $0.tail[3].budget += 1 }),
    ]
    for (member, edit) in edits {
      var other = box
      edit(&other)
      #expect(try other.replay() == .mistold(member: member))
      #expect("\(member)") { try BlackBox(other.json, name: "a.json") } throws: {
        "\($0)".contains("a.json does not tell what its actions did: \(member) is another")
      }
      #expect(try BlackBox(other.json, name: "a", isToBeTrue: false) == other)
    }
    var longer = box
    longer.actions.append(0)
    longer.digests.append(0)
    #expect { try BlackBox(longer.json, name: "a") } throws: { "\($0)".contains("goes on after its end") }
  }

  /// Signed, and of steps that there are not: no reader may rely on them.
  @Test func incidentsOutsideTheEpisodeAreRefused() throws {
    let box = try #require(try Self.boxes(6).first { !$0.incidents.isEmpty })
    for step in [0, -1, box.actions.count + 1, 1_000_000_000_000_000_000] {
      var other = box
      other.incidents[0].step = step
      #expect { try BlackBox(other.json, name: "a", isToBeTrue: false) } throws: {
        "\($0)".contains("do not fit together")
      }
    }
    var empty = box
    (empty.actions, empty.digests, empty.tail) = ([], Array(box.digests.prefix(1)), [])
    #expect(throws: DSLError.self) { try BlackBox(empty.json, name: "a") }
  }

  /// Signed anew by whoever edited it: what tables and terminals would show of it.
  @Test func whatWouldBeShownWrongIsRefused() throws {
    let box = try #require(try Self.boxes(1).first)
    var object = try #require(box.json.object)
    object["sha256"] = nil
    func signed(_ member: String, _ value: JSONValue) -> JSONValue {
      var other = object
      other[member] = value
      other["sha256"] = .string(SHA256.hex(of: JSONValue.object(other).canonical.serialized()))
      return .object(other)
    }
    #expect(try BlackBox(signed("steps", .int(box.actions.count)), name: "a") == box)
    for steps in [box.actions.count + 1, -1, 1_000_000_000_000_000_000] {
      #expect("\(steps)") { try BlackBox(signed("steps", .int(steps)), name: "a") } throws: {
        "\($0)".contains("do not fit together")
      }
    }
    for policy in ["\u{1B}[31mred", "a\nb", "\u{9B}1m", String(repeating: "x", count: 300)] {
      #expect("\(policy.debugDescription)") {
        try BlackBox(signed("policy", .string(policy)), name: "a")
      } throws: {
        "\($0)".contains("a: policy is no name of one")
      }
      // What is recorded under such a name can be read again.
      let recorded = try BlackBox.record(box.configuration, RandomPolicy(), name: policy, key: box.key)
      #expect(try BlackBox(recorded.json, name: "a") == recorded)
    }
    #expect(try BlackBox(signed("policy", "größe 7"), name: "a").policy == "größe 7")
  }

  /// Whoever edits a file is found out, and what is signed anew but makes no sense is refused too.
  @Test func refusesWhatWasEdited() throws {
    let box = try #require(try Self.boxes(1).first)
    guard let object = box.json.object else { return }
    for member in object where member.key != "sha256" {
      var edited = object
      edited[member.key] = member.value == .null ? "x" : .null
      #expect(throws: DSLError.self, "\(member.key)") { try BlackBox(.object(edited), name: "a") }
    }
    var cut = box
    cut.digests.removeLast()
    #expect { try BlackBox(cut.json, name: "a.json") } throws: {
      "\($0)".contains("a.json: actions, steps, digests, level and incidents do not fit")
    }
    var wild = box
    wild.actions[0] = 9
    #expect(throws: DSLError.self) { try BlackBox(wild.json, name: "a") }
    #expect { try BlackBox(["format": "x"], name: "a") } throws: { "\($0)".contains("has the format") }
  }

  /// The curve of the doomed node rises to full, and what a policy could have saved it saves from every chance that is named.
  @Test func explanationsHold() throws {
    var explained = 0
    let oracle = OraclePolicy()
    for box in try Self.boxes(6) where box.cause == .criticalOOM {
      let found = try Explanation(box, policies: [oracle, HeuristicPolicy()])
      let node = try #require(found.node)
      #expect(node.isCritical && node.step == box.actions.count)
      #expect(found.curve.last?.step == node.step - 1 && found.curve.last?.memory ?? 0 > 0.9)
      if let visible = found.lastVisible, let visited = found.lastVisited { #expect(visited <= visible) }
      guard let chance = found.lastChance.first?.step else { continue }
      #expect(try Takeover(box, at: chance, oracle).play() == .timeLimit)
      if chance + 1 < box.actions.count {
        #expect(try Takeover(box, at: chance + 1, oracle).play() != .timeLimit)
      }
      explained += 1
    }
    #expect(explained > 0)
    // Where too many cells ran out it is about the one too many.
    let many = try #require(try Self.boxes(40).first { $0.cause == .oom })
    let found = try Explanation(many, policies: [])
    #expect(found.node == many.incidents.last && found.node?.step == many.actions.count)
    #expect(found.curve.last?.memory ?? 0 > 0.9)
    #expect(try !CrashSignature(many).name.hasPrefix("oom/none"))
    let calm = try BlackBox.record(ClusterConfiguration(.calm), OraclePolicy(), name: "oracle", key: 1)
    #expect { try Explanation(calm, policies: []) } throws: { "\($0)".contains("nothing failed") }
  }

  /// With the noise of the episode the recorded policy does what it did; with other noise it is another episode; the oracle does better.
  @Test func takeovers() throws {
    let box = try #require(try Self.boxes(6).first { $0.cause == .criticalOOM })
    let again = try Takeover(box, at: 5, RandomPolicy())
    #expect(again.play() == box.cause && again.outcome.steps == box.actions.count)
    let random = try WhatIf(box, at: 5, RandomPolicy(), trials: 30)
    #expect(try WhatIf(box, at: 5, RandomPolicy(), trials: 30) == random)
    let oracle = try WhatIf(box, at: 5, OraclePolicy(), trials: 30)
    #expect(oracle.steps.mean > random.steps.mean && random.steps.low < random.steps.high)
    #expect { try Takeover(box, at: box.actions.count, OraclePolicy()) } throws: {
      "\($0)".contains("is not one")
    }
    #expect(throws: DSLError.self) { try WhatIf(box, at: 0, OraclePolicy(), trials: 0) }
  }

  /// A learner with a memory that takes over remembers what it would remember.
  @Test func takeoversRemember() throws {
    var settings = PolicyTests.brief()
    settings.view = .memory
    let configuration = ClusterConfiguration(.canonical, height: 5, width: 5)
    let trainer = try Trainer(configuration, settings)
    while !trainer.isDone { try trainer.round() }
    let box = try BlackBox.record(configuration, trainer.policy, name: "q", key: 5)
    for step in [0, 3, 20] {
      let again = try Takeover(box, at: min(step, box.actions.count - 1), trainer.policy)
      #expect(again.play() == box.cause && again.outcome.steps == box.actions.count)
    }
  }

  @Test func differencesAndSignatures() throws {
    let boxes = try Self.boxes(12)
    var other = boxes[0]
    #expect(EpisodeDifference(boxes[0], other) == EpisodeDifference(other, boxes[0]))
    #expect(EpisodeDifference(boxes[0], other).members.isEmpty)
    other.actions[4] ^= 1
    other.digests.removeLast()
    other.policy = "x"
    let difference = EpisodeDifference(boxes[0], other)
    #expect(difference.members == ["policy"] && difference.firstAction == 4)
    #expect(difference.firstState == other.digests.count)
    let names = try boxes.map { try CrashSignature($0).name }
    #expect(Set(names).count > 1 && Set(names).count < boxes.count, "\(names)")
    for (name, box) in zip(names, boxes) where box.cause.isFailure {
      #expect(name.hasPrefix(box.cause.name + "/"))
    }
  }
}
