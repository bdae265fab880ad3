import DSLBase

/// A study of Optuna as its journal tells it (JournalStorage: one operation a line, as JSON).
///
/// The journal is read as it grows: a last line without its end waits for the rest. A whole line that cannot be read is
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
    /// Within its study, from 0.
    package var number: Int
    package var state: State
    package var values: [Double] = []
    /// Parameters as the journal has them: of a categorical one the number of the choice.
    package var parameters: [String: Double] = [:]
    package var intermediate: [Int: Double] = [:]
  }

  package struct Study: Sendable, Hashable {
    package var name: String
    /// Whether larger is better, an element for each objective.
    package var maximizes: [Bool]
    package var trials: [Trial] = []
    var isDeleted = false
  }

  private enum Operation {
    static let createStudy = 0
    static let deleteStudy = 1
    static let createTrial = 4
    static let parameter = 5
    static let state = 6
    static let intermediate = 7
  }

  private var all: [Study] = []
  /// The study and place of each trial, by its number in the journal.
  private var places: [(study: Int, trial: Int)] = []
  private var rest: [UInt8] = []
  /// Whole lines that could not be read.
  package private(set) var unreadable = 0

  package init() {}

  /// The studies that there are, in the order in which they were made.
  package var studies: [Study] { all.filter { !$0.isDeleted } }

  /// Whether the last line is not whole yet.
  package var isCut: Bool { !rest.isEmpty }

  /// Takes in the next piece of the file.
  package mutating func take(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      guard byte == 0x0A else {
        rest.append(byte)
        continue
      }
      if rest.contains(where: { $0 > 0x20 }) { apply(rest) }
      rest.removeAll(keepingCapacity: true)
    }
  }

  private mutating func apply(_ line: [UInt8]) {
    guard let object = try? JSONParser.parse(line), let code = object["op_code"]?.int else {
      unreadable += 1
      return
    }
    let isFine =
      switch code {
      case Operation.createStudy: create(study: object)
      case Operation.deleteStudy: delete(study: object)
      case Operation.createTrial: create(trial: object)
      case Operation.parameter:
        change(object) { trial in
          guard let name = object["param_name"]?.string, let value = object["param_value_internal"]?.double
          else { return false }
          trial.parameters[name] = value
          return true
        }
      case Operation.state: change(object) { Self.end(&$0, object) }
      case Operation.intermediate:
        change(object) { trial in
          guard let step = object["step"]?.int, let value = object["intermediate_value"]?.double else {
            return false
          }
          trial.intermediate[step] = value
          return true
        }
      default: true
      }
    if !isFine { unreadable += 1 }
  }

  private mutating func create(study object: JSONValue) -> Bool {
    guard let name = object["study_name"]?.string, let directions = object["directions"]?.array else {
      return false
    }
    // A second process that makes the same study finds it made.
    guard !studies.contains(where: { $0.name == name }) else { return true }
    all.append(Study(name: name, maximizes: directions.map { $0.int == 2 }))
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
    var trial = Trial(number: all[id].trials.count, state: state)
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
