import DSLBase
import Testing

@testable import Coordination

/// Reads facts from text, as a scan does.
func facts(_ kind: RecordKind, _ text: some Sequence<UInt8>, assumedOffset: Int = 0) -> FactsReading {
  var reader = FactsReader(assumedOffset: assumedOffset)
  return Array(text).withUnsafeBufferPointer { reader.read(kind, $0) }
}

private func read(_ kind: RecordKind, _ text: String, assumedOffset: Int = 0) -> RecordFacts? {
  guard case .record(let found) = facts(kind, text.utf8, assumedOffset: assumedOffset) else { return nil }
  return found
}

/// The variations that stand in directories of the original.
@Suite struct RecordReadingTests {
  private let noon: Int64 = 1_750_932_000_000_000_000  // 2025-06-26T10:00:00Z

  @Test func timesWithAndWithoutZoneAndAsSeconds() {
    #expect(read(.work, #"{"created": "2025-06-26T10:00:00Z"}"#)?.time == noon)
    #expect(read(.work, #"{"created_at": "2025-06-26T12:00:00+02:00"}"#)?.time == noon)
    #expect(read(.work, #"{"timestamp": 1750932000.5}"#)?.time == noon + 500_000_000)
    let local = read(.work, #"{"created": "2025-06-26T12:00:00"}"#, assumedOffset: 7200)
    #expect(local?.time == noon && local?.zoneAssumed == true)
    #expect(read(.completed, #"{"finished": "2025-06-26T10:00:00Z", "created": "2020-01-01"}"#)?.time == noon)
    #expect(read(.completed, #"{"completed_at": 1750932000000}"#)?.time == noon)
    #expect(read(.telemetry, #"{"timestamp": "2025-06-26 10:00:00,000Z"}"#)?.time == noon)
  }

  @Test func ofSeveralTimesTheMostExactCounts() {
    let text = #"{"timestamp": 1, "created_at": 2, "created": "2025-06-26T10:00:00Z"}"#
    #expect(read(.work, text)?.time == noon)
    #expect(read(.work, #"{"created": "no time", "created_at": "2025-06-26T10:00:00Z"}"#)?.time == noon)
  }

  @Test func aRecordWithoutATimeHasNone() {
    for text in ["{}", #"{"created": null}"#, #"{"created": true}"#, #"{"created": [1]}"#] {
      #expect(read(.work, text)?.time == RecordFacts.noTime, "\(text)")
    }
  }

  @Test(arguments: [
    ("pending", WorkStatus.pending), ("PENDING", .pending), ("queued", .pending), ("claimed", .claimed),
    ("in_progress", .claimed), ("completed", .done), ("Done", .done), ("failed", .failed), ("odd", .other),
    ("pend\\u0069ng", .pending),
  ])
  func statusWordsHaveClasses(word: String, status: WorkStatus) {
    #expect(read(.work, #"{"status": "\#(word)"}"#)?.status == status)
  }

  @Test func telemetryIsInMillisecondsWithOrWithoutUnit() {
    let plain = read(.telemetry, #"{"metrics": {"response_time": 800, "success_rate": 0.75}}"#)
    #expect(plain?.responseMs == 800 && plain?.errorRate == 0.25)
    let exact = read(
      .telemetry,
      #"{"metrics": {"response_time_ms": 12.5, "response_time": 9, "error_rate": 0.5, "success_rate": 1}}"#)
    #expect(exact?.responseMs == 12.5 && exact?.errorRate == 0.5)
    let silent = read(
      .telemetry, #"{"metrics": {"response_time": "fast", "success_rate": 95, "error_rate": -1}}"#)
    #expect(silent?.responseMs.isNaN == true && silent?.errorRate.isNaN == true)
    #expect(read(.telemetry, #"{"error_rate": 1e-2}"#)?.errorRate == 0.01)
  }

  @Test func otherProgramsStateIsNoRecord() {
    #expect(facts(.work, #"[{"id": 1}, {"id": 2}]"#.utf8) == .lookalike)
    #expect(facts(.work, #"{"claims": [], "timestamp": 1.5}"#.utf8) == .lookalike)
    #expect(facts(.completed, #"{"a": {"x": 1}, "b": {"x": 2}}"#.utf8) == .lookalike)
    #expect(read(.work, #"{"tasks": ["a"], "id": "w"}"#) != nil)
    #expect(read(.work, #"{"payload": {"x": 1}}"#) != nil)
  }

  @Test func decimalsAreReadAsCorrectlyRounded() {
    for seed in UInt64(1)...4 {
      var random = SplitMix64(seed: seed)
      for _ in 0..<2000 {
        let literal =
          (Bool.random(using: &random) ? "-" : "") + "\(Int.random(in: 0...9_999_999, using: &random))"
          + (Bool.random(using: &random) ? ".\(Int.random(in: 0...99_999_999_999, using: &random))" : "")
          + (Int.random(in: 0..<8, using: &random) == 0 ? "e-3" : "")
        let value = Array(literal.utf8).withUnsafeBufferPointer { RawValue($0).double }
        #expect(value?.bitPattern == Double(literal)?.bitPattern, "\(literal), seed \(seed)")
      }
    }
  }
}

/// What can be wrong with a file: each gives a reason, none a crash.
@Suite struct BadRecordTests {
  private static let cases: [(String, [UInt8])] = [
    ("unexpected end", Array(#"{"id": "work_1", "status": "pen"#.utf8)),
    ("expected a member name", Array(#"{"id": "work_1","#.utf8)),
    ("the file is empty", []),
    ("the file is empty", Array(" \n".utf8)),
    ("invalid UTF-8", Array(#"{"id": ""#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8)),
    ("control character", Array(#"{"id": "a"#.utf8) + [0] + Array(#"b"}"#.utf8)),
    ("expected", Array("{}".utf8) + [0]),
    ("expected", [UInt8](repeating: 0, count: 200)),
    ("nested deeper", Array((String(repeating: "[", count: 10_000)).utf8)),
    ("nested deeper", Array((#"{"a":"# + String(repeating: #"{"a":"#, count: 10_000)).utf8)),
    ("duplicate key \"id\"", Array(#"{"id": 1, "status": "pending", "id": 2}"#.utf8)),
    ("duplicate key \"id\"", Array(#"{"id": 1, "\u0069d": 2}"#.utf8)),
    ("expected an object", Array(#""text""#.utf8)),
    ("expected an object", Array("null".utf8)),
    ("unexpected text after", Array("{}{}".utf8)),
    ("unexpected end", Array("[1, 2".utf8)),
  ]

  @Test(arguments: cases.indices) func aBadRecordHasAReason(position: Int) throws {
    let (expected, bytes) = Self.cases[position]
    guard case .problem(let reason) = facts(.work, bytes) else {
      Issue.record("taken for a record: \(FileName.shown(bytes.prefix(40)))")
      return
    }
    if expected == "expected" {
      #expect(reason.contains("expected"))
    } else {
      #expect(reason.contains(expected), "\(reason)")
    }
    #expect(throws: DSLError.self) { try WorkRecord(bytes, fallbackID: "1") }
    #expect(throws: DSLError.self) { try AgentRecord(bytes, fallbackID: "1") }
  }

  @Test func aNameBeyondTheFirstFewIsStillFoundTwice() {
    let members = (0..<200).map { #""key\#($0)": \#($0)"# }
    #expect(facts(.work, "{\(members.joined(separator: ","))}".utf8) == .record(RecordFacts()))
    let repeated = "{\((members + [#""key150": 1"#]).joined(separator: ","))}"
    guard case .problem(let reason) = facts(.work, repeated.utf8) else {
      Issue.record("a repeated key was not seen")
      return
    }
    #expect(reason.contains("key150"))
  }

  @Test(arguments: UInt64(1)...8) func randomTextNeverCrashes(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"", "\"id\"", "\"status\"", "\"created\"", "\"metrics\"", "\\u00", "\\",
      "1e9",
      "-", "9007199254740993", "null", "true", "\"2025-06-26T10:00:00\"", " ", "\u{0}", "ä",
      "\"response_time\"", "0.5",
    ]
    for round in 0..<3000 {
      var bytes: [UInt8] = round % 2 == 0 ? [0x7B] : []
      for _ in 0..<Int.random(in: 0..<30, using: &random) {
        bytes += pieces[Int.random(in: 0..<pieces.count, using: &random)].utf8
        if Int.random(in: 0..<20, using: &random) == 0 {
          bytes.append(UInt8.random(in: 0...255, using: &random))
        }
      }
      for kind in RecordKind.allCases {
        guard case .problem = facts(kind, bytes) else {
          #expect(
            (try? JSONParser.parse(bytes)) != nil || hasNestedRepetition(bytes), "seed \(seed) round \(round)"
          )
          continue
        }
      }
    }
  }

  /// Nested repeated names are refused by the parser only.
  private func hasNestedRepetition(_ bytes: [UInt8]) -> Bool {
    do {
      _ = try JSONParser.parse(bytes)
      return false
    } catch { return error.reason.hasPrefix("duplicate key") || error.reason.hasPrefix("surrogate") }
  }
}

@Suite struct RecordNameTests {
  private func name(_ text: String) -> RecordName {
    var text = text
    return text.withUTF8 { RecordName($0) }
  }

  @Test func prefixAndSuffixMakeARecord() {
    for kind in RecordKind.allCases { #expect(name("\(kind.rawValue)_x.json") == .record(kind)) }
    #expect(name("work_\n.json") == .record(.work))
    for text in [
      "work_x.json.bak", "work_x", "homework_x.json", ".work_x.json.1-2.tmp", "work.json", "", "x",
      "dsl.yaml",
    ] {
      #expect(name(text) == .other, "\(text)")
    }
  }

  @Test(arguments: [
    "agent_coordination_state.json", "agent_status.json", "work_claims.json", "work_queue.json",
  ])
  func otherProgramsFilesAreLookalikes(text: String) throws {
    #expect(name(text) == .lookalike)
    let kind: RecordKind = text.hasPrefix("agent") ? .agent : .work
    let id = String(text.dropFirst(kind.prefix.count).dropLast(5))
    #expect(RecordName.isReserved(kind, id: id) && !RecordName.isReserved(kind, id: id + "2"))
  }

  @Test func theIdStandsBetweenPrefixAndSuffix() {
    var text = "completed_a.b_c.json"
    #expect(text.withUTF8 { RecordName.id(.completed, $0) } == "a.b_c")
  }
}
