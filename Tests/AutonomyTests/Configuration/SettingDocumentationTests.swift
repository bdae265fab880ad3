import Autonomy
import Foundation
import Testing

/// `docs/cli.md` lists what there is.
@Suite struct SettingDocumentationTests {
  private let text: String

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    text = try String(contentsOf: root.appendingPathComponent("docs/cli.md"), encoding: .utf8)
  }

  @Test func everySettingWithItsDefaultIsInTheTable() {
    for setting in SettingCatalog.all {
      let row = text.split(separator: "\n").first { $0.hasPrefix("| `\(setting.key)` |") }
      #expect(row != nil, "\(setting.key)")
      #expect(row?.contains(setting.meaning) == true, "\(setting.key)")
      guard setting.key != "health", setting.key != "records.assumed_zone" else { continue }
      let value = setting.written(in: Settings()).map { "`\($0)`" } ?? "|  |"
      #expect(row?.contains(value) == true, "\(setting.key) should be \(value)")
    }
  }

  @Test func everyEnvironmentVariableIsListed() {
    for name in SettingCatalog.all.flatMap(\.environment) { #expect(text.contains("`\(name)`"), "\(name)") }
  }
}
