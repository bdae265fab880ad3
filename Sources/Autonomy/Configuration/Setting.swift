package import DSLBase
package import DecisionEngine

/// One value that can be configured: its key, what it means, the forms it is written in and the place it is kept.
package struct Setting: Sendable {
  /// A way to a value in `Settings`.
  package typealias Place<Value> = any WritableKeyPath<Settings, Value> & Sendable

  /// The place of a value in `Settings`, and with it the form in which it is written.
  package enum Slot: Sendable {
    case health(Place<HealthModel>)
    case text(Place<String>)
    case optionalText(Place<String?>)
    case choice(Place<String>, [String])
    case bool(Place<Bool>)
    case integer(Place<Int>, ClosedRange<Int>)
    case optionalInteger(Place<Int?>, ClosedRange<Int>)
    case number(Place<Double>, ClosedRange<Double>)
    case share(Place<Double>)
    case optionalShare(Place<Double?>)
    case duration(Place<Double>, ClosedRange<Double>)
    case optionalDuration(Place<Double?>, ClosedRange<Double>)
    case bytes(Place<Int>, ClosedRange<Int>)
    case zone(Place<Int>)
    case level(Place<Settings.LogLevel>)
    case types(Place<[DecisionType]>)
    case section(Section)
  }

  /// A value with a form of its own: a list of programs, of receivers, ….
  package struct Section: Sendable {
    /// The form, for documentation.
    package let form: String
    /// The value in effect, without secrets.
    package let show: @Sendable (Settings) -> JSONValue
    /// Reads the value and keeps it; notes problems and returns whether there were none.
    package let read: @Sendable (YAMLNode, YAMLReader, inout Settings) -> Bool

    package init(
      _ form: String, show: @escaping @Sendable (Settings) -> JSONValue,
      read: @escaping @Sendable (YAMLNode, YAMLReader, inout Settings) -> Bool
    ) {
      self.form = form
      self.show = show
      self.read = read
    }
  }

  /// The key with its section: `gates.min_confidence`.
  package let key: String
  /// What it means, as a sentence.
  package let meaning: String
  /// Environment variables that set it; the first that is set counts.
  package let environment: [String]
  /// Whether only a flag may set it, because a forgotten line in a file would be dangerous.
  package let flagOnly: Bool
  /// Where it is kept.
  package let slot: Slot

  package init(
    _ key: String, _ slot: Slot, _ meaning: String, environment: [String] = [], flagOnly: Bool = false
  ) {
    self.key = key
    self.slot = slot
    self.meaning = meaning
    self.environment = environment
    self.flagOnly = flagOnly
  }

  /// The parts of the key: sections, then the name.
  package var path: [String] { key.split(separator: ".").map(String.init) }

  /// The form in which the value is written, for documentation.
  package var form: String {
    switch slot {
    case .health: "terms and thresholds"
    case .text, .optionalText: "text"
    case .choice(_, let words): words.joined(separator: " or ")
    case .bool: "true or false"
    case .integer(_, let range), .optionalInteger(_, let range):
      "whole number, \(range.lowerBound) to \(range.upperBound)"
    case .number(_, let range): "number, \(range.lowerBound) to \(range.upperBound)"
    case .share, .optionalShare: "share: 0.6 or 60%"
    case .duration, .optionalDuration: "duration: 250ms, 30s, 5m, 2h"
    case .bytes: "size: 65536, 64KiB, 16MiB"
    case .zone: "local, UTC or ±hh:mm"
    case .level: Settings.LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
    case .types: "decision types: a list, or scale_down,restart"
    case .section(let section): section.form
    }
  }
}

extension Setting {
  /// The value in effect, as JSON: durations in seconds, sizes in bytes.
  package func value(in settings: Settings) -> JSONValue {
    switch slot {
    case .health(let path): settings[keyPath: path].json
    case .text(let path), .choice(let path, _): .string(settings[keyPath: path])
    case .optionalText(let path): .optional(settings[keyPath: path])
    case .bool(let path): .bool(settings[keyPath: path])
    case .integer(let path, _), .bytes(let path, _), .zone(let path): .int(settings[keyPath: path])
    case .optionalInteger(let path, _): settings[keyPath: path].map { .int($0) } ?? .null
    case .number(let path, _), .share(let path), .duration(let path, _): .double(settings[keyPath: path])
    case .optionalShare(let path), .optionalDuration(let path, _): .optional(settings[keyPath: path])
    case .level(let path): .string(settings[keyPath: path].rawValue)
    case .types(let path): .strings(settings[keyPath: path].map(\.rawValue))
    case .section(let section): section.show(settings)
    }
  }

  /// The value in effect as it would be written in a file; `nil` when there is none.
  package func written(in settings: Settings) -> String? {
    switch slot {
    case .duration(let path, _): Quantity.duration(settings[keyPath: path])
    case .optionalDuration(let path, _): settings[keyPath: path].map(Quantity.duration)
    case .bytes(let path, _): Quantity.bytes(settings[keyPath: path])
    case .zone(let path): Quantity.zone(settings[keyPath: path])
    case .number(let path, _), .share(let path): Quantity.number(settings[keyPath: path])
    case .types(let path):
      settings[keyPath: path].isEmpty ? nil : settings[keyPath: path].map(\.rawValue).joined(separator: ",")
    default:
      switch value(in: settings) {
      case .null: nil
      case .string(let text): text
      case let other: other.text()
      }
    }
  }

  /// Reads a value and keeps it; what is wrong with it goes to the reader.
  ///
  /// - Returns: whether it was kept.
  func read(_ node: YAMLNode, _ reader: YAMLReader, localOffset: Int, into settings: inout Settings) -> Bool {
    func keep<Value>(_ value: Value?, at path: WritableKeyPath<Settings, Value>) -> Bool {
      guard let value else { return false }
      settings[keyPath: path] = value
      return true
    }
    switch slot {
    case .health(let path): return keep(HealthModel.read(node, reader), at: path)
    case .text(let path): return keep(reader.string(node), at: path)
    case .optionalText(let path): return keep(reader.string(node).map(Optional.some), at: path)
    case .choice(let path, let words): return keep(reader.choice(node, of: words), at: path)
    case .bool(let path): return keep(reader.bool(node), at: path)
    case .integer(let path, let range): return keep(reader.integer(node, in: range), at: path)
    case .optionalInteger(let path, let range):
      return keep(reader.integer(node, in: range).map(Optional.some), at: path)
    case .number(let path, let range): return keep(reader.number(node, in: range), at: path)
    case .share(let path): return keep(reader.fraction(node), at: path)
    case .optionalShare(let path): return keep(reader.fraction(node).map(Optional.some), at: path)
    case .duration(let path, let range): return keep(reader.duration(node, in: range), at: path)
    case .optionalDuration(let path, let range):
      return keep(reader.duration(node, in: range).map(Optional.some), at: path)
    case .bytes(let path, let range): return keep(reader.bytes(node, in: range), at: path)
    case .zone(let path): return keep(reader.zone(node, localOffset: localOffset), at: path)
    case .level(let path): return keep(reader.level(node), at: path)
    case .types(let path): return keep(reader.types(node), at: path)
    case .section(let section): return section.read(node, reader, &settings)
    }
  }
}

extension YAMLReader {
  /// A size in bytes within a range; notes anything else.
  func bytes(_ node: YAMLNode, in range: ClosedRange<Int>) -> Int? {
    guard let text = string(node) else { return nil }
    guard let value = Quantity.bytes(text) else {
      report("expected a size such as 65536, 64KiB or 16MiB, found \(node.kind)", at: node)
      return nil
    }
    guard range.contains(value) else {
      let bounds = "\(Quantity.bytes(range.lowerBound)) to \(Quantity.bytes(range.upperBound))"
      report("must be from \(bounds), found \(text)", at: node)
      return nil
    }
    return value
  }

  fileprivate func types(_ node: YAMLNode) -> [DecisionType]? {
    var types: [DecisionType] = []
    for element in oneOrMore(node) {
      guard let text = string(element) else { return nil }
      types += text.split { $0 == "," || $0 == " " }.map { DecisionType(rawValue: String($0)) }
    }
    return types
  }

  fileprivate func zone(_ node: YAMLNode, localOffset: Int) -> Int? {
    guard let text = string(node) else { return nil }
    if let offset = Quantity.zone(text, localOffset: localOffset) { return offset }
    report("expected local, UTC or ±hh:mm, found \(node.kind)", at: node)
    return nil
  }

  fileprivate func level(_ node: YAMLNode) -> Settings.LogLevel? {
    guard let text = string(node) else { return nil }
    let word = text.lowercased()
    let known = ["success": "info", "notice": "info", "warn": "warning", "fatal": "critical"]
    if let level = Settings.LogLevel(rawValue: known[word] ?? word) { return level }
    let words = Settings.LogLevel.allCases.map(\.rawValue)
    report("unknown level \"\(text)\"" + NearestSpelling.hint(for: word, among: words), at: node)
    return nil
  }
}

extension HealthModel {
  /// As the `health` section of a file says it.
  var json: JSONValue {
    let terms = terms.map { term -> JSONValue in
      var object: JSONObject = ["metric": .string(term.metric.rawValue), "weight": .double(term.weight)]
      switch term.shape {
      case .value: object["shape"] = "value"
      case .saturating(let full): object["saturate_at"] = .double(full)
      case .inverse(let empty): object["inverse_at"] = .double(empty)
      }
      return .object(object)
    }
    return [
      "thresholds": [
        "degraded": .double(thresholds.degraded), "healthy": .double(thresholds.healthy),
        "optimal": .double(thresholds.optimal),
      ],
      "terms": .array(terms),
    ]
  }
}
