import DSLBase
import Testing

@Suite struct JSONTests {
  @Test func numbersKeepTheirLiterals() throws {
    let text = #"{"a": 9007199254740993, "b": 1e400, "c": [1.10, -0]}"#
    let value = try JSONParser.parse(text)
    #expect(value.text() == #"{"a":9007199254740993,"b":1e400,"c":[1.10,-0]}"#)
  }

  @Test func anEditLeavesOtherBytesAlone() throws {
    let text = #"{ "n":9007199254740993 , "status": "pending","x":"\ud83d\ude00" }"#
    let edited = try JSONEdit.apply([("status", "done"), ("extra", 1)], to: Array(text.utf8))
    #expect(
      String(decoding: edited, as: UTF8.self)
        == #"{ "n":9007199254740993 , "status": "done","x":"\ud83d\ude00","extra":1 }"#)
  }

  @Test(arguments: [
    "", "{", #"{"a":1"#, #"{"a":1,"a":2}"#, "01", "[1,]", #""\x""#, "nul", "{}{}", #""\#u{1}""#, #""\ud800""#,
  ])
  func whatIsNotJSONIsRefused(text: String) {
    #expect(throws: JSONError.self) { try JSONParser.parse(text) }
  }

  @Test func nestingIsBounded() {
    let text = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
    #expect(throws: JSONError.self) { try JSONParser.parse(text) }
  }
}

@Suite struct TimestampTests {
  @Test(arguments: [
    ("2025-06-26T10:00:00.123456", 1_750_932_000_123_456_000),
    ("2025-06-26T10:00:00Z", 1_750_932_000_000_000_000),
    ("2025-06-26 12:00:00+02:00", 1_750_932_000_000_000_000),
    ("2025-06-26T10:00:00,5-0000", 1_750_932_000_500_000_000),
    ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
  ])
  func isoFormsAreRead(text: String, nanoseconds: Int64) {
    #expect(Timestamp.parse(text)?.time.nanoseconds == nanoseconds)
  }

  @Test(arguments: ["2025-06-26T05:56:33.3NZ", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "today", ""])
  func whatIsNoTimeIsNil(text: String) { #expect(Timestamp.parse(text) == nil) }

  @Test func aTimePrintsAsItReads() {
    let time = Timestamp(nanoseconds: 1_750_932_000_123_456_000)
    #expect(time.description == "2025-06-26T10:00:00.123456Z")
    #expect(Timestamp.parse(time.description)?.time == time)
  }
}
