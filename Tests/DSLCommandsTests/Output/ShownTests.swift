import DSLBase
import Testing

@testable import DSLCommands

@Suite struct ShownTests {
  @Test(arguments: [
    (0.28909090909090907, 5, "0.28909"), (0.0, 2, "0.00"), (-0.004, 2, "0.00"), (-1.5, 1, "-1.5"),
    (12.0, 0, "12"), (0.05, 1, "0.1"),
  ])
  func numbers(value: Double, decimals: Int, expected: String) {
    #expect(Shown.number(value, decimals: decimals) == expected)
  }

  @Test func noNumberIsADash() {
    #expect(Shown.number(nil) == "-")
    #expect(Shown.number(.nan) == "-")
    #expect(Shown.percent(0.2727) == "27.3%")
  }

  @Test(arguments: [
    (0.0, "0s"), (59.9, "59s"), (60.0, "1m00s"), (3725.0, "1h02m"), (172_799.0, "47h59m"), (172_800.0, "2d"),
  ])
  func ages(seconds: Double, expected: String) { #expect(Shown.age(seconds) == expected) }

  @Test func controlCharactersCannotReachATerminal() {
    #expect(Shown.safe("a\nb\u{1B}[31m") == "a\\nb\\u{1B}[31m")
    #expect(Shown.safe("plain é") == "plain é")
  }

  @Test func columnsLineUpWhateverIsColoured() {
    let paint = Paint(isOn: true)
    var table = TextTable(rows: [[paint("ok", .good), "1"], ["long", "20"]])
    table.rightAligned = [1]
    #expect(table.text(paint) == "\u{1B}[32mok\u{1B}[0m     1\nlong  20\n")
  }

  @Test func nothingIsColouredUnlessWished() {
    #expect(Paint(isOn: false)("text", .bad) == "text")
    #expect(Paint(isOn: false)(.critical) == "critical")
  }
}
