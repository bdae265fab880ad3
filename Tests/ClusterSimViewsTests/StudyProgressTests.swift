import ClusterSim
import Testing

@testable import ClusterSimViews

/// Journals of Optuna, line by line, and how far the studies in them are.
@Suite struct StudyProgressTests {
  /// As Optuna 5 writes them.
  private static let lines = [
    #"{"op_code": 0, "worker_id": "a", "study_name": "tune", "directions": [2]}"#,
    #"{"op_code": 2, "worker_id": "a", "study_id": 0, "user_attr": {"sampler": "TPE"}}"#,
    #"{"op_code": 4, "worker_id": "a", "study_id": 0, "datetime_start": "2026-11-21T10:00:00.000000"}"#,
    #"{"op_code": 5, "worker_id": "a", "trial_id": 0, "param_name": "n_steps", "param_value_internal": 9.0, "distribution": "{}"}"#,
    #"{"op_code": 7, "worker_id": "a", "trial_id": 0, "step": 4, "intermediate_value": 1.5}"#,
    #"{"op_code": 6, "worker_id": "a", "trial_id": 0, "state": 1, "values": [3.0], "datetime_complete": "2026-11-21T10:00:01.000000"}"#,
    #"{"op_code": 4, "worker_id": "b", "study_id": 0, "datetime_start": "2026-11-21T10:00:00.000000"}"#,
    #"{"op_code": 6, "worker_id": "b", "trial_id": 1, "state": 2, "values": null, "datetime_complete": "2026-11-21T10:00:01.000000"}"#,
    #"{"op_code": 4, "worker_id": "b", "study_id": 0, "datetime_start": null, "state": 1, "value": 2.0, "values": null, "params": {"n_steps": 2}}"#,
    #"{"op_code": 4, "worker_id": "b", "study_id": 0, "datetime_start": "2026-11-21T10:00:00.000000"}"#,
  ]

  private func journal(_ lines: [String]) -> StudyJournal {
    var journal = StudyJournal()
    journal.take(lines.map { $0 + "\n" }.joined().utf8)
    return journal
  }

  @Test func trialsAndTheBestOverThem() throws {
    let journal = journal(Self.lines)
    #expect(journal.unreadable == 0 && !journal.isCut)
    let study = try #require(journal.studies.first)
    #expect(study.name == "tune" && study.maximizes == [true])
    #expect(study.trials.map(\.state) == [.complete, .pruned, .complete, .running])
    #expect(study.trials[0].parameters == ["n_steps": 9] && study.trials[0].intermediate == [4: 1.5])
    let progress = StudyProgress(study)
    #expect(progress.counts == [.complete: 2, .pruned: 1, .running: 1])
    #expect(
      progress.points == [.init(trial: 0, value: 3, best: 3), .init(trial: 2, value: 2, best: 3)])
    #expect(progress.best?.number == 0)
    // Where less is better, the second is the best.
    var other = study
    other.maximizes = [false]
    #expect(StudyProgress(other).points.map(\.best) == [3, 2])
  }

  @Test func piecesComeAsTheyCome() throws {
    let bytes = Array(Self.lines.map { $0 + "\n" }.joined().utf8)
    let whole = journal(Self.lines).studies
    for cut in stride(from: 0, to: bytes.count, by: 37) {
      var journal = StudyJournal()
      journal.take(bytes[..<cut])
      #expect(journal.unreadable == 0, "a line that is cut at \(cut) is no error")
      #expect(journal.isCut == (cut > 0 && bytes[cut - 1] != 0x0A))
      journal.take(bytes[cut...])
      #expect(journal.studies == whole)
    }
  }

  @Test func endedTrialsStayAsTheyAre() {
    let late = [
      #"{"op_code": 6, "trial_id": 0, "state": 3, "values": null}"#,
      #"{"op_code": 5, "trial_id": 0, "param_name": "n_steps", "param_value_internal": 1, "distribution": "{}"}"#,
      #"{"op_code": 7, "trial_id": 99, "step": 1, "intermediate_value": 1}"#,
    ]
    let journal = journal(Self.lines + late)
    #expect(journal.studies == self.journal(Self.lines).studies && journal.unreadable == 0)
  }

  @Test func damagedLinesAreCounted() {
    let damaged = [
      "{\"op_code\":", "[]", "{}", #"{"op_code": 6, "trial_id": 3, "state": 9, "values": null}"#,
      #"{"op_code": 5, "trial_id": 3}"#, "", #"{"op_code": 10, "what": "later versions have"}"#,
    ]
    let journal = journal(Self.lines + damaged)
    #expect(journal.unreadable == 5 && journal.studies == self.journal(Self.lines).studies)
  }

  @Test func studiesAreKeptApart() {
    let journal = journal(
      Self.lines + [
        #"{"op_code": 0, "study_name": "tune", "directions": [1]}"#,
        #"{"op_code": 0, "study_name": "other", "directions": [1, 2]}"#,
        #"{"op_code": 4, "study_id": 1, "datetime_start": null}"#,
        #"{"op_code": 6, "trial_id": 4, "state": 1, "values": [1, 2]}"#,
        #"{"op_code": 1, "study_id": 0}"#, #"{"op_code": 4, "study_id": 0, "datetime_start": null}"#,
      ])
    #expect(journal.studies.map(\.name) == ["other"])
    #expect(journal.studies.first?.trials.map(\.values) == [[1, 2]])
    #expect(journal.studies.first.map { StudyProgress($0).objectives } == 2)
  }
}
