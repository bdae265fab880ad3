import ClusterSim
import DSLBase
import Testing

@testable import ClusterSimViews

/// What is attached to trials and studies: the pictures byte for byte those of the Python package.
@Suite struct StudyReportTests {
  /// Curves as Python is told of them, and as they are drawn here.
  private struct Curves {
    var title = "trial 3"
    var lines: [(name: String, points: [(x: Double, y: Double)])]

    var json: JSONValue {
      [
        "title": .string(title),
        "lines": .array(
          lines.map { line in
            [.string(line.name), .array(line.points.map { [.double($0.x), .double($0.y)] })]
          }),
      ]
    }

    var svg: String {
      CurveDrawing(title, lines.map { .init($0.name, $0.points) }, across: "a < b", up: "v & w").svg
    }
  }

  @Test func picturesAreThoseOfThePythonPackage() throws {
    var cases = [
      Curves(lines: [("empty", [])]), Curves(lines: [("one", [(64, -12.5)])]),
      Curves(
        title: "<a> & \"b\"", lines: [("value > 1", [(0, 3), (1, 3)]), ("none", []), ("2", [(0.5, 1e-9)])]),
      Curves(lines: [("flat", [(1e7, 123_456_789), (2e7, 0.000_012_345_6)])]),
    ]
    for seed in [1, 2, 3] as [UInt64] {
      var random = SplitMix64(seed: seed)
      cases += (0..<20).map { i in
        Curves(
          lines: (0..<5).map { line in
            let points = (0..<20).map { x in
              (x: Double(x * 64), y: Double.random(in: -600...600, using: &random) * (i % 3 == 0 ? 1e-5 : 1))
            }
            return ("\(line)", points)
          })
      }
    }
    let drawn = try PictureTests.python("curves", [JSONValue.array(cases.map(\.json)).serialized()])
    #expect(drawn == cases.map(\.svg).joined(), "the same bytes")
  }

  @Test func numbersAreThoseOfPython() throws {
    var numbers = [
      0, -0.0, 0.03125, 0.5, 2.5, 1e15, 99_999.5, 9999.5, 0.000_05, -0.000_04, 1e-5, 123_456, 5e-300,
    ]
    var random = SplitMix64(seed: 7)
    for _ in 0..<2000 { numbers.append(Double.random(in: -1...1, using: &random) * 1000) }
    // Half-way between two texts, which are exact in binary.
    for i in 0..<500 { numbers.append(Double(i) / 32) }
    let text = try PictureTests.python("numbers", [JSONValue.array(numbers.map { .double($0) }).serialized()])
    let ours = numbers.map {
      "\(DecimalText.fixed($0, decimals: 3)) \(DecimalText.fixed($0, decimals: 4)) \(DecimalText.general($0, digits: 4))\n"
    }
    #expect(text == ours.joined())
  }

  private func report(failing: Bool) throws -> (TrialReport, BlackBox?) {
    let configuration = try ClusterConfiguration(preset: "storm", size: "3x3", changes: [:], prefix: "")
    let keys = try KeySpace.validation.keys(seed: 1, count: 4)
    let outcomes = try EpisodeRunner(configuration).run(RandomPolicy(), keys: keys)
    let box =
      failing
      ? try BlackBox.record(configuration, RandomPolicy(), name: TrialReport.agentName(5), key: keys[0]) : nil
    let point = TrainingRun.Point(episodes: 64, reward: -3, steps: 12.125, ooms: 0.5, failures: 1)
    return (
      TrialReport(
        number: 5, judged: [(64, -2), (128, -1.0625)], training: TrainingRun(name: "", points: [point]),
        summary: EpisodeSummary([outcomes]), blackBox: box), box
    )
  }

  @Test func aTrialTellsWhatCameOfIt() throws {
    let (trial, box) = try report(failing: true)
    let key = BlackBox.text(try #require(box).key)
    #expect(
      trial.files.map(\.name) == [
        "note.md", "judged.svg", "training.csv", "training.svg", "trial-5-\(key).blackbox.json",
      ])
    #expect(trial.files.first?.content == Array(trial.note.utf8))
    let lines = trial.note.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(
      lines.prefix(6) == [
        "# trial 5", "", "value -1.062", "", "| measure | mean | 95 % interval |", "|---|---|---|",
      ])
    #expect(lines.dropFirst(6).prefix(4).map { $0.prefix(5) } == ["| rew", "| ste", "| oom", "| fai"])
    #expect(lines.count == 11 && lines.last == "", "a line ends each")
    let csv = String(decoding: trial.files[2].content, as: UTF8.self)
    #expect(csv == "episodes,reward,steps,ooms,failures\n64,-3.0,12.125,0.5,1.0\n")
    #expect(try BlackBox(JSONParser.parse(trial.files[4].content), name: "box") == box)
    #expect(try report(failing: false).0.files.count == 4, "nothing failed, and no box is there")
  }

  /// Of two studies, one of them of whole trials that were done by more than one search.
  @Test func aStudyTellsOfItsTrials() throws {
    var journal = StudyJournal()
    journal.take(
      #"""
      {"op_code":0,"study_name":"tune","directions":[2]}
      {"op_code":0,"study_name":"less","directions":[1]}
      {"op_code":4,"study_id":0,"state":1,"value":-2.5,"params":{"n_steps":12.0,"discount":0.96}}
      {"op_code":4,"study_id":0,"state":2,"value":9,"params":{"n_steps":12.0,"discount":0.96}}
      {"op_code":4,"study_id":0,"state":1,"value":7.0625,"params":{"discount":0.998}}
      {"op_code":4,"study_id":0,"state":1,"value":-2.5,"params":{"n_steps":3.0,"discount":0.97123456}}
      {"op_code":4,"study_id":1,"state":1,"value":3,"params":{}}
      {"op_code":4,"study_id":1,"state":1,"value":2,"params":{}}

      """#.utf8)
    let study = try #require(StudyReport(journal.studies[0]))
    #expect(study.files.map(\.name) == ["study.svg", "note.md", "study.csv"])
    #expect(
      study.note == """
        # tune: the best of 3 whole trials

        | trial | value | discount | n_steps |
        |---|---|---|---|
        | 2 | 7.062 | 0.998 |  |
        | 0 | -2.500 | 0.96 | 12 |
        | 3 | -2.500 | 0.9712 | 3 |

        """)
    #expect(
      study.csv == "trial,value,discount,n_steps\n0,-2.5,0.96,12\n2,7.0625,0.998,\n3,-2.5,0.97123456,3\n")
    let less = try #require(StudyReport(journal.studies[1]))
    #expect(less.note.contains("| 1 | 2.000 |\n| 0 | 3.000 |\n"))
    journal = StudyJournal()
    journal.take("{\"op_code\":0,\"study_name\":\"tune\",\"directions\":[2]}\n".utf8)
    #expect(StudyReport(journal.studies[0]) == nil)
  }
}
