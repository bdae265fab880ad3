package import DSLBase

/// A study as the file of Optuna's `JournalStorage` has it: a line of JSON for each thing that happened, of which the state follows.
///
/// Line formats: optuna/storages/journal/_storage.py of Optuna 4 and 5.
package struct StudyJournal: Sendable {
  /// How a trial is; the numbers are Optuna's.
  package enum TrialState: Int, Sendable {
    case running, complete, pruned, failed, waiting

    /// Optuna's word in small letters.
    package var name: String {
      switch self {
      case .running: "running"
      case .complete: "complete"
      case .pruned: "pruned"
      case .failed: "fail"
      case .waiting: "waiting"
      }
    }
  }

  package struct Trial: Sendable {
    /// Of all studies in the file.
    package var id: Int
    /// In its study.
    package var number: Int
    package var state: TrialState
    package var value: Double?
    /// By name, as the file has them: numbers.
    package var parameters: [String: Double] = [:]
    package var attributes = JSONObject()
  }

  private enum Operation: Int {
    case createStudy, deleteStudy, studyAttribute, studySystemAttribute, createTrial, parameter, state,
      intermediate
    case trialAttribute, trialSystemAttribute
  }

  package let name: String
  /// The number of the study in the file; nil where it is not there.
  package private(set) var study: Int?
  package private(set) var trials: [Trial] = []
  private var studies = 0
  /// Trials of all studies.
  private var begun = 0

  /// - Parameter name: of the study.
  /// - Throws: ``DSLError`` with code `corrupt` that names the line that is none of a journal.
  package init(_ bytes: [UInt8], name: String) throws(DSLError) {
    self.name = name
    for (i, line) in bytes.split(separator: 0x0A).enumerated() {
      guard let value = try? JSONParser.parse(Array(line)), let object = value.object,
        let code = object["op_code"]?.int
      else {
        throw DSLError(
          .corrupt, "line \(i + 1) is none of a study's journal",
          fix: "give a file of Optuna's JournalStorage")
      }
      if let operation = Operation(rawValue: code) { apply(operation, object) }
    }
  }

  private mutating func apply(_ operation: Operation, _ line: JSONObject) {
    switch operation {
    case .createStudy:
      if line["study_name"]?.string == name, study == nil { study = studies }
      studies += 1
    case .deleteStudy:
      if let study, line["study_id"]?.int == study { (self.study, trials) = (nil, []) }
    case .createTrial:
      if let study, line["study_id"]?.int == study {
        let state = line["state"]?.int.flatMap(TrialState.init(rawValue:)) ?? .running
        trials.append(Trial(id: begun, number: trials.count, state: state, value: line["value"]?.double))
        for member in line["params"]?.object ?? [:] {
          trials[trials.count - 1].parameters[member.key] = member.value.double
        }
      }
      begun += 1
    case .studyAttribute, .studySystemAttribute: break
    default: change(operation, line)
    }
  }

  private mutating func change(_ operation: Operation, _ line: JSONObject) {
    guard let id = line["trial_id"]?.int, let i = trials.firstIndex(where: { $0.id == id }),
      trials[i].state == .running || trials[i].state == .waiting
    else { return }
    switch operation {
    case .parameter:
      if let name = line["param_name"]?.string {
        trials[i].parameters[name] = line["param_value_internal"]?.double
      }
    case .state:
      trials[i].state = line["state"]?.int.flatMap(TrialState.init(rawValue:)) ?? trials[i].state
      trials[i].value = line["values"]?.array?.first?.double ?? trials[i].value
    case .trialAttribute:
      for member in line["user_attr"]?.object ?? [:] { trials[i].attributes[member.key] = member.value }
    default: break
    }
  }

  /// How many trials are in a state.
  package func count(_ state: TrialState) -> Int { trials.count { $0.state == state } }

  /// The trial of the largest value, the first of equal ones.
  package var best: Trial? {
    trials.filter { $0.state == .complete }.max { ($0.value ?? -.infinity) < ($1.value ?? -.infinity) }
  }
}

extension StudyJournal {
  /// Who writes lines, and when.
  package struct Writer: Sendable {
    /// Told from any other by Optuna's readers.
    let worker: String

    package init(worker: String) { self.worker = worker }

    private func line(_ operation: Operation, _ members: JSONObject) -> [UInt8] {
      var object: JSONObject = ["op_code": .int(operation.rawValue), "worker_id": .string(worker)]
      for member in members { object[member.key] = member.value }
      return JSONValue.object(object).serialized() + [0x0A]
    }

    /// A study that maximizes, and the attributes of what searches.
    package func create(_ journal: StudyJournal, attributes: JSONObject) -> [UInt8] {
      let id = journal.study ?? journal.studies
      var lines: [UInt8] = []
      if journal.study == nil {
        lines = line(.createStudy, ["study_name": .string(journal.name), "directions": [2]])
      }
      for member in attributes {
        lines += line(.studyAttribute, ["study_id": .int(id), "user_attr": [member.key: member.value]])
      }
      return lines
    }

    /// A trial that begins with these settings, and its id.
    package func begin(
      _ journal: StudyJournal, _ parameters: [String: Double], at time: Timestamp
    ) -> (id: Int, lines: [UInt8]) {
      var lines = line(
        .createTrial, ["study_id": .int(journal.study ?? 0), "datetime_start": .string(Self.text(time))])
      for entry in SearchSpace.settings {
        guard let value = parameters[entry.name] else { continue }
        lines += line(
          .parameter,
          [
            "trial_id": .int(journal.begun), "param_name": .string(entry.name),
            "param_value_internal": .double(value), "distribution": .string(entry.distribution),
          ])
      }
      return (journal.begun, lines)
    }

    package func report(_ trial: Int, _ value: Double, step: Int) -> [UInt8] {
      line(
        .intermediate,
        ["trial_id": .int(trial), "step": .int(step), "intermediate_value": .double(value)])
    }

    /// The end of a trial, with what is said of it.
    package func end(
      _ trial: Int, _ state: TrialState, value: Double? = nil, attributes: JSONObject = [:],
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
