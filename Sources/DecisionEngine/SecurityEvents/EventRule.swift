/// One way in which telemetry shows an attack: what a signal must look like, and how often from one source. Data, not code.
package struct EventRule: Sendable, Equatable {
  /// Something that is asked of a signal.
  package enum Test: Sendable, Equatable {
    /// One of the fields contains one of the texts, in lower case, after decoding.
    case contains([Field], [String])
    /// One of the fields contains a text of each of the lists.
    case containsAll([Field], [[String]])
    /// A segment of the path in one of the fields is one of the texts.
    case segment([Field], [String])
    /// One of the fields has an appended condition that is always true.
    case tautology([Field])
    /// One of the attributes is one of the texts.
    case attribute([String], [String])
  }

  /// A part of a signal.
  package enum Field: Sendable, Equatable {
    case body
    case attribute(String)
    /// All attributes whose names begin so.
    case attributes(prefix: String)
  }

  /// What is added up for each source.
  package enum Measure: Sendable, Equatable {
    /// Signals.
    case signals
    /// The number in the first of these attributes that is there.
    case sum([String])
  }

  /// A count, and what it amounts to.
  package struct Step: Sendable, Equatable {
    package var least: Double
    package var level: SecurityEventLevel

    package init(_ least: Double, _ level: SecurityEventLevel) {
      self.least = least
      self.level = level
    }
  }

  package var name: String
  package var type: SecurityEventType
  /// One of them has to hold; none means that every signal counts.
  package var tests: [Test]
  package var measure: Measure
  /// Ascending: the last that is reached counts.
  package var steps: [Step]
  /// Seconds within which signals of one source are counted.
  package var windowSeconds: Double
  /// What it means, as a phrase.
  package var meaning: String

  package init(
    _ name: String, _ type: SecurityEventType, _ tests: [Test], _ measure: Measure = .signals,
    steps: [Step], within windowSeconds: Double, _ meaning: String
  ) {
    self.name = name
    self.type = type
    self.tests = tests
    self.measure = measure
    self.steps = steps
    self.windowSeconds = windowSeconds
    self.meaning = meaning
  }

  /// What the signal adds to the count of its source, and the text that says so; `nil` when the rule is not about it.
  func amount(_ signal: SecuritySignal) -> (Double, String)? {
    let said: String
    if tests.isEmpty {
      said = ""
    } else if let found = tests.lazy.compactMap({ Self.found($0, signal) }).first {
      said = found
    } else {
      return nil
    }
    switch measure {
    case .signals: return (1, said)
    case .sum(let keys):
      guard let number = signal.first(keys).flatMap(Double.init), number.isFinite, number > 0 else {
        return nil
      }
      return (number, said)
    }
  }

  /// The level of a count; `nil` below the first step.
  func level(_ count: Double) -> SecurityEventLevel? { steps.last { count >= $0.least }?.level }

  private static func found(_ test: Test, _ signal: SecuritySignal) -> String? {
    switch test {
    case .contains(let fields, let texts):
      first(fields, signal) { $0.contains(anyOf: texts) }
    case .containsAll(let fields, let lists):
      first(fields, signal) { text in lists.allSatisfy { text.contains(anyOf: $0) } }
    case .segment(let fields, let texts):
      first(fields, signal) { text in text.segments.contains { texts.contains(String($0)) } }
    case .tautology(let fields): first(fields, signal) { $0.hasTautology }
    case .attribute(let keys, let values):
      keys.lazy.compactMap { key in
        signal.attributes[key].flatMap { values.contains($0.lowercased()) ? "\(key)=\($0)" : nil }
      }.first
    }
  }

  private static func first(
    _ fields: [Field], _ signal: SecuritySignal, where holds: (AttackText) -> Bool
  ) -> String? {
    for field in fields {
      switch field {
      case .body:
        if !signal.body.isEmpty, holds(AttackText(signal.body)) { return signal.body }
      case .attribute(let key):
        if let value = signal.attributes[key], holds(AttackText(value)) { return "\(key)=\(value)" }
      case .attributes(let prefix):
        for key in signal.attributes.keys.filter({ $0.hasPrefix(prefix) }).sorted() {
          if let value = signal.attributes[key], holds(AttackText(value)) { return "\(key)=\(value)" }
        }
      }
    }
    return nil
  }
}
