import Foundation
import Testing

/// That a commit is on the disk before it counts, as the kernel sees it: strace(1) writes down what is asked of it.
@Suite(.serialized, .enabled(if: Shell.has("strace"), "needs strace(1)"))
struct TortureDurabilityTests {
  /// One call: its name, its arguments as text, and the files it names, by path.
  private struct Call {
    var name: String
    var text: String

    func names(_ path: String) -> Bool { text.contains(path) }
  }

  /// Runs a script under strace and returns its successful calls in the order in which they ended.
  private func calls(_ shell: Shell, _ script: String) throws -> [Call] {
    let outcome = try shell(
      """
      strace -f -y -qq -s 4096 -o trace \
        -e trace=openat,write,pwrite64,writev,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat \
        \(script)
      """)
    try #require(outcome.status == 0, "\(outcome.err)")
    let text = String(
      decoding: try Data(contentsOf: shell.directory.appendingPathComponent("trace")), as: UTF8.self)
    // A call that another thread's interrupted is written in two lines; the first has its arguments.
    var begun: [Substring: String] = [:]
    return text.split(separator: "\n").compactMap { line -> Call? in
      guard let space = line.firstIndex(of: " ") else { return nil }
      let thread = line[..<space]
      var rest = String(line[space...].drop { $0 == " " })
      if rest.hasSuffix("<unfinished ...>") {
        begun[thread] = String(rest.dropLast("<unfinished ...>".count))
        return nil
      }
      if rest.hasPrefix("<... "), let end = rest.range(of: "resumed>") {
        rest = (begun.removeValue(forKey: thread) ?? "") + rest[end.upperBound...]
      }
      guard let open = rest.firstIndex(of: "("), !rest.contains(") = -1 ") else { return nil }
      return Call(name: String(rest[..<open]), text: rest)
    }
  }

  /// Checks of one record: its content is written and synced under another name, then it gets its own, then the
  /// directory is synced.
  private func expectDurable(_ record: String, _ calls: [Call]) throws {
    let arrival = try #require(
      calls.lastIndex {
        $0.name.hasPrefix("rename") || $0.name.hasPrefix("link") ? $0.names("/\(record)\"") : false
      },
      "\(record) gets its name by one call")
    let pieces = calls[arrival].text.split(separator: "\"", omittingEmptySubsequences: false)
    try #require(pieces.count > 3)
    let temporary = String(pieces[1])
    #expect(!temporary.hasSuffix(record))
    let file = try #require(temporary.split(separator: "/").last.map(String.init))
    let before = calls[..<arrival]
    let written = before.lastIndex {
      ["write", "pwrite64", "writev"].contains($0.name) && $0.names("/\(file)>")
    }
    let synced = before.lastIndex { $0.name == "fsync" && $0.names("/\(file)>") }
    try #expect(#require(written, "\(record) is written") < #require(synced, "\(record) is synced"))
    #expect(
      calls[(arrival + 1)...].contains { $0.name == "fsync" && $0.names("/coordination>") },
      "the directory is synced after \(record) has its name")
    // Nobody writes into the record itself.
    #expect(
      !calls.contains { ["write", "pwrite64", "writev"].contains($0.name) && $0.names("/\(record)>") })
  }

  @Test func addedAndCompletedItems() throws {
    let shell = try Shell()
    try shell.makeQueue()
    let added = try calls(shell, #"dsl work add '{"id":"a"}' '{"id":"b"}'"#)
    for id in ["a", "b"] { try expectDurable("work_\(id).json", added) }
    try #require(try shell("dsl work claim -n 2 --agent me > claims").status == 0)
    let completed = try calls(shell, "dsl work complete --claim claims")
    for id in ["a", "b"] {
      try expectDurable("completed_\(id).json", completed)
      // The live record goes only when the outcome is safe.
      let safe = try #require(
        completed.lastIndex { $0.names("/completed_\(id).json\"") && !$0.name.hasPrefix("open") })
      let gone = completed.firstIndex { $0.name.hasPrefix("unlink") && $0.names("/work_\(id).json\"") }
      #expect(safe < (gone ?? .max))
      let synced = completed[(safe + 1)...].firstIndex { $0.name == "fsync" && $0.names("/coordination>") }
      try #expect(#require(synced) < #require(gone))
    }
  }

  @Test func aParkedItemAndAnAgent() throws {
    let shell = try Shell()
    try shell.makeQueue("work: {max_attempts: 1}\n", items: 1)
    try expectDurable("agent_me.json", try calls(shell, "dsl agent register me"))
    try #require(try shell("dsl work claim --agent me > claim").status == 0)
    try expectDurable("failed_i1.json", try calls(shell, "dsl work fail --claim claim --error no"))
  }
}
