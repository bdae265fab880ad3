package import DSLBase

/// How action values are stored.
package enum Approximation: String, Sendable, CaseIterable {
  /// One value for each combination of the features' bins.
  case table
  /// A sum of values from several tables over different features and offset bins: linear function approximation with tile
  /// coding (Sutton, Barto: "Reinforcement Learning", 2018, section 9.5).
  case tiles
}

/// What a learner is meant to be good at.
package enum Objective: String, Sendable, CaseIterable {
  /// To last: failures weigh more in training than in the reward.
  case survival
  /// The reward as it is.
  case reward
}

/// What learning is done with. All of it, the configuration and the version of the dynamics give the same values bit for bit.
package struct TrainingSettings: Sendable, Hashable {
  package var view = View.memory
  package var approximation = Approximation.tiles
  package var objective = Objective.survival
  /// Two sets of values, each bootstrapping from the other (van Hasselt, "Double Q-learning", NeurIPS 2010).
  package var doubleQ = false
  /// Which training episodes: see ``KeySpace``.
  package var seed = 0
  package var episodes = 50_000
  package var discount = 0.985
  /// Steps of reward before a value is bootstrapped from.
  package var nSteps = 15
  /// From the first episode to the last, linearly; shared by the active rows.
  package var stepSizeStart = 0.4
  package var stepSizeEnd = 0.01
  /// The share of random actions, falling linearly over the first `explorationShare` of the episodes.
  package var explorationStart = 1.0
  package var explorationEnd = 0.002
  package var explorationShare = 0.8
  /// What a cell out of memory and a failure weigh in training, as multiples of their rewards.
  package var oomWeight = 30.0
  package var fatalWeight = 5.0
  /// The values that act are means over about this share of the rounds before.
  package var averageShare = 0.1
  /// How often in the second half the values are judged on validation episodes; the best are kept. 0: the last are taken.
  package var checkpoints = 20
  package var validationEpisodes = 256

  package init() {}

  /// The defaults for an objective.
  package init(_ objective: Objective) {
    self.objective = objective
    if objective == .reward { (oomWeight, fatalWeight) = (1, 1) }
  }

  private enum Place {
    case real(WritableKeyPath<TrainingSettings, Double>, ClosedRange<Double>)
    case whole(WritableKeyPath<TrainingSettings, Int>, ClosedRange<Int>)
  }

  private static var fields: [(name: String, place: Place)] {
    [
      ("seed", .whole(\.seed, 0...KeySpace.largestSeed)), ("episodes", .whole(\.episodes, 1...100_000_000)),
      ("discount", .real(\.discount, 0...1)), ("n_steps", .whole(\.nSteps, 1...1000)),
      ("step_size_start", .real(\.stepSizeStart, 0...2)), ("step_size_end", .real(\.stepSizeEnd, 0...2)),
      ("exploration_start", .real(\.explorationStart, 0...1)),
      ("exploration_end", .real(\.explorationEnd, 0...1)),
      ("exploration_share", .real(\.explorationShare, 0.001...1)),
      ("oom_weight", .real(\.oomWeight, 0...1000)), ("fatal_weight", .real(\.fatalWeight, 0...1000)),
      ("average_share", .real(\.averageShare, 0...1)), ("checkpoints", .whole(\.checkpoints, 0...1000)),
      ("validation_episodes", .whole(\.validationEpisodes, 1...100_000)),
    ]
  }

  /// Says whether one can learn with these.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` that names the setting; NaN is in no range.
  package func validate() throws(DSLError) {
    for (name, place) in Self.fields {
      switch place {
      case .real(let path, let range):
        guard range.contains(self[keyPath: path]) else {
          throw DSLError(
            .invalidInput, "\(name) is \(self[keyPath: path])",
            fix: "give a number from \(range.lowerBound) to \(range.upperBound)")
        }
      case .whole(let path, let range):
        guard range.contains(self[keyPath: path]) else {
          throw DSLError(
            .invalidInput, "\(name) is \(self[keyPath: path])",
            fix: "give a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
      }
    }
  }

  /// The settings by name.
  package var json: JSONValue {
    var object: JSONObject = [
      "view": .string(view.rawValue), "approximation": .string(approximation.rawValue),
      "objective": .string(objective.rawValue), "double_q": .bool(doubleQ),
    ]
    for (name, place) in Self.fields {
      switch place {
      case .real(let path, _): object[name] = .double(self[keyPath: path])
      case .whole(let path, _): object[name] = .int(self[keyPath: path])
      }
    }
    return .object(object)
  }

  /// The defaults with those changed that an object names; `objective` chooses the defaults.
  ///
  /// - Throws: ``DSLError`` with code `invalid_input` that names a member that is unknown, of another kind or out of range.
  package init(json: JSONValue) throws(DSLError) {
    guard let object = json.object else {
      throw DSLError(.invalidInput, "training settings are an object, not \(json.kind)")
    }
    self.init(try Self.word(object, "objective") ?? .survival)
    view = try Self.word(object, "view") ?? view
    approximation = try Self.word(object, "approximation") ?? approximation
    if let value = object["double_q"] {
      guard let flag = value.bool else { throw Self.wrong("double_q", value, "true or false") }
      doubleQ = flag
    }
    for member in object where !["objective", "view", "approximation", "double_q"].contains(member.key) {
      guard let field = Self.fields.first(where: { $0.name == member.key }) else {
        throw DSLError(
          .invalidInput, "\(member.key) is no setting of training",
          fix: "use \(Self.fields.map(\.name).joined(separator: ", "))")
      }
      switch field.place {
      case .real(let path, _):
        guard let value = member.value.double else { throw Self.wrong(member.key, member.value, "a number") }
        self[keyPath: path] = value
      case .whole(let path, _):
        guard let value = member.value.int else {
          throw Self.wrong(member.key, member.value, "a whole number")
        }
        self[keyPath: path] = value
      }
    }
    try validate()
  }

  private static func word<Word: RawRepresentable & CaseIterable>(
    _ object: JSONObject, _ name: String
  ) throws(DSLError) -> Word? where Word.RawValue == String {
    guard let value = object[name] else { return nil }
    guard let word = value.string.flatMap(Word.init(rawValue:)) else {
      throw wrong(name, value, Word.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return word
  }

  private static func wrong(_ name: String, _ value: JSONValue, _ wanted: String) -> DSLError {
    DSLError(.invalidInput, "\(name) is \(value.text())", fix: "give \(wanted)")
  }
}
