package import DSLBase

/// One study of a journal of Optuna, as a search without Python reads it and goes on with it.
package struct TuningStudy: Sendable {
  package let name: String
  /// `nil` where the journal has none of that name.
  package let study: StudyJournal.Study?
  /// The ids that the next study and the next trial get.
  private let nextStudy: Int
  private let nextTrial: Int

  /// - Parameters:
  ///   - bytes: of the journal, in whole lines.
  ///   - name: of the study.
  /// - Throws: ``DSLError`` with code `corrupt` that names the line that is none of a journal: unlike who only looks, who
  ///   writes on must know what every line says.
  package init(_ bytes: [UInt8], name: String) throws(DSLError) {
    var journal = StudyJournal()
    journal.take(bytes)
    if journal.isCut { journal.take([0x0A]) }
    if let line = journal.firstUnreadable {
      throw DSLError(
        .corrupt, "line \(line) is none of a study's journal",
        fix: "give a file of Optuna's JournalStorage")
    }
    self.name = name
    study = journal.studies.first { $0.name == name }
    (nextStudy, nextTrial) = (journal.nextStudy, journal.nextTrial)
  }

  package var trials: [StudyJournal.Trial] { study?.trials ?? [] }

  /// How many trials are in a state.
  package func count(_ state: StudyJournal.State) -> Int { trials.count { $0.state == state } }

  /// The trial of the largest value, the first of equal ones.
  package var best: StudyJournal.Trial? {
    trials.filter { $0.state == .complete }.max {
      ($0.values.first ?? -.infinity) < ($1.values.first ?? -.infinity)
    }
  }
}

extension TuningStudy {
  /// What a study of these notes would be of that this one is not of, as its notes and those of its trials tell; `nil` where nothing
  /// differs. Values of different clusters or budgets cannot be compared.
  package func difference(from notes: JSONObject) -> String? {
    func told(_ key: String, _ there: JSONValue?) -> String? {
      guard let there, let wanted = notes[key], there != wanted else { return nil }
      return "\(key) is \(String(decoding: there.serialized(), as: UTF8.self)) there and "
        + "\(String(decoding: wanted.serialized(), as: UTF8.self)) here"
    }
    for member in notes {
      if let difference = told(member.key, study?.attributes[member.key]) { return difference }
    }
    for trial in trials {
      let settings = trial.attributes["settings"]
      let difference =
        told("configuration_sha256", trial.attributes["configuration_sha256"])
        ?? told("episodes", settings?["episodes"])
      if let difference { return "of trial \(trial.number) " + difference }
    }
    return nil
  }

  /// Who writes lines, and when.
  package struct Writer: Sendable {
    /// Told from any other by Optuna's readers.
    let worker: String

    package init(worker: String) { self.worker = worker }

    func line(_ operation: StudyJournal.Operation, _ members: JSONObject) -> [UInt8] {
      var object: JSONObject = ["op_code": .int(operation.rawValue), "worker_id": .string(worker)]
      for member in members { object[member.key] = member.value }
      return JSONValue.object(object).serialized() + [0x0A]
    }

    /// A study that maximizes, where there is none, and what is not yet noted of these attributes.
    package func create(_ tuning: TuningStudy, attributes: JSONObject) -> [UInt8] {
      let id = tuning.study?.id ?? tuning.nextStudy
      var lines: [UInt8] = []
      if tuning.study == nil {
        lines = line(.createStudy, ["study_name": .string(tuning.name), "directions": [2]])
      }
      for member in attributes where tuning.study?.attributes[member.key] != member.value {
        lines += line(.studyAttribute, ["study_id": .int(id), "user_attr": [member.key: member.value]])
      }
      return lines
    }

    /// A trial that begins with these settings, and its id.
    package func begin(
      _ tuning: TuningStudy, _ parameters: [String: Double], at time: Timestamp
    ) -> (id: Int, lines: [UInt8]) {
      var lines = line(
        .createTrial, ["study_id": .int(tuning.study?.id ?? 0), "datetime_start": .string(Self.text(time))])
      for entry in SearchSpace.settings {
        guard let value = parameters[entry.name] else { continue }
        lines += line(
          .parameter,
          [
            "trial_id": .int(tuning.nextTrial), "param_name": .string(entry.name),
            "param_value_internal": .double(value), "distribution": .string(entry.distribution),
          ])
      }
      return (tuning.nextTrial, lines)
    }

    package func report(_ trial: Int, _ value: Double, step: Int) -> [UInt8] {
      line(
        .intermediate,
        ["trial_id": .int(trial), "step": .int(step), "intermediate_value": .double(value)])
    }

    /// The end of a trial, with what is said of it.
    package func end(
      _ trial: Int, _ state: StudyJournal.State, value: Double? = nil, attributes: JSONObject = [:],
      at time: Timestamp
    ) -> [UInt8] {
      var lines: [UInt8] = []
      for member in attributes {
        lines += line(.trialAttribute, ["trial_id": .int(trial), "user_attr": [member.key: member.value]])
      }
      return lines
        + line(
          .state,
          [
            "trial_id": .int(trial), "state": .int(state.rawValue),
            "values": value.map { [.double($0)] } ?? .null, "datetime_complete": .string(Self.text(time)),
          ])
    }

    /// As Python's `fromisoformat` reads it from version 3.7 on: microseconds, and the offset in digits.
    static func text(_ time: Timestamp) -> String {
      let whole = Timestamp(nanoseconds: time.nanoseconds / 1000 * 1000)
      return whole.description.dropLast() + "+00:00"
    }
  }
}
