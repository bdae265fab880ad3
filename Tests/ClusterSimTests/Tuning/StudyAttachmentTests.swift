import DSLBase
import Testing

@testable import ClusterSim

/// Lines that attach files and notes, as Optuna 5 and optuna-dashboard 0.21 write and read them.
@Suite struct StudyAttachmentTests {
  private static let writer = TuningStudy.Writer(worker: "me")
  private static let time = Timestamp(nanoseconds: 0)

  private func attachment(
    _ name: String, _ owner: StudyAttachment.Owner = .trial(3), study: String = "tune", seed: Int = 0
  ) -> StudyAttachment {
    StudyAttachment(name, Array("x".utf8), of: owner, study: study, seed: seed)
  }

  private func objects(_ lines: [UInt8]) throws -> [JSONValue] {
    try lines.split(separator: 0x0A).map { try JSONParser.parse(Array($0)) }
  }

  /// Begins a study with a trial.
  private func begun() throws -> (bytes: [UInt8], trial: Int) {
    var bytes = Self.writer.create(try TuningStudy([], name: "tune"), attributes: [:])
    let trial = Self.writer.begin(try TuningStudy(bytes, name: "tune"), [:], at: Self.time)
    bytes += trial.lines
    return (bytes, trial.id)
  }

  /// They are the same again, and told apart by whatever makes them.
  @Test func idsAreMadeOfWhatIsAttachedToWhat() throws {
    let ids = [
      attachment("note.md"), attachment("study.csv"), attachment("note.md", .trial(4)),
      attachment("note.md", .study), attachment("note.md", seed: 1), attachment("note.md", study: "other"),
    ].map(\.id)
    #expect(Set(ids).count == ids.count && attachment("note.md").id == ids[0])
    // A UUID of version 8 in the notation of RFC 9562, section 4.
    let notation = try Regex("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    for id in ids { #expect(id.wholeMatch(of: notation) != nil, "\(id)") }
  }

  @Test func anAttributeOfTheTrialNamesTheFile() throws {
    let names = ["note.md", "judged.svg", "training.csv", "a-4000.blackbox.json", "agent"]
    let lines = try objects(Self.writer.attach(names.map { attachment($0) }, toTrial: 7))
    #expect(lines.allSatisfy { $0["op_code"]?.int == 9 && $0["trial_id"]?.int == 7 })
    var kinds: [String?] = []
    for (name, line) in zip(names, lines) {
      // Optuna takes one attribute a line.
      let attributes = try #require(line["system_attr"]?.object)
      #expect(attributes.keys == ["artifacts:" + attachment(name).id])
      let said = try JSONParser.parse(Array((attributes.first { _ in true }?.value.string ?? "").utf8))
      #expect(said.object?.keys == ["artifact_id", "filename", "mimetype", "encoding"])
      #expect(said["artifact_id"]?.string == attachment(name).id && said["filename"]?.string == name)
      #expect(said["encoding"] == .null)
      kinds.append(said["mimetype"]?.string)
    }
    #expect(
      kinds == [
        "text/markdown", "image/svg+xml", "text/csv", "application/json", "application/octet-stream",
      ])
  }

  /// What is attached to the study is known afterwards, also where Optuna did it, and is attached once.
  @Test func whatIsAttachedToTheStudyIsKnown() throws {
    let writer = Self.writer
    var bytes = try begun().bytes
    func study() throws -> TuningStudy { try TuningStudy(bytes, name: "tune") }
    let table = attachment("study.csv", .study)
    #expect(try !study().has(table) && !study().hasAttachment(named: "study.csv"))
    let lines = writer.attach([table, attachment("note.md", .study)], to: try study())
    #expect(try objects(lines).map { $0["op_code"]?.int } == [3, 3])
    bytes += lines
    #expect(try study().has(table) && study().hasAttachment(named: "study.csv"))
    #expect(try !study().has(attachment("study.csv", .study, seed: 1)))
    #expect(writer.attach([table], to: try study()).isEmpty)
    // As Optuna wrote it.
    bytes += Array(
      #"""
      {"op_code":3,"worker_id":"w","study_id":0,"system_attr":{"artifacts:5a0b":"{\"artifact_id\": \"5a0b\", \"filename\": \"q.csv\", \"mimetype\": \"text/csv\", \"encoding\": null}"}}
      {"op_code":3,"worker_id":"w","study_id":0,"system_attr":{"artifacts:6a":"null","artifacts:7":7}}
      {"op_code":3,"worker_id":"w","study_id":9,"system_attr":{"artifacts:5a":"x"}}
      {"op_code":3}

      """#.utf8)
    #expect(try study().hasAttachment(named: "q.csv") && !study().hasAttachment(named: "p.csv"))
  }

  /// In pieces of 2045 characters as Python counts them, with a version that grows, and nothing left of a longer one.
  @Test func aNoteStandsWhereTheDashboardLooks() throws {
    let writer = Self.writer
    var (bytes, trial) = try begun()
    func study() throws -> TuningStudy { try TuningStudy(bytes, name: "tune") }
    func attributes(_ lines: [UInt8]) throws -> [(String, JSONValue)] {
      try objects(lines).flatMap { line -> [(String, JSONValue)] in
        #expect(line["op_code"]?.int == 3 && line["study_id"]?.int == 0)
        return line["system_attr"]?.object?.map { ($0.key, $0.value) } ?? []
      }
    }
    let own = try attributes(writer.note("# trial 0\n", onTrial: trial, of: try study()))
    #expect(own.map(\.0) == ["dashboard:0:note_ver", "dashboard:0:note_str:0"])
    #expect(own.map(\.1) == [1, "# trial 0\n"])

    // A letter of two scalars, astride of the end of a piece.
    let long = String(repeating: "a", count: 2044) + "e\u{301}" + String(repeating: "🜚", count: 2045)
    var lines = writer.note(long, onTrial: nil, of: try study())
    let pieces = try attributes(lines)
    #expect(pieces.map(\.0) == ["dashboard:note_ver"] + (0..<3).map { "dashboard:note_str:\($0)" })
    #expect(pieces.dropFirst().map { $0.1.string?.unicodeScalars.count } == [2045, 2045, 1])
    #expect(
      pieces.dropFirst().flatMap { Array(($0.1.string ?? "").unicodeScalars) } == Array(long.unicodeScalars))
    bytes += lines
    #expect(writer.note(long, onTrial: nil, of: try study()).isEmpty, "it is there")

    lines = writer.note("short", onTrial: nil, of: try study())
    #expect(
      try attributes(lines).map(\.1) == [2, "short", "", ""], "what stood behind it is taken away")
    bytes += lines
    #expect(writer.note("short", onTrial: nil, of: try study()).isEmpty)
  }
}
