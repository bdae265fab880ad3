import Testing

/// Links between the documents, and from them into the tree, lead somewhere.
@Suite struct DocumentLinkTests {
  private func documents() throws -> [SourceTree.File] {
    let top = ["README.md"].filter(SourceTree.exists)
    return try top.map(SourceTree.file) + SourceTree.files(in: "docs", suffixes: [".md"])
  }

  @Test func relativeLinksResolve() throws {
    for file in try documents() {
      let folder = file.parts.dropLast().map(String.init)
      for (number, line) in file.lines.enumerated() {
        for match in line.matches(of: /\]\(([^)\s]+)\)/) {
          let link = match.1.prefix { $0 != "#" }
          if link.isEmpty || link.contains("://") || link.hasPrefix("mailto:") { continue }
          var parts = folder
          for part in link.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
          }
          #expect(SourceTree.exists(parts.joined(separator: "/")), "\(file.path):\(number + 1): \(link)")
        }
      }
    }
  }

  @Test func decisionRecordsAreNumberedOnce() throws {
    let names = try SourceTree.files(in: "docs/adr", suffixes: [".md"]).compactMap {
      $0.parts.last.map(String.init)
    }
    for name in names where name != "README.md" {
      #expect(name.firstMatch(of: /^\d{4}-[a-z0-9-]+\.md$/) != nil, "docs/adr/\(name)")
    }
    let numbers = names.filter { $0 != "README.md" }.map { $0.prefix(4) }
    #expect(Set(numbers).count == numbers.count, "two records share a number: \(numbers)")
  }
}
