import Coordination
import DSLBase
import Glibc
import Telemetry
import Testing

@Suite struct OTLPFileExporterTests {
  private let line = Array(#"{"resourceSpans":[]}"#.utf8)

  private func content(_ files: any FileSystem, _ path: String) throws -> [String] {
    String(decoding: try files.read(path, limit: 1 << 26), as: UTF8.self).split(separator: "\n").map(
      String.init)
  }

  @Test func missingDirectoriesAreCreated() throws {
    let files = InMemoryFileSystem()
    try OTLPFileExporter(files: files, path: "/a/b/c/spans.jsonl").export(line)
    #expect(try content(files, "/a/b/c/spans.jsonl") == [#"{"resourceSpans":[]}"#])
  }

  @Test func rotationKeepsTheNewest() throws {
    let files = InMemoryFileSystem()
    let exporter = OTLPFileExporter(files: files, path: "/s", rotateBytes: 25, keep: 2)
    for number in 0..<10 { try exporter.export(Array("line number \(number)".utf8)) }
    #expect(try content(files, "/s") == ["line number 9"])
    #expect(try content(files, "/s.1") == ["line number 8"])
    #expect(try content(files, "/s.2") == ["line number 7"])
    #expect(try files.status("/s.3") == nil)
  }

  @Test func aLineLargerThanAFileIsWrittenAlone() throws {
    let files = InMemoryFileSystem()
    let exporter = OTLPFileExporter(files: files, path: "/s", rotateBytes: 5, keep: 2)
    for number in 0..<2 { try exporter.export(Array("line number \(number)".utf8)) }
    #expect(try content(files, "/s") == ["line number 1"])
    #expect(try content(files, "/s.1") == ["line number 0"])
  }

  /// Fails and then crashes at each operation: lines that were written stay whole, and later ones are
  /// written.
  @Test func noFaultTearsOrLosesALine() throws {
    for crash in [false, true] {
      for number in 1... {
        let base = InMemoryFileSystem()
        let fault: FaultyFileSystem.Fault =
          crash ? .crashing(operation: number) : .failing(operation: number, errno: ENOSPC)
        let files = FaultyFileSystem(base, fault)
        let exporter = OTLPFileExporter(files: files, path: "/d/s", rotateBytes: 25, keep: 9)
        var written: [String] = []
        for number in 0..<4 where (try? exporter.export(Array("line number \(number)".utf8))) != nil {
          written.append("line number \(number)")
        }
        let last = OTLPFileExporter(files: base, path: "/d/s", rotateBytes: 25, keep: 9)
        try last.export(Array("line number 4".utf8))
        written.append("line number 4")
        var found: [String] = []
        for name in ["/d/s"] + (1...9).map({ "/d/s.\($0)" }) where try base.status(name) != nil {
          found += try content(base, name).reversed()
        }
        #expect(found.reversed() == written, "crash \(crash) at \(number)")
        if files.operations.count < number { break }
      }
    }
  }

  /// A disk that fills up in the middle of a line: what was cut off stands alone at the end of a rotated
  /// file.
  @Test func aTornLineIsNotGluedToTheNext() throws {
    let files = TearingFileSystem()
    let exporter = OTLPFileExporter(files: files, path: "/s")
    try exporter.export(line)
    files.tear()
    #expect(throws: FileError.self) { try exporter.export(line) }
    try exporter.export(line)
    var found = 0
    let summary = try SpanArchive(files: files, path: "/s").read { _ in
      found += 1
      return true
    }
    #expect(found == 2)
    #expect(summary.lines == 3)
    #expect(summary.unreadable == 1)
  }

  /// Four processes share a file that is rotated all the time: every line is there once, and whole.
  @Test func processesShareAFile() async throws {
    let scratch = try Scratch()
    let path = scratch.path + "/spans.jsonl"
    await withTaskGroup(of: Void.self) { group in
      for process in 0..<4 {
        group.addTask {
          await #expect(processExitsWith: .success) { [path = path as String, process = process as Int] in
            let exporter = OTLPFileExporter(
              files: PosixFileSystem(), path: path, rotateBytes: 4000, keep: 200)
            for number in 0..<200 {
              let padding = String(repeating: "x", count: (number * 37 + process) % 900)
              try exporter.export(Array("\(process) \(number) \(padding)|".utf8))
            }
          }
        }
      }
    }
    let files = PosixFileSystem()
    var seen: [[Int]] = [[], [], [], []]
    var rotated = 0
    for number in stride(from: 200, through: 0, by: -1) {
      let name = number == 0 ? path : "\(path).\(number)"
      guard let status = try files.status(name) else { continue }
      rotated += 1
      #expect(status.size <= 4000)
      for line in try content(files, name) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        let (process, number) = (try #require(Int(fields[0])), try #require(Int(fields[1])))
        #expect(line.utf8.count == "\(process) \(number) |".utf8.count + (number * 37 + process) % 900)
        seen[process].append(number)
      }
    }
    for process in 0..<4 { #expect(seen[process] == Array(0..<200)) }
    #expect(rotated > 50)
  }
}
