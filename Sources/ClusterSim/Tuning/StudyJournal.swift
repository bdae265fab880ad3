package import DSLBase

/// A study of Optuna as its journal tells it (JournalStorage: one operation a line, as JSON).
///
/// Line formats: optuna/storages/journal/_storage.py of Optuna 4 and 5. The journal is read as it grows: a last line without its end waits for the rest. A whole line that cannot be read is
/// passed over and counted. Changes of a trial that has ended count for nothing, as in Optuna.
package struct StudyJournal: Sendable {
  /// A state by Optuna's number.
  package enum State: Int, Sendable, CaseIterable {
    case running, complete, pruned, failed, waiting

    package var name: String {
      switch self {
      case .running: "running"
      case .complete: "complete"
      case .pruned: "pruned"
      case .failed: "failed"
      case .waiting: "waiting"
      }
    }

    var isEnd: Bool { self == .complete || self == .pruned || self == .failed }
  }

  package struct Trial: Sendable, Hashable {
    /// Within the journal, from 0.
    package var id: Int
    /// Within its study, from 0.
    package var number: Int
    package var state: State
    package var values: [Double] = []
    /// Parameters as the journal has them: of a categorical one the number of the choice.
    package var parameters: [String: Double] = [:]
    package var intermediate: [Int: Double] = [:]
    /// What was noted about it.
    package var attributes = JSONObject()
  }

  package struct Study: Sendable, Hashable {
    /// Within the journal, from 0.
    package var id: Int
    package var name: String
    /// Whether larger is better, an element for each objective.
    package var maximizes: [Bool]
    package var trials: [Trial] = []
    /// What was noted about it.
    package var attributes = JSONObject()
    /// What Optuna and those around it note for themselves: what is attached to it, notes on pages.
    var systemAttributes = JSONObject()
    var isDeleted = false
  }

  enum Operation: Int {
    case createStudy, deleteStudy, studyAttribute, studySystemAttribute
    case createTrial, parameter, state, intermediate, trialAttribute, trialSystemAttribute
  }

  private var all: [Study] = []
  /// The study and place of each trial, by its number in the journal.
  private var places: [(study: Int, trial: Int)] = []
  private var rest: [UInt8] = []
  private var lines = 0
  /// Whole lines that could not be read.
  package private(set) var unreadable = 0
  /// The first of them, from 1.
  package private(set) var firstUnreadable: Int?

  package init() {}

  /// The studies that there are, in the order in which they were made.
  package var studies: [Study] { all.filter { !$0.isDeleted } }

  /// How many studies and trials were ever made: the ids of the next ones.
  var nextStudy: Int { all.count }
  var nextTrial: Int { places.count }

  /// Whether the last line is not whole yet.
  package var isCut: Bool { !rest.isEmpty }

  /// Takes in the next piece of the file.
  package mutating func take(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      guard byte == 0x0A else {
        rest.append(byte)
        continue
      }
      lines += 1
      if rest.contains(where: { $0 > 0x20 }), !apply(rest) {
        unreadable += 1
        firstUnreadable = firstUnreadable ?? lines
      }
      rest.removeAll(keepingCapacity: true)
    }
  }

  private mutating func apply(_ line: [UInt8]) -> Bool {
    guard let object = try? JSONParser.parse(line), let code = object["op_code"]?.int else { return false }
    switch Operation(rawValue: code) {
    case .createStudy: return create(study: object)
    case .deleteStudy: return delete(study: object)
    case .createTrial: return create(trial: object)
    case .parameter:
      return change(object) { trial in
        guard let name = object["param_name"]?.string, let value = object["param_value_internal"]?.double
        else { return false }
        trial.parameters[name] = value
        return true
      }
    case .state: return change(object) { Self.end(&$0, object) }
    case .intermediate:
      return change(object) { trial in
        guard let step = object["step"]?.int, let value = object["intermediate_value"]?.double else {
          return false
        }
        trial.intermediate[step] = value
        return true
      }
    case .trialAttribute:
      return change(object) { trial in
        guard let attributes = object["user_attr"]?.object else { return false }
        for member in attributes { trial.attributes[member.key] = member.value }
        return true
      }
    case .studyAttribute:
      guard let id = object["study_id"]?.int, let attributes = object["user_attr"]?.object else {
        return false
      }
      guard all.indices.contains(id) else { return true }
      for member in attributes { all[id].attributes[member.key] = member.value }
      return true
    case .studySystemAttribute:
      guard let id = object["study_id"]?.int, all.indices.contains(id) else { return true }
      for member in object["system_attr"]?.object ?? [:] {
        all[id].systemAttributes[member.key] = member.value
      }
      return true
    // What says nothing about values, and what later versions have.
    case .trialSystemAttribute, nil: return true
    }
  }

  private mutating func create(study object: JSONValue) -> Bool {
    guard let name = object["study_name"]?.string, let directions = object["directions"]?.array else {
      return false
    }
    // A second process that makes the same study finds it made.
    guard !studies.contains(where: { $0.name == name }) else { return true }
    all.append(Study(id: all.count, name: name, maximizes: directions.map { $0.int == 2 }))
    return true
  }

  private mutating func delete(study object: JSONValue) -> Bool {
    guard let id = object["study_id"]?.int else { return false }
    if all.indices.contains(id) { all[id].isDeleted = true }
    return true
  }

  private mutating func create(trial object: JSONValue) -> Bool {
    guard let id = object["study_id"]?.int else { return false }
    guard all.indices.contains(id), !all[id].isDeleted else { return true }
    let state = object["state"]?.int ?? State.running.rawValue
    guard let state = State(rawValue: state) else { return false }
    var trial = Trial(id: places.count, number: all[id].trials.count, state: state)
    trial.values = object["values"]?.array?.compactMap(\.double) ?? object["value"]?.double.map { [$0] } ?? []
    for member in object["params"]?.object ?? [:] { trial.parameters[member.key] = member.value.double }
    places.append((id, all[id].trials.count))
    all[id].trials.append(trial)
    return true
  }

  /// Changes a trial that has not ended; others, and those that there are not, stay as they are.
  private mutating func change(_ object: JSONValue, _ body: (inout Trial) -> Bool) -> Bool {
    guard let id = object["trial_id"]?.int else { return false }
    guard places.indices.contains(id) else { return true }
    let (study, trial) = places[id]
    guard !all[study].trials[trial].state.isEnd else { return true }
    return body(&all[study].trials[trial])
  }

  private static func end(_ trial: inout Trial, _ object: JSONValue) -> Bool {
    guard let state = object["state"]?.int.flatMap(State.init) else { return false }
    trial.state = state
    if let values = object["values"]?.array { trial.values = values.compactMap(\.double) }
    return true
  }
}
