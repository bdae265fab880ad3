import Testing

/// Length of files and functions, calls that are not made, and words that are not left behind.
@Suite struct HouseRuleTests {
  private static let longestFile = 500
  private static let longestFunction = 70

  private func swiftFiles() throws -> [SourceTree.File] {
    let files = try ["Sources", "Tests"].flatMap { try SourceTree.files(in: $0, suffixes: [".swift"]) }
    #expect(files.count > 20)
    return files
  }

  @Test func filesAreShort() throws {
    for file in try swiftFiles() {
      #expect(file.lines.count <= Self.longestFile, "\(file.path) has \(file.lines.count) lines")
    }
  }

  @Test func functionsFitAScreen() throws {
    for file in try swiftFiles() {
      for (line, length) in Self.functions(in: file.lines) {
        #expect(length <= Self.longestFunction, "\(file.path):\(line): a function of \(length) lines")
      }
    }
  }

  private static var declaration: Regex<Substring> {
    /^ *(?:@\w+(?:\([^)]*\))? |[a-z]+(?:\(set\))? )*(?:func |init[?(<])/
  }

  /// First line and length of each function and initializer, found by indentation as the formatter leaves it.
  static func functions(in lines: [String]) -> [(line: Int, length: Int)] {
    func indent(_ line: String) -> Int { line.prefix { $0 == " " }.count }
    var found: [(line: Int, length: Int)] = []
    for start in lines.indices {
      let head = lines[start]
      guard head.contains("func ") || head.contains("init"), head.firstMatch(of: Self.declaration) != nil
      else {
        continue
      }
      var open = start
      while !lines[open].hasSuffix("{"), open + 1 < lines.count {
        let next = lines[open + 1]
        guard indent(next) > indent(head) || next.dropFirst(indent(head)).hasPrefix(")") else { break }
        open += 1
      }
      guard lines[open].hasSuffix("{") else { continue }
      let close = String(repeating: " ", count: indent(head)) + "}"
      if let end = lines[open...].firstIndex(of: close) { found.append((start + 1, end - start + 1)) }
    }
    return found
  }

  @Test func lengthsAreCountedAsMeant() {
    let text = """
      struct A {
        func one() {
          two()
        }
        func two(
          a: Int
        ) -> Int {
          1
        }
        func three() -> Int { 3 }
      }
      protocol P {
        func four()
        init(a: Int)
      }
      """
    let found = Self.functions(in: text.split(separator: "\n").map(String.init))
    #expect(found.map(\.line) == [2, 5])
    #expect(found.map(\.length) == [3, 5])
  }

  @Test func bannedCallsAreNotMade() throws {
    let system: [(call: String, allowed: [String])] = [
      ("try!", []), ("as! ", []), ("fatalError(", []), ("@unchecked Sendable", []), ("Date()", []),
      // Composition roots: of the commands, of the benchmark, and of programs that embed the engine.
      (
        "SystemRandomNumberGenerator",
        ["Sources/DSLCommands/", "Sources/dsl-bench/", "Sources/Autonomy/AutonomousDecisionEngine.swift"]
      ),
    ]
    for file in try SourceTree.files(in: "Sources", suffixes: [".swift"]) {
      for (number, line) in file.code.enumerated() {
        for (call, allowed) in system where line.contains(call) {
          #expect(allowed.contains { file.path.hasPrefix($0) }, "\(file.path):\(number + 1): \(call)")
        }
        if line.contains("rint("), line.firstMatch(of: /(?:^|[^\w.])(?:debugP|p)rint\(/) != nil {
          let isOutput = file.path.hasPrefix("Sources/DSLCommands/Output") || file.target == "dsl-bench"
          #expect(isOutput, "\(file.path):\(number + 1): print")
        }
        if [".random(", ".randomElement(", ".shuffled(", ".shuffle("].contains(where: { line.contains($0) }) {
          #expect(line.contains("using:"), "\(file.path):\(number + 1): randomness that is not passed in")
        }
        let isFoundation = line.hasSuffix("import Foundation")
        #expect(!isFoundation, "\(file.path):\(number + 1): FoundationEssentials will do")
      }
    }
  }

  @Test func nothingIsLeftForLater() throws {
    for file in try swiftFiles() where file.target != "TidyTests" {
      for (number, line) in file.lines.enumerated() {
        let isLeft = ["TODO", "FIXME", "for now"].contains { line.contains($0) }
        #expect(!isLeft, "\(file.path):\(number + 1): \(line)")
      }
    }
  }

  @Test func namesSayWhatThingsAre() throws {
    for file in try swiftFiles() {
      for line in file.code {
        guard ["Manager", "Helper", "Util"].contains(where: { line.contains($0) }),
          let match = line.firstMatch(of: /\b(?:struct|class|enum|actor|protocol) (\w+)/)
        else {
          continue
        }
        let empty = ["Manager", "Helper", "Utils", "Util"].contains { match.1.hasSuffix($0) }
        #expect(!empty, "\(file.path): \(match.1)")
      }
    }
  }
}
