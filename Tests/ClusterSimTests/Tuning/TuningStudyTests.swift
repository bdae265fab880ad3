import DSLBase
import Foundation
import Testing

@testable import ClusterSim

@Suite struct TuningStudyTests {
  /// Python searches by a file, this by a table: they are one space.
  @Test func theSpaceIsThatOfThePythonPackage() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appendingPathComponent("python/resonetics/space.json")
    let space = try JSONParser.parse(Array(Data(contentsOf: file)))
    let entries = try #require(space["settings"]?.array).map { entry in
      SearchSpace.Entry(
        name: entry["name"]?.string ?? "", isWhole: entry["kind"]?.string == "int",
        low: entry["low"]?.double ?? .nan, high: entry["high"]?.double ?? .nan,
        isLog: entry["log"]?.bool ?? false)
    }
    #expect(entries == SearchSpace.settings)
    // Everything in it is a setting that may be so.
    for end in [entries.map(\.low), entries.map(\.high)] {
      var object = JSONObject()
      for (entry, value) in zip(entries, end) { object[entry.name] = entry.json(value) }
      _ = try TrainingSettings(json: .object(object))
    }
  }

  @Test func drawsAreSpreadOverTheirRangesAndRepeat() {
    let draws = (0..<2000).map { SearchSpace.draw(seed: 3, trial: $0) }
    #expect(
      SearchSpace.draw(seed: 3, trial: 7) == draws[7] && SearchSpace.draw(seed: 4, trial: 7) != draws[7])
    for entry in SearchSpace.settings {
      let values = draws.map { $0[entry.name] ?? .nan }
      #expect(values.allSatisfy { $0 >= entry.low && $0 <= entry.high }, "\(entry.name)")
      // The middle of the range, by its logarithm where it is drawn so, has half of the draws below it.
      let middle = entry.isLog ? (entry.low * entry.high).squareRoot() : (entry.low + entry.high) / 2
      let below = Double(values.count { $0 < middle }) / 2000
      #expect(abs(below - 0.5) < 0.06, "\(entry.name): \(below)")
      if entry.isWhole { #expect(values.allSatisfy { $0 == $0.rounded() }) }
    }
    #expect(Set(draws.map { $0["n_steps"] }).count == 38, "every whole number is drawn")
  }

  /// Lines as Optuna 5.0.0 wrote them: a trial with two parameters, one that was pruned, one that failed, one that waits.
  private static let recorded = #"""
    {"op_code":0,"worker_id":"w","study_name":"other","directions":[1]}
    {"op_code":0,"worker_id":"w","study_name":"tune","directions":[2]}
    {"op_code":2,"worker_id":"w","study_id":1,"user_attr":{"sampler":"x"}}
    {"op_code":4,"worker_id":"w","study_id":0,"datetime_start":"2026-11-21T22:28:28.544961+00:00"}
    {"op_code":4,"worker_id":"w","study_id":1,"datetime_start":"2026-11-21T22:28:28.544961+00:00"}
    {"op_code":5,"worker_id":"w","trial_id":1,"param_name":"discount","param_value_internal":0.96,"distribution":"{}"}
    {"op_code":7,"worker_id":"w","trial_id":1,"step":64,"intermediate_value":0.5}
    {"op_code":8,"worker_id":"w","trial_id":1,"user_attr":{"k":{"x":1}}}
    {"op_code":6,"worker_id":"w","trial_id":1,"state":1,"values":[0.25],"datetime_complete":"2026-11-21T22:28:28.549854+00:00"}
    {"op_code":6,"worker_id":"w","trial_id":1,"state":3,"values":null,"datetime_complete":"2026-11-21T22:28:28.549854+00:00"}
    {"op_code":4,"worker_id":"w","study_id":1,"datetime_start":"2026-11-21T22:28:28.550735+00:00"}
    {"op_code":6,"worker_id":"w","trial_id":2,"state":2,"values":null,"datetime_complete":"2026-11-21T22:28:28.551874+00:00"}
    {"op_code":4,"worker_id":"w","study_id":1,"datetime_start":null,"state":4,"value":null,"values":null,"distributions":{},"params":{},"user_attrs":{},"system_attrs":{"fixed_params":{"a":0.2}},"intermediate_values":{}}
    {"op_code":10,"worker_id":"w","trial_ids":[]}
    {"op_code":4,"worker_id":"w","study_id":1,"datetime_start":"2026-11-21T22:28:28.550735+00:00"}

    """#

  @Test func whatOptunaWroteIsRead() throws {
    let journal = try TuningStudy(Array(Self.recorded.utf8), name: "tune")
    #expect(journal.study?.id == 1 && journal.study?.attributes == ["sampler": "x"])
    #expect(journal.trials.map(\.state) == [.complete, .pruned, .waiting, .running])
    #expect(journal.trials.map(\.id) == [1, 2, 3, 4] && journal.trials.map(\.number) == [0, 1, 2, 3])
    #expect(journal.trials[0].values == [0.25] && journal.trials[0].parameters == ["discount": 0.96])
    #expect(journal.trials[0].attributes["k"]?["x"]?.int == 1 && journal.best?.number == 0)
    #expect(try TuningStudy([], name: "tune").study == nil)
    #expect { try TuningStudy(Array("{\"op_code\":3}\n{\"op".utf8), name: "tune") } throws: {
      "\($0)".contains("line 2")
    }
  }

  /// Notes of the study and of its trials say what its values are of.
  @Test func aStudyOfSomethingElseIsKnown() throws {
    let writer = TuningStudy.Writer(worker: "me")
    let empty = try TuningStudy([], name: "tune")
    #expect(empty.difference(from: ["episodes": 64]) == nil)
    var bytes = writer.create(empty, attributes: ["size": "3x3", "episodes": 64])
    let noted = try TuningStudy(bytes, name: "tune")
    #expect(noted.difference(from: ["size": "3x3", "episodes": 64, "seed": 0]) == nil)
    #expect(noted.difference(from: ["episodes": 65]) == "episodes is 64 there and 65 here")
    #expect(writer.create(noted, attributes: ["size": "3x3", "episodes": 64]).isEmpty, "it is noted once")
    // A study that notes nothing, as of an older version.
    bytes = writer.create(empty, attributes: [:])
    let begun = writer.begin(try TuningStudy(bytes, name: "tune"), [:], at: Timestamp(nanoseconds: 0))
    bytes += begun.lines
    bytes += writer.end(
      begun.id, .complete, value: 1,
      attributes: ["configuration_sha256": "ab", "settings": ["episodes": 64]], at: Timestamp(nanoseconds: 0))
    let old = try TuningStudy(bytes, name: "tune")
    #expect(old.difference(from: ["configuration_sha256": "ab", "episodes": 64]) == nil)
    #expect(
      old.difference(from: ["configuration_sha256": "cd"])
        == "of trial 0 configuration_sha256 is \"ab\" there and \"cd\" here")
    #expect(old.difference(from: ["episodes": 128]) == "of trial 0 episodes is 64 there and 128 here")
  }

  /// Optuna gives no id to a study of a name that is there, nor to a trial of a study that is not: whoever counted them would
  /// write into others' trials.
  @Test func whatOptunaPassesOverHasNoID() throws {
    let passedOver = #"""
      {"op_code":0,"worker_id":"w","study_name":"other","directions":[1]}
      {"op_code":0,"worker_id":"w","study_name":"other","directions":[1]}
      {"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null}
      {"op_code":1,"worker_id":"w","study_id":0}
      {"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null}
      {"op_code":4,"worker_id":"w","study_id":7,"datetime_start":null}

      """#
    let writer = TuningStudy.Writer(worker: "me")
    var bytes = Array(passedOver.utf8)
    bytes += writer.create(try TuningStudy(bytes, name: "tune"), attributes: [:])
    let begun = writer.begin(
      try TuningStudy(bytes, name: "tune"), SearchSpace.draw(seed: 1, trial: 0), at: Timestamp(nanoseconds: 0)
    )
    bytes += begun.lines + writer.end(begun.id, .complete, value: 2, at: Timestamp(nanoseconds: 0))
    let study = try #require(try TuningStudy(bytes, name: "tune").study)
    #expect(study.id == 1 && begun.id == 1 && study.trials.map(\.values) == [[2]])
  }

  /// What is written goes on in the study that is there, and is read as it was meant.
  @Test func whatIsWrittenIsRead() throws {
    let writer = TuningStudy.Writer(worker: "me")
    let time = Timestamp(nanoseconds: 1_700_000_000_123_456_789)
    for before in [[], Array(Self.recorded.utf8)] {
      var bytes = before
      func journal() throws -> TuningStudy { try TuningStudy(bytes, name: "tune") }
      let old = try journal().trials.count
      bytes += writer.create(try journal(), attributes: ["sampler": "dsl-random"])
      let drawn = SearchSpace.draw(seed: 1, trial: 0)
      let first = writer.begin(try journal(), drawn, at: time)
      bytes += first.lines
      let second = writer.begin(try journal(), drawn, at: time)
      bytes += second.lines
      bytes += writer.report(first.id, 3, step: 64)
      bytes += writer.end(first.id, .complete, value: 7.5, attributes: ["a": 1], at: time)
      bytes += writer.end(second.id, .failed, at: time)
      let (trials, best) = (try journal().trials.suffix(2), try journal().best)
      #expect(trials.map(\.state) == [.complete, .failed] && trials.map(\.number) == [old, old + 1])
      #expect(trials.first?.parameters == drawn && trials.first?.values == [7.5])
      #expect(trials.first?.attributes["a"]?.int == 1 && best?.number == old)
    }
    #expect(TuningStudy.Writer.text(time) == "2023-11-14T22:13:20.123456+00:00")
  }
}
