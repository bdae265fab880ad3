import DSLBase
import Testing

@testable import Autonomy

/// Answers that are refused name the member that is wrong.
@Suite struct StrategyAnswerTests {
  private func read(_ text: String) throws -> StrategyAnswer {
    try StrategyAnswer(
      try JSONParser.parse(text), types: [.scaleUp, DecisionType(rawValue: "emergency_scale")])
  }

  @Test(arguments: [
    (#"[]"#, "the answer: expected an object, found array"),
    (#"{"dsl":"strategy/v1"}"#, "decisions: expected an array, found nothing"),
    (#"{"decisions":{}}"#, "decisions: expected an array, found object {}"),
    (#"{"decisions":[5]}"#, "decisions[0]: expected an object, found number"),
    (#"{"decisions":[],"reason":7}"#, "reason: expected a text, found number 7"),
    (
      #"{"decisions":[{"type":"scaleup","rationale":"r","confidence":1}]}"#,
      #"decisions[0].type: nothing here carries out "scaleup", did you mean "scale_up"?"#
    ),
    (
      #"{"decisions":[{"type":"scale_up","rationale":"","confidence":1}]}"#,
      "decisions[0].rationale: expected a reason, found an empty text"
    ),
    (
      #"{"decisions":[{"type":"scale_up","confidence":1}]}"#,
      "decisions[0].rationale: expected a text, found nothing"
    ),
    (
      #"{"decisions":[{"type":"scale_up","rationale":"r","confidence":"high"}]}"#,
      #"decisions[0].confidence: expected a number, found string "high""#
    ),
    (
      #"{"decisions":[{"type":"scale_up","rationale":"r","confidence":1.5}]}"#,
      "decisions[0].confidence: expected a number from 0.0 to 1.0, found 1.5"
    ),
    (
      #"{"decisions":[{"type":"scale_up","rationale":"r","confidence":1e999}]}"#,
      "decisions[0].confidence: expected a number, found number 1e999"
    ),
    (
      #"{"decisions":[{"type":"scale_up","rationale":"r","confidence":1,"priority":11}]}"#,
      "decisions[0].priority: expected a whole number from 0 to 10, found number 11"
    ),
    (
      #"{"decisions":[{"type":"scale_up","rationale":"r","confidence":1,"parameters":[]}]}"#,
      "decisions[0].parameters: expected an object, found array []"
    ),
    (
      #"{"decisions":[{"type":"scale_up","rationale":"r","confidence":1,"target":""}]}"#,
      "decisions[0].target: expected 1 to 200 bytes, found 0"
    ),
  ]) func aWrongMemberIsNamed(text: String, reason: String) {
    let error = #expect(throws: DSLError.self) { try read(text) }
    #expect(error?.message == reason)
  }

  @Test func moreThanALimitIsRefused() {
    let one = #"{"type":"scale_up","rationale":"r","confidence":1}"#
    let many = Array(repeating: one, count: StrategyAnswer.limit + 1).joined(separator: ",")
    let error = #expect(throws: DSLError.self) { try read(#"{"decisions":[\#(many)]}"#) }
    #expect(error?.message == "decisions: expected at most 50, found 51")
  }

  @Test func typesOfHandlersMayBeProposed() throws {
    let answer = try read(
      #"{"decisions":[{"type":"emergency_scale","rationale":"r","confidence":0.9}],"more":1}"#)
    #expect(answer.proposals.map(\.type.rawValue) == ["emergency_scale"])
    #expect(answer.unknown.count == 1 && answer.unknown[0].hasPrefix("unknown field more"))
  }
}
