package import Coordination
package import DSLBase

/// Something that people turn on and off, kept in the journal so that it outlives processes, with who did it and when.
package struct DurableSwitch: Sendable, Equatable {
  /// What can be switched.
  package enum Name: String, Sendable, CaseIterable {
    /// Whether plans are made about issues, and carried out.
    case remediation
    /// Whether new telemetry is looked at.
    case processing
  }

  /// One change.
  package struct Change: Sendable, Equatable {
    package var at: Timestamp
    package var by: String
    package var isOn: Bool
    /// Of remediation: whether plans are carried out; otherwise they are rehearsed.
    package var isLive: Bool

    package init(at: Timestamp, by: String, isOn: Bool, isLive: Bool = false) {
      self.at = at
      self.by = by
      self.isOn = isOn
      self.isLive = isLive
    }
  }

  /// Changes that are remembered.
  private static let limit = 100

  /// The latest last; none when it was never touched.
  package private(set) var changes: [Change] = []

  package init() {}

  package var isOn: Bool { changes.last?.isOn ?? false }
  package var isLive: Bool { isOn && changes.last?.isLive ?? false }

  /// - Throws: `DSLError` `.corrupt`.
  package init(json: JSONValue?) throws(DSLError) {
    guard let json else { return }
    for value in try JSONFields(json, "switch in the journal").array("changes") {
      let fields = try JSONFields(value, "change of a switch")
      changes.append(
        Change(
          at: try fields.time("at"), by: try fields.string("by"), isOn: try fields.bool("on"),
          isLive: try fields.bool("live")))
    }
  }

  package var json: JSONValue {
    [
      "on": .bool(isOn), "live": .bool(isLive),
      "changes": .array(
        changes.map {
          ["at": $0.at.json, "by": .string($0.by), "on": .bool($0.isOn), "live": .bool($0.isLive)]
        }),
    ]
  }

  /// Adds a change.
  package mutating func change(_ change: Change) {
    changes.append(change)
    if changes.count > Self.limit { changes.removeFirst(changes.count - Self.limit) }
  }
}

extension Journal {
  private static func key(_ name: DurableSwitch.Name) -> String { "switch_\(name.rawValue)" }

  /// How a switch stands.
  package func position(of name: DurableSwitch.Name) throws(DSLError) -> DurableSwitch {
    try DurableSwitch(json: try state(Self.key(name)))
  }

  /// Turns a switch, whoever leads.
  ///
  /// - Returns: how it stood and how it stands.
  package func turn(
    _ name: DurableSwitch.Name, _ change: DurableSwitch.Change
  ) throws(DSLError) -> (before: DurableSwitch, after: DurableSwitch) {
    var (before, after) = (DurableSwitch(), DurableSwitch())
    try changeState(Self.key(name)) { (json) throws(DSLError) in
      before = try DurableSwitch(json: json)
      after = before
      after.change(change)
      return after.json
    }
    return (before, after)
  }
}
