import Coordination
import DSLBase
import Testing

@Suite struct AgentRecordTests {
  private let now = Timestamp(nanoseconds: 1_750_932_000_000_000_000)  // 2025-06-26T10:00:00Z

  @Test func ourOwnRecordReadsBackAsItWasWritten() throws {
    var agent = AgentRecord(id: "a-1", status: .active, created: now)
    agent.heartbeat = now.adding(seconds: 5)
    agent.heartbeatLimitSeconds = 12.5
    agent.pid = 4711
    agent.processStart = 9_007_199_254_740_993
    agent.bootID = "b\"1"
    agent.host = "host\n"
    agent.concurrency = 4
    agent.startedBy = "engine"
    agent.drain = true
    agent.lastActive = now.adding(seconds: -3)
    #expect(try AgentRecord(agent.encoded(), fallbackID: "a-1") == agent)
    let elsewhere = try AgentRecord(agent.encoded(), fallbackID: "other")
    #expect(elsewhere.id == "a-1" && elsewhere.fileID == "other")
  }

  @Test(arguments: [
    #"{"id": "x", "last_heartbeat": "2025-06-26T10:00:00Z"}"#, #"{"agent_id": "x", "heartbeat": 1750932000}"#,
    #"{"last_seen": 1750932000.0}"#, #"{"last_activity": "2025-06-26T10:00:00.000+00:00", "heartbeat": "?"}"#,
    #"{"last_activity": 5, "last_seen": 6, "heartbeat": 7, "last_heartbeat": "2025-06-26 10:00Z"}"#,
  ])
  func heartbeatsHaveSeveralNames(text: String) throws {
    let agent = try AgentRecord(Array(text.utf8), fallbackID: "x")
    #expect(agent.id == "x" && agent.heartbeat == now)
    #expect(!agent.isSilent(at: now.adding(seconds: 60), limitSeconds: 60))
    #expect(agent.isSilent(at: now.adding(seconds: 60.5), limitSeconds: 60))
  }

  @Test func theRecordsOwnLimitCounts() throws {
    let text = #"{"heartbeat": 1750932000, "heartbeat_limit_s": 5}"#
    let agent = try AgentRecord(Array(text.utf8), fallbackID: "x")
    #expect(agent.isSilent(at: now.adding(seconds: 6), limitSeconds: 60))
    #expect(!(try AgentRecord(Array("{}".utf8), fallbackID: "x")).isSilent(at: now, limitSeconds: 0))
  }

  @Test(arguments: [
    ("active", AgentRecord.Status.active), ("BUSY", .active), ("idle", .idle), ("inactive", .stopped),
    ("draining", .draining), ("requested", .requested), ("starting", .starting), ("confused", .other),
  ])
  func wordsHaveMeanings(word: String, status: AgentRecord.Status) throws {
    let agent = try AgentRecord(Array(#"{"status": "\#(word)"}"#.utf8), fallbackID: "x")
    #expect(agent.status == status && agent.statusText == word)
    #expect(agent.isUp == (status == .active || status == .idle))
  }

  @Test func anAgentAskedToStopIsNotUp() throws {
    let agent = try AgentRecord(Array(#"{"status": "active", "drain": true}"#.utf8), fallbackID: "x")
    #expect(!agent.isUp && agent.isDraining)
    #expect(try AgentRecord(Array("{}".utf8), fallbackID: "x").isUp)
  }

  @Test func anEditKeepsEveryOtherByte() throws {
    let text =
      #"{ "n":9007199254740993 , "status" : "active","x":"\ud83d\ude00", "concurrency":1, "heartbeat":5e0 }"#
    var agent = try AgentRecord(Array(text.utf8), fallbackID: "a")
    #expect(try agent.encoded(over: Array(text.utf8)) == Array(text.utf8))
    agent.status = .draining
    agent.concurrency = 3
    let expected =
      #"{ "n":9007199254740993 , "status" : "draining","x":"\ud83d\ude00", "concurrency":3, "heartbeat":5e0 }"#
    #expect(String(decoding: try agent.encoded(over: Array(text.utf8)), as: UTF8.self) == expected)
  }

  @Test func aHeartbeatUnderAForeignNameIsOverruledByOurs() throws {
    let text = Array(#"{"id":"a","heartbeat":5}"#.utf8)
    var agent = try AgentRecord(text, fallbackID: "a")
    agent.heartbeat = now
    #expect(try AgentRecord(agent.encoded(over: text), fallbackID: "a").heartbeat == now)
  }

  @Test(arguments: UInt64(1)...6) func unknownMembersSurviveRandomEdits(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for round in 0..<200 {
      let values = [
        #""\u00e4\n""#, "1.10", "-0", "1e400", "[1, {\"a\":\"b\"}]", "{ }", "null", "123456789012345678901",
      ]
      let unknown = (0..<Int.random(in: 0..<6, using: &random)).map { number in
        (key: "k\(number)", value: values[Int.random(in: 0..<values.count, using: &random)])
      }
      var members = unknown.map { "\"\($0.key)\" : \($0.value)" }
      members.append(#""status":"active""#)
      if Bool.random(using: &random) { members.append(#""pid": 12"#) }
      members.shuffle(using: &random)
      let text = Array("{\(members.joined(separator: " ,\n\t"))}".utf8)
      var agent = try AgentRecord(text, fallbackID: "a")
      agent.pid = Bool.random(using: &random) ? nil : 99
      agent.status = .idle
      agent.drain = Bool.random(using: &random)
      let edited = try agent.encoded(over: text)
      #expect(try AgentRecord(edited, fallbackID: "a") == agent, "seed \(seed) round \(round)")
      let after = String(decoding: edited, as: UTF8.self)
      for (key, value) in unknown {
        #expect(after.contains("\"\(key)\" : \(value)"), "seed \(seed) round \(round)")
      }
    }
  }
}

@Suite struct WorkRecordTests {
  @Test func membersAreRead() throws {
    let text =
      #"{"id": "w", "status": "retry", "priority": "HIGH", "created": 1750932000, "attempts": 2, "max_attempts": 5, "#
      + #""not_before": "2025-06-26T10:00:30Z", "payload": 9007199254740993}"#
    let record = try WorkRecord(Array(text.utf8), fallbackID: "file")
    #expect(
      record.id == "w" && record.status == .pending && record.statusText == "retry" && record.priority == 75)
    #expect(record.attempts == 2 && record.maxAttempts == 5 && record.bytes == Array(text.utf8))
    #expect(record.created == Timestamp(seconds: 1_750_932_000))
    #expect(record.notBefore == Timestamp(seconds: 1_750_932_030))
  }

  @Test(arguments: [
    (#"{}"#, 50), (#"{"priority": 7}"#, 7), (#"{"priority": -3}"#, -3), (#"{"priority": 2.9}"#, 2),
    (#"{"priority": "critical"}"#, 100), (#"{"priority": "low"}"#, 25), (#"{"priority": "12"}"#, 12),
    (#"{"priority": "soon"}"#, 50), (#"{"priority": null}"#, 50), (#"{"priority": 1e300}"#, 50),
  ])
  func prioritiesAreNumbers(text: String, priority: Int) throws {
    let record = try WorkRecord(Array(text.utf8), fallbackID: "file")
    #expect(record.priority == priority && record.id == "file")
  }

  @Test func changesKeepTheRest() throws {
    let text = Array(#"{"id":"w","big":9007199254740993,"status":"pending"}"#.utf8)
    let record = try WorkRecord(text, fallbackID: "w").applying([("status", "claimed"), ("attempts", 1)])
    #expect(record.status == .claimed && record.attempts == 1)
    let expected = #"{"id":"w","big":9007199254740993,"status":"claimed","attempts":1}"#
    #expect(String(decoding: record.bytes, as: UTF8.self) == expected)
  }

  @Test func aNumberIsAnIdToo() throws {
    #expect(try WorkRecord(Array(#"{"id": 17}"#.utf8), fallbackID: "f").id == "17")
    #expect(try WorkRecord(Array(#"{"id": ""}"#.utf8), fallbackID: "f").id == "f")
  }
}
