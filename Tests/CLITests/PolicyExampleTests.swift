import Foundation
import Testing

/// The worked example of `docs/policies.md`, typed in line by line.
@Suite struct PolicyExampleTests {
  private struct Block {
    var label: String
    var lines: [String]
  }

  private static func blocks() throws -> [Block] {
    let file = Shell.root.appendingPathComponent("docs/policies.md")
    var blocks: [Block] = []
    var open: Block?
    for line in try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n") {
      if line.hasPrefix("```") {
        if let done = open { blocks.append(done) }
        open = open == nil ? Block(label: String(line.dropFirst(3)), lines: []) : nil
      } else {
        open?.lines.append(line)
      }
    }
    return blocks
  }

  @Test func everyCommandPrintsWhatTheDocumentSays() throws {
    let shell = try Shell()
    try shell.copySample()
    var commands = 0
    for block in try Self.blocks() {
      let text = block.lines.joined(separator: "\n") + "\n"
      if let name = block.label.split(separator: "=").last, block.label.hasPrefix("yaml file=") {
        try shell.write(String(name), Array(text.utf8))
      }
      guard block.label == "console" else { continue }
      for part in ("\n" + text).components(separatedBy: "\n$ ").dropFirst() {
        let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        let expected = lines.count > 1 ? String(lines[1]) : ""
        let outcome = try shell(String(lines[0]))
        let printed = outcome.out.hasSuffix("\n") ? String(outcome.out.dropLast()) : outcome.out
        let wanted = expected.hasSuffix("\n") ? String(expected.dropLast()) : expected
        #expect(printed == wanted, "\(lines[0])\n\(outcome.err)")
        commands += 1
      }
    }
    #expect(commands == 11)
  }
}
